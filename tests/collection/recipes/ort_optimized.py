# /// script
# dependencies = [
#     "onnx==1.23.2",
#     "onnxruntime==1.32.0",
#     "onnxscript==0.7.2",
#     "torch==2.14.1",
#     "torchvision==0.29.1",
#     "transformers==5.23.0",
# ]
# [tool.collection]
# reads = ["torch_dynamo", "torch_script", "transformers"]
# ///
"""ONNX Runtime's graph optimizations at each level, and its optimizer of Transformers."""

import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import onnx
import onnxruntime
from onnxruntime.transformers import optimizer

from tests.collection.copies import more, with_copies
from tests.collection.files import Truth, given, make, source, truth_of

LEVELS = {
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "layout": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_LAYOUT,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}
NETWORKS = {
    "torch_script": (
        "mobilenet_v3_opset13",
        "resnet18_opset13",
        "squeezenet_opset13",
        "unet_opset17",
        "lstm_opset17",
        "gpt_opset17",
    ),
    "torch_dynamo": ("vit_static_opset18", "speech_opset20"),
    "transformers": ("bert", "llama"),
}
# Of the files of `transformers`: the optimizer's type of network, heads and width.
TRANSFORMERS = {
    "bert": ("bert", 4, 64),
    "roberta": ("bert", 4, 64),
    "distilbert": ("bert", 4, 64),
    "gpt2": ("gpt2", 4, 64),
    "gpt2_with_past": ("gpt2", 4, 64),
    "vit": ("vit", 4, 64),
    "clip": ("clip", 4, 64),
    "t5": ("t5", 4, 64),
    "llama": ("gpt2", 4, 64),
    "bert_dynamo": ("bert", 4, 64),
}


def optimize(original: Path, level: str, path: Path) -> Truth:
    """Write what ONNX Runtime would run."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = LEVELS[level]
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(original, options, providers=["CPUExecutionProvider"])
    truth = more(derived(original, f"optimized: {level}"), -norms_evaluated(original, path))
    if any(node.domain == "com.microsoft.nchwc" for node in onnx.load(path).graph.node):
        return replace(truth, parameters=None, folded=None)  # weights are padded to blocks
    return with_copies(truth, path, counted=original)


def fuse(original: Path, settings: tuple[str, int, int], half: bool, path: Path) -> Truth:
    """Fuse attention and normalization, and convert the weights to 16 bits if `half`."""
    kind, heads, width = settings
    model = optimizer.optimize_model(
        str(original), model_type=kind, num_heads=heads, hidden_size=width, opt_level=0
    )
    if half:
        model.convert_float_to_float16(keep_io_types=True)
    model.save_model_to_file(str(path))
    truth = derived(original, f"transformers optimizer{', float16' * half}")
    return with_copies(truth, path, counted=original)


def norms_evaluated(original: Path, path: Path) -> int:
    """Number of norms of normalized weights that were multiplied into these in advance."""
    left = {one.name for one in onnx.load(path).graph.initializer}
    held = onnx.load(original).graph.initializer
    gone = [one for one in held if one.name.endswith("weight.original0") and one.name not in left]
    return sum(math.prod(one.dims) for one in gone)


def derived(original: Path, how: str) -> Truth:
    """The truth of a file that was made from another one."""
    truth = truth_of(original)
    how = f"{how} from {original.stem} ({truth.source})"
    return replace(truth, source=source("onnxruntime", how=how), modules=None)


if __name__ == "__main__":
    make(
        {
            f"{original.stem}_{level}": partial(optimize, original, level)
            for producer, names in NETWORKS.items()
            for original in given(producer, *names)
            for level in LEVELS
        }
        | {
            f"{original.stem}_fused{'_half' * half}": partial(
                fuse, original, TRANSFORMERS[original.stem], half
            )
            for original in given("transformers", *TRANSFORMERS)
            for half in (False, True)
            if not half or original.stem in ("bert", "gpt2")
        }
    )
