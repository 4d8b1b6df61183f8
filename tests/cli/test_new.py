"""`gallery new`: what it writes builds as it is, and nothing of the user's is touched."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from gallery.cli.main import main, parser
from gallery.cli.new import HOSTS, make_start, settings_text
from gallery.settings.front_matter import words_of
from gallery.settings.gallery_toml import example, read_settings
from gallery.settings.values import FrontMatter, GallerySettings
from tests.conftest import SETTINGS, Run
from tests.onnx_text import write
from tests.test_workflows import schema_check, scripts

NET = "net (float[1, 8] x) => (float[1, 8] y) { y = Relu(x) }"


def test_a_build_right_after_it_works(run_here: Run, tmp_path: Path) -> None:
    start, small = tmp_path / "my gallery", tmp_path / "small.toml"
    made = run_here("new", start, "--host", "space")
    assert made.returncode == 0, made.stderr
    (command,) = re.findall(r"1\. gallery (build .*), and open", made.stdout)
    assert "'" in command, "the command can be pasted"
    planned = run_here("build", start / "models", "-o", start / "site", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert planned.stderr == "", "what it writes is noted nowhere"
    small.write_text(SETTINGS)
    built = run_here("build", start / "models", "-o", start / "site", "--settings", small)
    assert built.returncode == 0, built.stderr
    assert "LeNet-5" in (start / "site" / "example" / "index.html").read_text("utf-8")
    head = (start / "site" / "README.md").read_text("utf-8").split("---\n")[1]
    assert yaml.safe_load(head)["sdk"] == "static"
    assert run_here("check", start / "site").returncode == 0


def test_settings_are_all_there_and_all_comments(tmp_path: Path) -> None:
    path = tmp_path / "gallery.toml"
    path.write_text(settings_text(), encoding="utf-8")
    assert read_settings(path) == GallerySettings()
    text = re.sub(r"^# (?=\w+ = )", "", settings_text(), flags=re.M)
    assert tomllib.loads(text) == tomllib.loads(example())
    assert tomllib.loads(text)["scan"]["vertices"] == GallerySettings().scan.vertices


def test_nothing_that_is_there_is_changed(tmp_path: Path) -> None:
    write(tmp_path / "models", NET, "b.onnx")
    write(tmp_path / "models", NET, "a.onnx")
    write(tmp_path / "models" / "hub", NET, "c.onnx")
    theirs = [tmp_path / name for name in ("models/a.md", "models/hub/README.md", ".gitignore")]
    for path in theirs:
        path.write_text("mine")
    (tmp_path / ".github").mkdir()
    (tmp_path / ".gitlab-ci.yml").symlink_to(tmp_path / "nowhere")
    start = make_start(tmp_path, "gitlab")
    assert start.written == ("models/b.md", "models/gallery.toml")
    assert start.kept == (".gitignore", ".gitlab-ci.yml")
    assert {path.read_text() for path in theirs} == {"mine"}
    assert not (tmp_path / "nowhere").exists()
    words = words_of((tmp_path / "models" / "b.md").read_text("utf-8"))
    assert (words.front, words.notes, words.prose.strip()) == (FrontMatter(), (), "")
    assert not make_start(tmp_path, "gitlab").written


@pytest.mark.parametrize("host", HOSTS)
def test_workflows_follow_their_schemas(host: str, tmp_path: Path) -> None:
    start = make_start(tmp_path, host)
    names = [name for name in start.written if name.endswith(".yml")]
    assert names
    for name in names:
        path = tmp_path / name
        if host == "gitlab":
            schema_check("gitlab-ci", "--data-transform", "gitlab-ci", path)
        else:
            schema_check("github-workflows", path)
        assert "VERSION" not in path.read_text("utf-8")
        for script in scripts(yaml.safe_load(path.read_text("utf-8"))):
            assert "${{" not in script
            if script.startswith("gallery "):
                parser().parse_args(script.replace('"', "").split()[1:])


def test_a_file_in_place_of_the_directory_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    assert main(["new", str(tmp_path / "file")]) == 2
    assert "is not a directory" in capsys.readouterr().err
