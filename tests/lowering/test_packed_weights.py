"""Packed weights: shapes, costs, numbers of weights and dependences as the runtime runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gallery.costs.facts import facts
from tests.lowering.contrib_cases import check, runtime_case, session_of

_RNG = np.random.default_rng(6)


def floats(*shape: int) -> np.ndarray:
    return _RNG.uniform(0.5, 1.5, size=shape).astype(np.float32)


def bytes_(*shape: int) -> np.ndarray:
    return _RNG.integers(0, 256, shape).astype(np.uint8)


def ints(*shape: int, top: int = 9) -> np.ndarray:
    return _RNG.integers(0, top, shape).astype(np.int64)


def blob(columns: int, blocks: int, size: int) -> np.ndarray:
    """Blocks of MatMulFpQ4: a scale of 1 and random weights."""
    made = bytes_(columns, blocks, size)
    made[..., :4] = np.frombuffer(np.float32(1).tobytes(), np.uint8)
    return made.reshape(-1)


# fmt: off
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], int, int]] = {
    # Operators in ONNX text, inputs, initializers, multiply-accumulates, parameters.
    "MatMulNBits": (
        "y = MS.MatMulNBits<K=64, N=6, bits=4, block_size=16>(x, w, k, z, , b)",
        {"x": floats(3, 64)},
        {"w": bytes_(6, 4, 8), "k": floats(6, 4), "z": bytes_(6, 2), "b": floats(6)},
        3 * 64 * 6, 64 * 6 + 6),
    "MatMulNBits, all of it fed": (
        "y = MS.MatMulNBits<K=40, N=5, bits=4, block_size=16>(x, w, k, z, , b)",
        {"x": floats(2, 40), "w": bytes_(5, 3, 8), "k": floats(5, 3), "z": bytes_(5, 2),
         "b": floats(5)}, {}, 2 * 40 * 5, 0),
    "MatMulNBits of 8 bits": (
        "y = MS.MatMulNBits<K=32, N=5, bits=8, block_size=16>(x, w, k)",
        {"x": floats(2, 2, 32), "w": bytes_(5, 2, 16), "k": floats(10)}, {}, 4 * 32 * 5, 0),
    "MatMulBnb4": (
        "y = MS.MatMulBnb4<K=24, N=5, block_size=16, quant_type=1>(x, w, k)",
        {"x": floats(3, 24)}, {"w": bytes_(60), "k": floats(8)}, 3 * 24 * 5, 24 * 5),
    "MatMulBnb4, weights fed": (
        "y = MS.MatMulBnb4<K=24, N=5, block_size=16, quant_type=0>(x, w, k)",
        {"x": floats(2, 24), "w": bytes_(60), "k": floats(8)}, {}, 2 * 24 * 5, 0),
    "MatMulFpQ4": (
        "y = MS.MatMulFpQ4<blk_quant_type=0>(x, w, n)", {"x": floats(3, 64)},
        {"w": blob(5, 2, 20), "n": np.array([64, 5], np.int64)}, 3 * 64 * 5, 64 * 5),
    "GatherBlockQuantized": (
        "y = MS.GatherBlockQuantized<block_size=16, gather_axis=0, quantize_axis=1, bits=4>"
        "(w, k, q, z)", {"k": ints(3, 2, top=6)},
        {"w": bytes_(6, 16), "q": floats(6, 2), "z": bytes_(6, 1)}, 0, 6 * 32),
    "GatherBlockQuantized of what is fed": (
        "y = MS.GatherBlockQuantized<block_size=16, gather_axis=0, quantize_axis=2, bits=4>"
        "(w, k, q, z)",
        {"w": bytes_(6, 2, 32), "q": floats(6, 2, 4), "z": bytes_(6, 2, 2)},
        {"k": ints(3, top=6)}, 0, 0),
    "GatherBlockQuantized of 8 bits": (
        "y = MS.GatherBlockQuantized<block_size=16, quantize_axis=1, bits=8>(w, k, q)",
        {"q": floats(6, 2)}, {"w": bytes_(6, 32), "k": ints(4, top=6)}, 0, 6 * 32),
    "GatherBlockQuantized of 2 bits": (
        "y = MS.GatherBlockQuantized<block_size=16, quantize_axis=1, bits=2>(w, k, q)",
        {"k": ints(2, top=6)}, {"w": bytes_(6, 8), "q": floats(6, 2)}, 0, 6 * 32),
}
# fmt: on


@pytest.mark.parametrize("name", CASES)
def test_as_the_runtime_runs_it(tmp_path: Path, name: str) -> None:
    body, feeds, held, macs, parameters = CASES[name]
    case = runtime_case(tmp_path, body, feeds, held)
    found = facts(case.model, 0)
    assert (found.macs, found.parameters) == (macs, parameters)
    check(case, session_of(case.proto))
