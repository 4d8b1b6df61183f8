# /// script
# dependencies = [
#     "onnx==1.23.2",
#     "onnxscript==0.7.2",
#     "pytorch-lightning==2.6.6",
#     "torch==2.14.1",
# ]
# ///
"""PyTorch Lightning's `to_onnx`."""

from functools import partial
from pathlib import Path

import torch
from pytorch_lightning import LightningModule
from torch import Tensor

from tests.collection.files import Truth, make, source
from tests.collection.networks import NETWORKS
from tests.collection.torch_network import modules_of
from tests.collection.torch_weights import folded_of, parameters_of

NAMES = ("vae", "pointnet", "gru", "unet")


class Trained(LightningModule):
    """A network as the part of a module that is trained."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.network, self.example_input_array = NETWORKS[name].built()

    def forward(self, *values: Tensor) -> object:
        return self.network(*values)


def export(name: str, dynamo: bool, path: Path) -> Truth:
    """Export a module with the example that it holds."""
    torch.manual_seed(0)
    model = Trained(name).eval()
    settings = {"external_data": False, "verbose": False} if dynamo else {"opset_version": 16}
    model.to_onnx(path, export_params=True, dynamo=dynamo, **settings)
    return Truth(
        source=source("pytorch-lightning", "torch", how=f"dynamo={dynamo}"),
        parameters=parameters_of(model),
        folded=folded_of(model, model.example_input_array),
        modules=modules_of(model, model.example_input_array),
    )


if __name__ == "__main__":
    make(
        {name: partial(export, name, False) for name in NAMES}
        | {f"{name}_dynamo": partial(export, name, True) for name in NAMES}
    )
