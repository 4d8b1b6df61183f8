# /// script
# dependencies = [
#     "onnx==1.23.2",
#     "onnxruntime==1.32.0",
#     "onnxscript==0.7.2",
#     "torch==2.14.1",
#     "torchvision==0.29.1",
#     "transformers==5.23.0",
# ]
# ///
"""PyTorch's exporter over `torch.export` (`dynamo=True`), optimized or not."""

from functools import partial
from pathlib import Path

import torch
from torch import nn

from tests.collection.copies import with_copies
from tests.collection.files import Truth, make, source
from tests.collection.networks import NETWORKS
from tests.collection.torch_network import Network, modules_of
from tests.collection.torch_weights import folded_of, parameters_of
from tests.collection.vision import CLASSIFIERS, OPERATORS, SEGMENTERS


def written_out(model: nn.Module, batch: int) -> int:
    """Number of weights that an optimized file of fixed sizes holds once more.

    It has the class token of each picture, the sum of a place and a time for each position in a
    video, and for each sentence a recurrence's first bias, added to the product of a zero state.
    """
    positions = getattr(model, "pos_encoding", None)
    if positions is not None:
        (places, width), times = positions.spatial_pos.shape, len(positions.temporal_pos)
        return (places * times - places - times) * width
    token = getattr(model, "class_token", None)
    if token is not None:
        return token.numel() * (batch - 1)
    cell = getattr(model, "cell", None)
    biases = [p for n, p in cell.named_parameters() if "bias_hh" in n] if cell else []
    return sum(bias.numel() for bias in biases) * batch


def export(network: Network, opset: int, dynamic: bool, optimize: bool, path: Path) -> Truth:
    """Export a network, with its changing axes or with fixed sizes."""
    model, inputs = network.built()
    modules = modules_of(model, inputs)
    shapes = [put.dynamic for put in network.inputs]
    if path.stem.startswith("gpt_cached"):  # `*past` is one argument
        shapes = [shapes[0], tuple(shapes[1:])]
    torch.onnx.export(
        model,
        inputs,
        path,
        dynamo=True,
        external_data=False,
        opset_version=opset,
        optimize=optimize,
        input_names=[put.name for put in network.inputs],
        dynamic_shapes=shapes if dynamic else None,
        verbose=False,
    )
    copied = 0 if dynamic or not optimize else written_out(model, len(inputs[0]))
    how = [f"dynamo=True, opset {opset}", "dynamic" if dynamic else "static"]
    truth = Truth(
        source=source(
            "torch",
            "torchvision",
            "onnxscript",
            how=", ".join(how + ["not optimized"] * (not optimize)),
        ),
        parameters=parameters_of(model) + copied,
        folded=folded_of(model, inputs),
        modules=modules,
    )
    return with_copies(truth, path)


def rows(
    networks: dict[str, Network], opset: int, *, dynamic: bool = True, optimize: bool = True
) -> dict:
    """A file for each network."""
    suffix = ("" if dynamic else "_static") + ("" if optimize else "_raw")
    return {
        f"{name}{suffix}_opset{opset}": partial(export, network, opset, dynamic, optimize)
        for name, network in networks.items()
    }


def chosen(networks: dict[str, Network], *names: str) -> dict[str, Network]:
    """These networks alone."""
    return {name: networks[name] for name in names}


# Their sizes can't change: the loops over steps are made for the sizes of the export.
FIXED = ("lstm_forward", "rnn")
# PyTorch's Transformer asks whether the mask that it gets is causal, which depends on data.
UNTRACED = ("translator",)
FREE = {name: network for name, network in NETWORKS.items() if name not in FIXED + UNTRACED}
TABLE = (
    rows(FREE, 20)
    | rows(chosen(NETWORKS, *FIXED), 20, dynamic=False)
    | rows(chosen(NETWORKS, "gpt_fused", "encoder", "speech", "denoiser"), 23)
    | rows(chosen(NETWORKS, "lstm", "unet", "wavenet", "gpt"), 18, optimize=False)
    | rows(CLASSIFIERS, 18, dynamic=False)
    | rows(chosen(CLASSIFIERS, "mobilenet_v3", "vit"), 18, dynamic=False, optimize=False)
    | rows(chosen(CLASSIFIERS, "shufflenet", "regnet_y", "swin"), 20)
    | rows(SEGMENTERS | OPERATORS, 20, dynamic=False)
)

if __name__ == "__main__":
    torch.backends.mha.set_fastpath_enabled(value=False)
    make(TABLE)
