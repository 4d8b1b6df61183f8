"""Commands in this process: what they print, and what they make of their options."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gallery.cli.commands.given import settings_of
from gallery.cli.main import main, parser
from gallery.settings.values import GallerySettings, Limits, ScanSettings
from tests.onnx_text import write

NET = """<ir_version: 9, opset_import: ["": 18, "me": 1], producer_name: "tool">
net (float[n,3] x, u) => (float[n,2] y, v) <float[3,2] w = {1,2,3,4,5,6}> {
    h = MatMul(x, w) y = Relu(h) v = me.Secret(u) }"""


def settings(tmp_path: Path, *options: str) -> GallerySettings:
    """What `build` would take for the gallery's settings."""
    return settings_of(parser().parse_args(["build", str(tmp_path), *options]))


def test_without_options_the_settings_are_those_of_the_file(tmp_path: Path) -> None:
    assert settings(tmp_path) == GallerySettings()
    (tmp_path / "gallery.toml").write_text('title = "Mine"\ndims = {n = 3}\n')
    assert settings(tmp_path) == replace(GallerySettings(), title="Mine", dims={"n": 3})
    other = tmp_path / "other.toml"
    other.write_text('title = "Other"\n')
    assert settings(tmp_path, "--settings", str(other)).title == "Other"


