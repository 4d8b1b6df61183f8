"""`gallery profile`: a table, JSON, and a file that a build reads."""

from __future__ import annotations

import json
from pathlib import Path

from gallery.measuring.files import read
from tests.conftest import NET, Run
from tests.onnx_text import write


def test_a_profile_is_told_and_can_be_read_again(run_here: Run, tmp_path: Path) -> None:
    model, output = write(tmp_path, NET), tmp_path / "net.profile.json"
    result = run_here("profile", model, "-o", output, "--json", "--optimization", "none")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert told == json.loads(output.read_bytes())
    table = read(output.read_bytes(), output.name)
    assert [row.operators for row in table.rows] == [(0,), (1,), (2,)]
    assert {one["type"] for one in told["operators"]} == {"MatMul", "Relu"}
    assert table.run == told["run"] >= told["total"] > 0


def test_what_cannot_be_measured_or_written_is_told(run_here: Run, tmp_path: Path) -> None:
    text = '<ir_version: 8, opset_import: ["" : 17, "odd" : 1]>'
    model = write(tmp_path, f"{text} g (float[4] x) => (float[4] y) {{ y = odd.Thing (x) }}")
    result = run_here("profile", model)
    assert result.returncode == 1
    assert "profile: ONNX Runtime refused it: " in result.stderr
    assert "; measure it where it runs" in result.stderr
    assert "Traceback" not in result.stderr
    assert run_here("profile", model, "-o", tmp_path / "x.txt").returncode == 2
