"""Everything is the same on an old processor as on this one, stage by stage.

`python -m tests.benchmarks.processors` compares whole sites on more processors.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import NET
from tests.onnx_text import write
from tests.processors import digests, environment

ROOT = Path(__file__).parents[1]


def digests_there(model: Path, vertices: int, passes: str, env: dict[str, str]) -> dict[str, str]:
    """What `tests.processors` prints in a process of its own."""
    command = [sys.executable, "-m", "tests.processors", str(model), "--passes", passes]
    done = subprocess.run(
        [*command, "--vertices", str(vertices)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_all_stages_are_the_same_without_avx_and_fused_products_and_on_other_numbers_of_cores(
    tmp_path: Path,
) -> None:
    model = write(tmp_path, NET, "net.onnx")
    there = environment("generic", tmp_path) | {"NUMBA_NUM_THREADS": "5"}
    assert digests_there(model, 600, "training", there) == digests(model, 600, "training")
