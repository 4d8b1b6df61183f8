# /// script
# dependencies = [
#     "onnx==1.23.2",
#     "onnxscript==0.7.2",
#     "timm==1.0.31",
#     "torch==2.14.1",
#     "torchvision==0.29.1",
# ]
# ///
"""Small networks of timm in its mode for export."""

from functools import partial
from pathlib import Path

import timm
import torch

from tests.collection.files import Truth, make, source
from tests.collection.torch_network import modules_of
from tests.collection.torch_weights import folded_of, parameters_of, train

NAMES = (
    "mobilenetv4_conv_small",
    "efficientvit_b0",
    "ghostnet_050",
    "mobileone_s0",
    "edgenext_xx_small",
    "mobilevitv2_050",
    "repvgg_a0",
    "levit_128s",
    "tiny_vit_5m_224",
    "xcit_nano_12_p16_224",
    "resmlp_12_224",
)
FIXED = {"levit_128s": 224, "tiny_vit_5m_224": 224, "resmlp_12_224": 224}
"""Networks of one size of picture; that of others is 128."""


def export(name: str, path: Path) -> Truth:
    """Export a network."""
    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False, exportable=True, num_classes=50)
    train(model.eval())
    size = FIXED.get(name, 128)
    image = torch.randn(2, 3, size, size)
    modules = modules_of(model, (image,))
    torch.onnx.export(
        model,
        (image,),
        path,
        dynamo=False,
        opset_version=17,
        input_names=["image"],
        dynamic_axes={"image": {0: "batch"}},
    )
    return Truth(
        source=source("timm", "torch", how="dynamo=False, opset 17"),
        parameters=parameters_of(model),
        folded=folded_of(model, (image,)),
        modules=modules,
    )


if __name__ == "__main__":
    make({name: partial(export, name) for name in NAMES})
