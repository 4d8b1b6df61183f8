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
"""PyTorch's exporter over TorchScript (`dynamo=False`), at opsets that files of its age have."""

from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from tests.collection.copies import with_copies
from tests.collection.files import Truth, make, source
from tests.collection.networks import NETWORKS
from tests.collection.sequence_networks import GPT
from tests.collection.torch_network import Network, modules_of
from tests.collection.torch_weights import folded_of, parameters_of, train
from tests.collection.vision import CLASSIFIERS, DETECTORS, SEGMENTERS


class Greedy(nn.Module):
    """A scripted decoder: a Loop of steps, with an If inside that ends it."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(40, 16)
        self.cell = nn.Linear(32, 16)
        self.head = nn.Linear(16, 40)

    def forward(self, state: Tensor, steps: int) -> Tensor:
        token = torch.zeros(1, dtype=torch.int64)
        tokens = []
        for _ in range(steps):
            state = torch.tanh(self.cell(torch.cat([self.embedding(token), state], 1)))
            if bool(state.sum() > 0):
                token = self.head(state).argmax(1)
            else:
                token = self.head(-state).argmin(1)
            tokens.append(token)
        return torch.stack(tokens)


def cut_away(model: GPT, inputs: tuple[Tensor, ...]) -> int:
    """Number of weights of positions that inputs of this length don't have."""
    return model.positions.weight[inputs[0].shape[1] :].numel()


def export(network: Network, opset: int, dynamic: bool, path: Path) -> Truth:
    """Export a network, with its changing axes or with fixed sizes."""
    model, inputs = network.built()
    modules = modules_of(model, inputs)
    torch.onnx.export(
        model,
        inputs,
        path,
        dynamo=False,
        opset_version=opset,
        input_names=[put.name for put in network.inputs],
        dynamic_axes={put.name: put.dynamic for put in network.inputs} if dynamic else None,
    )
    axes = "dynamic axes" if dynamic else "static"
    lost = cut_away(model, inputs) if not dynamic and isinstance(model, GPT) else 0
    if opset < 18:  # the norm of normalized weights is evaluated in advance, and they with it
        lost += sum(
            p.numel() for n, p in model.named_parameters() if n.endswith("weight.original0")
        )
    truth = Truth(
        source=source("torch", "torchvision", how=f"dynamo=False, opset {opset}, {axes}"),
        parameters=parameters_of(model) - lost,
        folded=folded_of(model, inputs),
        modules=modules,
    )
    return with_copies(truth, path)


def export_scripted(path: Path) -> Truth:
    """Export a module that was compiled, whose loop and condition stay."""
    torch.manual_seed(0)
    model = train(Greedy())
    torch.onnx.export(
        torch.jit.script(model),
        (torch.randn(1, 16), 5),
        path,
        dynamo=False,
        opset_version=16,
        input_names=["state", "steps"],
    )
    return Truth(
        source=source("torch", how="dynamo=False, opset 16, scripted"),
        parameters=parameters_of(model),
    )


def rows(networks: dict[str, Network], *opsets: int, dynamic: bool = True) -> dict:
    """A file for each network at each opset."""
    suffix = "" if dynamic else "_static"
    return {
        f"{name}{suffix}_opset{opset}": partial(export, network, opset, dynamic)
        for name, network in networks.items()
        for opset in opsets
    }


def chosen(networks: dict[str, Network], *names: str) -> dict[str, Network]:
    """These networks alone."""
    return {name: networks[name] for name in names}


FUSED = ("denoiser", "gpt_fused")
SMALL = ("mobilenet_v3", "squeezenet", "shufflenet", "mnasnet")
NEW_OPERATORS = ("vit", "swin", "video")
PLAIN = {name: network for name, network in NETWORKS.items() if name not in FUSED}
OLD = {name: network for name, network in CLASSIFIERS.items() if name not in NEW_OPERATORS}
TABLE = (
    rows(OLD, 13)
    | rows(chosen(CLASSIFIERS, *SMALL), 9)
    | rows(chosen(CLASSIFIERS, *SMALL, *NEW_OPERATORS), 17, dynamic=False)
    | rows(SEGMENTERS, 11)
    | rows(DETECTORS, 11)
    | rows(chosen(DETECTORS, "ssdlite"), 17)
    | rows(PLAIN, 17)
    | rows(chosen(NETWORKS, *FUSED), 17, 20)
    | rows(chosen(NETWORKS, "lstm", "gru", "unet", "wavenet", "pointnet", "yolo"), 9, dynamic=False)
    | rows(
        chosen(NETWORKS, "gpt_cached", "translator", "speech", "graph", "vae"), 20, dynamic=False
    )
    | rows(chosen(NETWORKS, "rnn", "gpt", "unet_interpolated"), 11, dynamic=False)
    | {"greedy_opset16": export_scripted}
)

if __name__ == "__main__":
    torch.backends.mha.set_fastpath_enabled(value=False)
    make(TABLE)