def test_each_option_changes_its_own_setting(tmp_path: Path) -> None:
    (tmp_path / "gallery.toml").write_text("dims = {n = 3, m = 4}\n[limits]\nskeleton = 5\n")
    options = (
        *("--vertices", "7", "--passes", "training", "--skeleton", "dot", "--color", "depth"),
        *("--palette", "fire", "--seed", "0", "--seconds", "8.5", "--memory", "9 MiB"),
        *("--cache-size", "10 KB", "--dim", "n=11", "--dim", "k=12"),
    )
    found = settings(tmp_path, *options)
    assert found.scan == ScanSettings(
        vertices=7, passes="training", skeleton="dot", color="depth", palette="fire", seed=0
    )
    assert found.limits == Limits(seconds=8.5, memory=9 << 20, cache=10_000, skeleton=5)
    assert found.dims == {"n": 11, "m": 4, "k": 12}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("build", "--shard", "0/2"), "I must be from 1 to N"),
        (("build", "--shard", "3/2"), "I must be from 1 to N"),
        (("build", "--shard", "1/10001"), "I must be from 1 to N"),
        (("build", "--shard", "1"), "is not of the form I/N"),
        (("build", "--shard", "a/2"), "is not of the form I/N"),
        (("build", "--jobs", "-1"), "is not a whole number from 0 to "),
        (("build", "--jobs", "1025"), "is not a whole number from 0 to "),
        (("build", "--vertices", "0"), "is not a whole number from 1 to "),
        (("build", "--dim", "n=0"), "is not of the form NAME=SIZE"),
        (("build", "--dim", "n=1048577"), "is not of the form NAME=SIZE"),
        (("build", "--dim", "=1"), "is not of the form NAME=SIZE"),
        (("scan", "a", "-o", "b", "--size", "15"), "is not a whole number from 16 to 32768"),
        (("scan", "a", "-o", "b", "--size", "32769"), "is not a whole number from 16 to 32768"),
        (("scan", "a", "-o", "b", "--tilt", "90.1"), "is not a number from 0 to 90"),
        (("scan", "a", "-o", "b", "--tilt", "nan"), "is not a number from 0 to 90"),
        (("scan", "a", "-o", "b", "--height", "depth"), "invalid choice: 'depth'"),
    ],
)
def test_wrong_options_are_told(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_options_at_the_edges_of_what_is_allowed() -> None:
    options = parser().parse_args(
        [
            "build",
            "--shard",
            "10000/10000",
            "--jobs",
            "1024",
            "--vertices",
            "1",
            "--dim",
            "a=b=1048576",
        ]
    )
    assert (options.shard, options.jobs, options.vertices) == ((10_000, 10_000), 1024, 1)
    assert options.dim == [("a=b", 1 << 20)]
    sizes = [
        parser().parse_args(["scan", "a", "-o", "b", "--size", s]).size for s in ("16", "32768")
    ]
    assert sizes == [16, 32_768]


def test_facts_are_told_in_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, NET)
    assert main(["facts", str(path), "--dim", "n=4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line[:12].strip(): line[13:] for line in lines if not line.startswith("note: ")}
    assert rows == {
        "model": "net",
        "file": f"{path.stat().st_size:,} bytes",
        "parameters": "6",
        "MACs": "24",
        "FLOPs": "56",
        "activations": "unknown",
        "peak": "unknown",
        "operators": "3",
        "depth": "2",
        "inputs": "x float[4, 3], u [unknown]",
        "outputs": "y float[4, 2], v [unknown]",
        "opsets": "ai.onnx 18, me 1",
        "producer": "tool",
        "types": "MatMul 1, Relu 1, me.Secret 1",
        "dimensions": "n=4",
        "not counted": "me.Secret 1",
    }
    assert [line for line in lines if line.startswith("note: the output shapes of 1 of 3")]
    assert main(["facts", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["macs"], told["bindings"], told["file_bytes"]) == (
        6,
        {"n": 1},
        path.stat().st_size,
    )


def test_the_trees_and_tables_of_a_model_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = """nodes_treeids=[0,0,0], nodes_nodeids=[0,1,2], nodes_featureids=[0,0,0],
        nodes_values=[0.5,0.0,0.0], nodes_modes=["BRANCH_LEQ","LEAF","LEAF"],
        nodes_truenodeids=[1,0,0], nodes_falsenodeids=[2,0,0], target_treeids=[0,0],
        target_nodeids=[1,2], target_ids=[0,0], target_weights=[1.0,2.0], n_targets=1"""
    path = write(
        tmp_path,
        f"""<ir_version: 9, opset_import: ["": 18, "ai.onnx.ml": 3]>
        net (string[1,2] w) => (y) {{
            x = ai.onnx.ml.LabelEncoder<keys_strings=["a","b"], values_floats=[0.0,1.0]>(w)
            y = ai.onnx.ml.TreeEnsembleRegressor<{tree}>(x) }}""",
    )
    assert main(["facts", str(path)]) == 0
    out = capsys.readouterr().out
    assert "forest       ensembles 1, trees 1, nodes 3, leaves 2, depth 1\n" in out
    assert "tables       LabelEncoder 2\n" in out
    assert "parameters   3\n" in out


def test_a_model_that_says_little(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "net (float[2] x, float[1,k] z) => (y) { y = Relu(x) }")
    assert main(["facts", str(path)]) == 0
    out = capsys.readouterr().out
    assert "producer     unknown\n" in out
    assert "inputs       x float[2], z float[1, 1]\n" in out
    assert "not counted" not in out
    path = write(tmp_path, "net (float[2] x) => (y) { y = Relu(x) }")
    assert main(["facts", str(path)]) == 0
    assert "dimensions   none" in capsys.readouterr().out


def test_check_prints_what_is_broken_and_what_is_not_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "old.webp").write_bytes(b"")
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "index.html").write_text("<a href='index.html'>".ljust(12_345))
    assert main(["check", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert out == "3 files, 0.0 MB, 1 link, heaviest page 12 kB, 0 problems\n"
    assert err == "warning: assets/old.webp is stale: nothing links to it\n"
    (tmp_path / "index.html").write_text("<a href='gone'>")
    assert main(["check", str(tmp_path), "--json"]) == 1
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert told["problems"] == ["index.html links to gone, which is not in the site"]
    assert (told["files"], told["bytes"], err) == (3, 17, "")
    assert main(["check", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert "error: index.html links to gone, which is not in the site\n" in err
    assert out.endswith("1 problem\n")
