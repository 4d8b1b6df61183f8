"""DynamicQuantizeLSTM and AttnLSTM: shapes, costs and dependences as the runtime runs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gallery.costs.facts import facts
from tests.lowering.contrib_cases import check, runtime_case, session_of

_RNG = np.random.default_rng(3)
STEPS, BATCH, SIZE, HIDDEN = 3, 2, 4, 5


def floats(*shape: int) -> np.ndarray:
    return _RNG.normal(size=shape).astype(np.float32)


def bytes_(*shape: int) -> np.ndarray:
    return _RNG.integers(-60, 60, shape).astype(np.int8)


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("wanted", ["y, h, c", "y", ", h", ", , c"])
def test_as_the_runtime_runs_it(tmp_path: Path, direction: str, wanted: str) -> None:
    number = 2 if direction == "bidirectional" else 1
    body = (
        f'{wanted} = MS.DynamicQuantizeLSTM<hidden_size={HIDDEN}, direction="{direction}">'
        "(x, w, r, b, , i, j, , s, z, s, z)"
    )
    held = {
        "w": bytes_(number, SIZE, 4 * HIDDEN),
        "r": bytes_(number, HIDDEN, 4 * HIDDEN),
        "b": floats(number, 8 * HIDDEN),
        "s": np.full(number, 0.02, np.float32),
        "z": np.zeros(number, np.int8),
    }
    feeds = {
        "x": floats(STEPS, BATCH, SIZE),
        "i": floats(number, BATCH, HIDDEN),
        "j": floats(number, BATCH, HIDDEN),
    }
    outputs = ", ".join(name for name in wanted.split(", ") if name.strip(", "))
    case = runtime_case(tmp_path, body, feeds, held, outputs.strip(", "))
    found = facts(case.model, 0)
    assert found.macs == STEPS * BATCH * number * 4 * HIDDEN * (SIZE + HIDDEN)
    assert found.parameters == number * (4 * HIDDEN * (SIZE + HIDDEN) + 8 * HIDDEN)

    check(case, session_of(case.proto))


def test_lengths_and_peepholes(tmp_path: Path) -> None:
    body = f"y = MS.DynamicQuantizeLSTM<hidden_size={HIDDEN}>(x, w, r, , n, , , p, s, , s)"
    held = {
        "w": bytes_(1, SIZE, 4 * HIDDEN),
        "r": bytes_(1, HIDDEN, 4 * HIDDEN),
        "s": _RNG.uniform(0.01, 0.03, (1, 4 * HIDDEN)).astype(np.float32),
        "p": floats(1, 3 * HIDDEN),
        "n": np.array([2, 3], np.int32),
        "z": np.zeros((1, 4 * HIDDEN), np.int8),
    }
    body = body.replace("s, , s)", "s, z, s, z)")
    case = runtime_case(tmp_path, body, {"x": floats(STEPS, BATCH, SIZE)}, held)
    check(case, session_of(case.proto), 0.8)


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("layer", [True, False])
def test_attention_to_a_memory(tmp_path: Path, direction: str, layer: bool) -> None:
    number, slots, depth, width = 2 if direction == "bidirectional" else 1, 4, 3, 6
    attention = 7 if layer else depth
    body = (
        f'y, h, c = MS.AttnLSTM<hidden_size={HIDDEN}, direction="{direction}">'
        f"(x, w, r, b, , , , , q, m, v, k, , {'a' if layer else ''})"
    )
    held = {
        "w": floats(number, 4 * HIDDEN, SIZE + attention),
        "r": floats(number, 4 * HIDDEN, HIDDEN),
        "b": floats(number, 8 * HIDDEN),
        "q": floats(number, HIDDEN, width),
        "m": floats(number, depth, width),
        "v": floats(number, width),
    }
    if layer:
        held["a"] = floats(number, depth + HIDDEN, attention)
    feeds = {"x": floats(STEPS, BATCH, SIZE), "k": floats(BATCH, slots, depth)}
    case = runtime_case(tmp_path, body, feeds, held, "y, h, c")
    each = 4 * HIDDEN * (SIZE + attention + HIDDEN) + HIDDEN * width + slots * depth
    each += (depth + HIDDEN) * attention * layer
    keys = BATCH * slots * depth * width
    assert facts(case.model, 0).macs == number * (STEPS * BATCH * each + keys)
    check(case, session_of(case.proto), 0.95)
