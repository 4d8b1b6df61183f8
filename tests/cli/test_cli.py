"""The command line as people and programs use it: real processes, exit status, output."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import gallery
from gallery.cli.main import parser
from tests.conftest import NET, Run
from tests.onnx_text import write

ROOT = Path(__file__).parents[2]


def test_all_public_names_are_there_and_sorted() -> None:
    assert sorted(gallery.__all__) == gallery.__all__
    assert {"build", "load", "render"} < set(gallery.__all__)
    for name in gallery.__all__:
        assert getattr(gallery, name) is not None
    assert set(gallery.__all__) == set(gallery._HOMES)


def test_no_folder_hides_a_public_function() -> None:
    import gallery.cli.main  # noqa: PLC0415

    for name in ("load", "lower", "layout", "color", "render", "facts", "discover", "build"):
        assert callable(getattr(gallery, name)), name


def commands() -> dict[str, argparse.ArgumentParser]:
    (choices,) = (
        action.choices
        for action in parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return dict(choices)


def test_every_option_has_a_help_text() -> None:
    assert {"build", "scan"} < set(commands())
    for name, command in commands().items():
        for action in command._actions:
            assert action.help, f"{name} {action.dest}"


def test_the_readme_names_every_command_and_only_real_options() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert set(re.findall(r"^gallery (\w+)", text, re.M)) == set(commands())
    known = {
        option
        for command in commands().values()
        for action in command._actions
        for option in action.option_strings
    }
    told = set(re.findall(r"`(--[\w-]+)", text))
    assert told
    assert told <= known


def test_ci_and_the_readme_agree() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    run = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    told = [
        line
        for block in re.findall(r"```sh\n(.*?)```", readme, re.S)
        for line in block.splitlines()
    ]
    setup = [line for line in told if ".venv" in line]
    assert len(setup) == 2
    for line in setup:
        assert line in run, line


def test_build_py_is_the_build_command(run: Run, models: Path, tmp_path: Path) -> None:
    result = run("build", models, "-o", tmp_path / "site", "--dry-run")
    assert result.returncode == 0, result.stderr
    assert "first.onnx: facts, scan hero" in result.stdout
    assert not (tmp_path / "site").exists()
    assert 'main(["build", *sys.argv[1:]])' in (ROOT / "build.py").read_text("utf-8")


def test_scan_prints_one_line_of_json(run: Run, tmp_path: Path) -> None:
    model, picture = write(tmp_path, NET), tmp_path / "scan.png"
    result = run("scan", model, "-o", picture, "--vertices", 40, "--size", 96, "--json")
    assert result.returncode == 0, result.stderr
    (line,) = result.stdout.splitlines()
    made = json.loads(line)
    assert made["model"] == "net"
    assert made["operators"] == 3
    assert made["vertices"] >= 3
    assert made["edges"] >= 2
    assert made["unknown_operators"] == []
    assert set(made["seconds"]) == {"load", "lower", "layout", "color", "render"}
    assert made["peak_bytes"] > 1 << 20
    assert made["picture"] == {"path": str(picture), "width": 96, "height": 96}
    with Image.open(picture) as image:
        assert image.size == (96, 96)
        assert len(image.convert("RGB").getcolors(1 << 16) or []) > 10


@pytest.mark.parametrize("suffix", ["webp", "svg"])
def test_scan_writes_other_formats(run_here: Run, tmp_path: Path, suffix: str) -> None:
    model, picture = write(tmp_path, NET), tmp_path / f"scan.{suffix}"
    options = ("--vertices", 40, "--size", 96, "--passes", "training", "--color", "pass")
    result = run_here("scan", model, "-o", picture, *options, "--ground", "light", "--quality")
    assert result.returncode == 0, result.stderr
    head = picture.read_bytes()[:12]
    assert head.startswith(b"<svg") or head[8:] == b"WEBP"


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_scan_can_be_tilted(run_here: Run, tmp_path: Path, suffix: str) -> None:
    model, drawn = write(tmp_path, NET), []
    for tilt in ((), ("--tilt", 0), ("--tilt", 60.5)):
        picture = tmp_path / f"scan.{suffix}"
        result = run_here("scan", model, "-o", picture, "--vertices", 40, "--size", 96, *tilt)
        assert result.returncode == 0, result.stderr
        drawn.append(picture.read_bytes())
    assert drawn[0] == drawn[1] != drawn[2]
    assert b"60.5" in drawn[2]


def test_colour_rules_colour_a_scan(run_here: Run, tmp_path: Path) -> None:
    model, picture = write(tmp_path, NET), tmp_path / "scan.png"
    options = ("--vertices", 40, "--size", 96, "--rule", "*=#0000ff", "--rule")
    result = run_here("scan", model, "-o", picture, *options, "operator:*=#ff0000")
    assert result.returncode == 0, result.stderr
    with Image.open(picture) as image:
        red, green, blue = (channel.getextrema()[1] for channel in image.convert("RGB").split())
    assert red > 150 > 2 * max(green, blue) - 150
    wrong = run_here("scan", model, "-o", picture, *options, "Conv=red")
    assert (wrong.returncode, "'Conv=red' is not PATTERN=" in wrong.stderr) == (2, True)


def test_scan_binds_a_symbolic_dimension(run_here: Run, tmp_path: Path) -> None:
    model = write(tmp_path, "net (float[batch, 8] x) => (float[batch, 8] y) { y = Relu(x) }")
    found = [run_here("facts", model, "--json", "--dim", f"batch={size}") for size in (1, 7)]
    assert [json.loads(one.stdout)["activations"] for one in found] == [8, 56]


def test_facts_are_text_and_json(run_here: Run, tmp_path: Path) -> None:
    model = write(tmp_path, NET)
    text = run_here("facts", model)
    assert text.returncode == 0, text.stderr
    assert re.search(r"^parameters +192$", text.stdout, re.M)
    assert json.loads(run_here("facts", model, "--json").stdout)["macs"] == 192


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ((), 2, "required: COMMAND"),
        (("scan", "none.onnx", "-o", "x.png"), 2, "error: settings: there is no file none.onnx"),
        (("scan", "bad.onnx", "-o", "x.png"), 1, "error: bad: load: "),
        (
            ("scan", "net.onnx", "-o", "x.bmp"),
            2,
            "x.bmp does not have the suffix of a picture format",
        ),
        (
            ("scan", "net.onnx", "-o", "big.avif", "--size", "20000"),
            2,
            ".avif cannot hold 20000×20000 pixels, at most 268,435,456 pixels",
        ),
        (("scan", "net.onnx", "-o", "no/x.png"), 2, "there is no directory no"),
        (("scan", "net.onnx", "-o", "x.png", "--skeleton", "spiral"), 2, "invalid choice"),
        (
            ("scan", "net.onnx", "-o", "x.png", "--size", "9999999"),
            2,
            "is not a whole number from 16 to 32768",
        ),
        (("scan", "net.onnx", "-o", "x.png", "--dim", "batch"), 2, "is not of the form NAME=SIZE"),
        (("build", "none"), 2, "error: discover: none is not a directory"),
        (("build", "empty"), 2, "error: discover: empty contains no .onnx files"),
        (("build", ".", "-o", "."), 2, "would overwrite ., which the build reads"),
        (("build", ".", "-o", "strange"), 2, "strange holds files that are not a gallery"),
        (("build", ".", "-o", "s", "--memory", "much"), 2, "--memory: 'much' is not a number of"),
        (("build", ".", "-o", "s", "--settings", "no.toml"), 2, "there is no settings file"),
        (("build", ".", "-o", "s", "--seconds", "nan"), 2, "'nan' is not a number of seconds"),
        (
            ("build", ".", "-o", "s", "--vertices", "0"),
            2,
            "is not a whole number from 1 to 100000000",
        ),
        (("build", ".", "-o", "s", "--palette", "glasbey", "--color", "depth"), 2, "no order"),
        (("build", ".", "-o", "s", "--cache", "net.onnx"), 2, "the cache cannot be in net.onnx"),
        (("build", ".", "-o", "s", "--cache", "net.onnx/c"), 2, "net.onnx is not a directory"),
        (
            ("build", ".", "-o", "s", "--junit", "no/j.xml", "--summary", "empty"),
            2,
            "--summary is empty, which is a directory; --junit is no/j.xml, but no is not a",
        ),
        (("merge", "empty", "-o", "s", "--junit", "no/j.xml"), 2, "--junit is no/j.xml"),
        (("serve", ".", "--port", "70000"), 2, "is not a whole number from 0 to 65535"),
        (("scan", "net.onnx", "-o", "x.png", "--seconds", "-1"), 2, "'-1' is not a number of"),
        (
            ("scan", "net.onnx", "-o", "x.png", "--color", "depth", "--palette", "glasbey"),
            2,
            "palette glasbey has no order, but color depth has one",
        ),
        (("check", "empty"), 2, "empty is not a site"),
        (("facts", "empty"), 2, "empty is a directory; name a file"),
        (("scan", ".", "-o", "x.png"), 2, "error: settings: . is a directory; name a file in it"),
        (("new", "net.onnx"), 2, "net.onnx is not a directory; give another one"),
        (("verify", "empty"), 2, "empty is not a site: it has no manifest.json"),
        (("build", ".", "--settings", "empty"), 2, "empty is a directory; give a settings file"),
        (("film", "net.onnx", "-o", "x.mp4", "--ground", "light"), 2, "omit --ground light"),
        (("new", "net.onnx/x"), 2, "; check the path"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    run_here: Run, tmp_path: Path, arguments: tuple[str, ...], status: int, message: str
) -> None:
    write(tmp_path, NET)
    (tmp_path / "bad.onnx").write_text("no model")
    (tmp_path / "empty").mkdir()
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "thesis.doc").write_text("dear")
    result = run_here(*arguments, cwd=tmp_path)
    assert result.returncode == status, result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert (tmp_path / "strange" / "thesis.doc").read_text() == "dear"
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('language = "xx"', "there are no texts in the language 'xx'"),
        ('base_url = "example.org"', "base_url is 'example.org', not a URL such as"),
        ('templates = "mine"', "mine, which is not a directory"),
        ('templates = "wrong"', "en.toml cannot be read"),
        ('templates = "wrong-viewer"', "en.toml cannot be read"),
        ('ignore = ["a["]', "ignore: 'a[' is not a pattern"),
        ("[variants]\nsizes = [20000]", "avif holds at most 268,435,456 pixels"),
    ],
)
def test_wrong_settings_are_refused_before_any_work(
    run_here: Run, tmp_path: Path, toml: str, message: str
) -> None:
    models = tmp_path / "models"
    write(models, NET)
    (models / "gallery.toml").write_text(toml)
    for name in ("wrong/strings", "wrong-viewer/viewer/strings"):
        (models / name).mkdir(parents=True)
        (models / name / "en.toml").write_text("= 3")
    for command in ("build", "serve"):
        port = ("--port", 0) if command == "serve" else ("--strict",)
        result = run_here(command, models, "-o", tmp_path / "site", *port, cwd=tmp_path)
        assert (result.returncode, message in result.stderr) == (2, True), result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"models"}


def test_templates_stand_beside_gallery_toml(run_here: Run, models: Path, tmp_path: Path) -> None:
    toml = models / "gallery.toml"
    toml.write_text('templates = "mine"\nlanguage = "de"\n' + toml.read_text())
    (models / "mine" / "strings").mkdir(parents=True)
    (models / "mine" / "strings" / "de.toml").write_text("")
    shutil.rmtree(models / "deep")
    result = run_here("build", models, "-o", tmp_path / "site", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert '<html lang="de">' in (tmp_path / "site" / "index.html").read_text("utf-8")


def test_help_imports_nothing_that_does_the_work() -> None:
    program = (
        "import sys\nfrom gallery.cli.main import main\n"
        "try: main(['build', '--help'])\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    heavy = {"numba", "numpy", "onnx", "PIL", "jinja2", "yaml", "pathspec", "scipy"}
    assert "gallery.settings.values" in done.stderr.split()
    assert not heavy & set(done.stderr.split())
