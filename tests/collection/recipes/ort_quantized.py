# /// script
# dependencies = [
#     "onnx==1.23.2",
#     "onnx-ir==1.1.0",
#     "onnxconverter-common==1.16.0",
#     "onnxruntime==1.32.0",
#     "sympy==1.14.0",
# ]
# [tool.collection]
# reads = ["torch_dynamo", "torch_script", "transformers"]
# ///
"""ONNX Runtime's quantizers to 8 and 4 bits, and onnxconverter-common's conversion to 16."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnxconverter_common import float16
from onnxruntime import quantization as q
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

from tests.collection.copies import copies, more
from tests.collection.files import Truth, given, make, source, truth_of

PICTURES = ("mobilenet_v3_opset13", "squeezenet_opset13", "unet_opset17", "yolo_opset17")
DYNAMO = ("encoder_opset20", "gpt_opset20", "denoiser_opset20")
TYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64}


class Examples(q.CalibrationDataReader):
    """Random inputs that show the range of each layer's values; free sizes are 2."""

    def __init__(self, path: Path) -> None:
        random = np.random.default_rng(0)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        shapes = [
            (put.name, TYPES[put.type], [n if isinstance(n, int) else 2 for n in put.shape])
            for put in session.get_inputs()
        ]
        self.values = iter(
            [{n: random.integers(0, 2, s).astype(t) for n, t, s in shapes} for _ in range(3)]
        )

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.values, None)


# Each method returns the number of weights that it writes a second time.


def dynamic(original: Path, path: Path) -> int:
    """Quantize weights; scales of activations are found in each run."""
    q.quantize_dynamic(original, path)
    return 0


def static(original: Path, path: Path, form: q.QuantFormat, **settings: object) -> int:
    """Quantize weights and activations by what examples show."""
    ready = Path("ready.onnx").resolve()
    q.quant_pre_process(original, ready, skip_symbolic_shape=True)
    q.quantize_static(ready, path, Examples(ready), quant_format=form, **settings)
    return copies(onnx.load(ready)) - copies(onnx.load(original))


def blocks(original: Path, path: Path, **settings: object) -> int:
    """Quantize blocks of each matrix's weights, and of embeddings, to few bits."""
    model = onnx.load(original)
    quantizer = MatMulNBitsQuantizer(onnx.load(original), block_size=32, **settings)
    quantizer.process()
    quantizer.model.save_model_to_file(str(path))
    return shared_tables(model) if "Gather" in settings.get("op_types_to_quantize", ()) else 0


def shared_tables(model: onnx.ModelProto) -> int:
    """Number of weights in embeddings that other nodes read too, which keep them as floats."""
    tables = {node.input[0] for node in model.graph.node if node.op_type == "Gather"}
    others = {name for n in model.graph.node if n.op_type != "Gather" for name in n.input}
    shared = tables & others
    return sum(math.prod(one.dims) for one in model.graph.initializer if one.name in shared)


def half(original: Path, path: Path, **settings: object) -> int:
    """Convert to 16-bit floats."""
    onnx.save(float16.convert_float_to_float16(onnx.load(original), **settings), path)
    return 0


METHODS: dict[str, Callable[[Path, Path], int]] = {
    "dynamic": dynamic,
    "qdq": partial(static, form=q.QuantFormat.QDQ),
    "qdq_channels": partial(
        static, form=q.QuantFormat.QDQ, per_channel=True, weight_type=q.QuantType.QInt8
    ),
    "qdq_16bits": partial(
        static,
        form=q.QuantFormat.QDQ,
        activation_type=q.QuantType.QUInt16,
        extra_options={"UseQDQContribOps": True},
    ),
    "qoperator": partial(static, form=q.QuantFormat.QOperator),
    "4bits": partial(blocks, bits=4, is_symmetric=True),
    "4bits_zero_points": partial(blocks, bits=4, is_symmetric=False),
    "4bits_gather": partial(
        blocks, bits=4, is_symmetric=True, op_types_to_quantize=("MatMul", "Gather")
    ),
    "4bits_qdq": partial(blocks, bits=4, is_symmetric=True, quant_format=q.QuantFormat.QDQ),
    "8bits": partial(blocks, bits=8, is_symmetric=True),
    "float16": half,
    "float16_kept_inputs": partial(half, keep_io_types=True),
}
MATRICES = ("4bits", "4bits_zero_points", "4bits_gather", "4bits_qdq", "8bits")
# The conversion to 16 bits leaves a Cast's type as it is where the file has one, which makes it
# invalid; and TorchScript's encoder runs with no other length than that of its export.
PLAN = {
    "torch_script": {
        PICTURES: ("qdq", "qdq_channels", "qdq_16bits", "qoperator", "float16"),
        ("lstm_opset17",): ("dynamic", "qdq", "qoperator", "float16_kept_inputs"),
        ("gpt_opset17",): ("dynamic", "qdq", "qoperator"),
        ("encoder_opset17",): ("dynamic",),
    },
    "torch_dynamo": {DYNAMO: ("dynamic", "qdq", *MATRICES)},
    "transformers": {
        ("bert",): ("dynamic", "float16", *MATRICES),
        ("llama", "gpt2"): ("dynamic", *MATRICES),
    },
}


def quantize(original: Path, method: str, path: Path) -> Truth:
    """Quantize a file."""
    truth = more(truth_of(original), METHODS[method](original, path))
    how = f"{method} from {original.stem} ({truth.source})"
    packages = ("onnxconverter-common",) if method.startswith("float16") else ("onnxruntime",)
    return replace(truth, source=source(*packages, how=how), modules=None)


if __name__ == "__main__":
    make(
        {
            f"{original.stem}_{method}": partial(quantize, original, method)
            for producer, rows in PLAN.items()
            for names, methods in rows.items()
            for original in given(producer, *names)
            for method in methods
        }
    )
