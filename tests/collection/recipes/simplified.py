# /// script
# dependencies = [
#     "onnx==1.23.2",
#     "onnx-graphsurgeon==0.6.1",
#     "onnxruntime==1.32.0",
#     "onnxsim==0.8.1",
#     "onnxslim==0.1.98",
# ]
# [tool.collection]
# reads = ["torch_dynamo", "torch_script", "transformers"]
# ///
"""Files after onnxsim, onnxslim or onnx-graphsurgeon."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import onnx
import onnx_graphsurgeon
import onnxsim
import onnxslim

from tests.collection.copies import with_copies
from tests.collection.files import Truth, given, make, source, truth_of

NETWORKS = {
    "torch_script": ("mobilenet_v3_opset13", "ssdlite_opset11", "gpt_opset17", "lstm_opset17"),
    "torch_dynamo": ("swin_static_opset18", "unet_opset20"),
    "transformers": ("bert", "whisper"),
}


def simplify(model: onnx.ModelProto) -> onnx.ModelProto:
    return onnxsim.simplify(model)[0]


def cleaned(model: onnx.ModelProto) -> onnx.ModelProto:
    """Fold constants, drop what nothing reads, and sort the nodes."""
    graph = onnx_graphsurgeon.import_onnx(model)
    graph.fold_constants().cleanup().toposort()
    return onnx_graphsurgeon.export_onnx(graph)


TOOLS: dict[str, Callable[[onnx.ModelProto], onnx.ModelProto]] = {
    "onnxsim": simplify,
    "onnxslim": onnxslim.slim,
    "onnx-graphsurgeon": cleaned,
}


def process(original: Path, tool: str, path: Path) -> Truth:
    """Write a file anew through a tool."""
    onnx.save(TOOLS[tool](onnx.load(original)), path)
    truth = truth_of(original)
    how = f"from {original.stem} ({truth.source})"
    truth = replace(truth, source=source(tool, how=how), modules=None)
    return with_copies(truth, path, counted=original)


if __name__ == "__main__":
    make(
        {
            f"{original.stem}_{tool.removeprefix('onnx-')}": partial(process, original, tool)
            for producer, names in NETWORKS.items()
            for original in given(producer, *names)
            for tool in TOOLS
        }
    )
