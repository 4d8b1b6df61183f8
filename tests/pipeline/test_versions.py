"""A line of code that changes makes again what its file makes, and nothing else."""

from __future__ import annotations

import ast
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from gallery import fingerprint
from gallery.pipeline.plan import SOFTWARE, versions
from gallery.pipeline.site import MADE_BY

PACKAGE = Path(fingerprint.__file__).parent
SHEETS = ("contact sheet", "film", "poster", "social card", "wallpaper")
RUNS = {"profile", "measured", "beside"}
"""A run of a model reads it as `load` does, and what is modelled beside it follows."""


def forget() -> None:
    for cached in (
        fingerprint.fingerprint,
        fingerprint._needs,
        fingerprint._content,
        fingerprint._text,
        fingerprint._imports,
        fingerprint._libraries,
        fingerprint._file,
    ):
        cached.cache_clear()


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the program whose versions are asked for."""
    place = tmp_path / "gallery"
    shutil.copytree(PACKAGE, place, ignore=shutil.ignore_patterns("__pycache__", "templates"))
    monkeypatch.setattr(fingerprint, "_ROOT", place)
    forget()
    yield place
    monkeypatch.undo()
    forget()


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("settings/values.py", set()),
        ("settings/gallery_toml.py", set()),
        ("pipeline/plan.py", set()),
        ("pipeline/variants.py", set()),
        ("pipeline/stage_table.py", set()),
        ("pipeline/stages.py", set()),
        ("publishing/parts/clean.py", set()),
        ("publishing/parts/prose.py", set()),
        ("cache.py", set()),
        ("rendering/files/graphs.py", {"graphs"}),
        ("rendering/compose/poster.py", {"poster"}),
        ("rendering/compose/wallpaper.py", {"wallpaper"}),
        ("rendering/compose/wall.py", set()),
        ("rendering/compose/social_card.py", {"social card"}),
        ("rendering/compose/contact_sheet.py", {"contact sheet"}),
        ("rendering/operator_diagram/draw.py", {"diagram"}),
        ("rendering/viewer/data.py", {"viewer"}),
        ("execution/tiles.py", {"beside", "color", "film", "run", "viewer"}),
        ("execution/curves.py", {"beside", "run"}),
        ("costs/sequential.py", {"beside", "facts", "measured", "social card", "poster"}),
        (
            "settings/attributes.py",
            {"beside", "color", "measured", "scan", *SHEETS, "viewer"} - {"film"},
        ),
        ("settings/formats.py", {"scan", *SHEETS, "viewer"}),
        ("pipeline/products/scan.py", {"scan", "contact sheet", "poster", "social card"}),
        ("loading/wire.py", {"load", "lower", *RUNS}),
        ("placement/graphviz_process.py", {"layout", "diagram"}),
        ("costs/facts.py", {"beside", "facts", "measured", "social card", "poster"}),
    ],
)
def test_a_comment_makes_again_only_what_its_file_makes(
    copy: Path, file: str, changed: set[str]
) -> None:
    before = versions()
    path = copy / file
    path.write_text(path.read_text("utf-8") + "# A comment.\n", "utf-8")
    forget()
    after = versions()
    assert {name for name in before if before[name] != after[name]} == changed


def test_the_release_of_every_library_that_shapes_a_result_counts() -> None:
    """All packages that are imported are either known, Python's own, or draw nothing."""
    # The release of ONNX Runtime is part of the machine that a profile is kept for.
    draws_nothing = {"distributed", "filelock", "onnxruntime", "pathspec", "psutil", "rich"}
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                found.add(node.module.partition(".")[0])
    known = set(fingerprint.LIBRARIES) | draws_nothing | set(sys.stdlib_module_names) | {"gallery"}
    assert {"numpy", "onnx"} <= found
    assert found <= known


DRAWN = {"scan", "diagram", *SHEETS}


def test_a_release_is_what_python_says_of_it() -> None:
    for name in fingerprint.LIBRARIES.values():
        try:
            release = metadata.version(name)
        except metadata.PackageNotFoundError:
            release = ""
        assert fingerprint._release(name) == release


@pytest.mark.parametrize(
    ("library", "changed"),
    [
        ("fpdf2", {"poster"}),
        ("fontpkg-inter", DRAWN),
        ("fonttools", DRAWN),
        ("pillow", DRAWN),
        ("colorcet", {"color", "diagram", "poster", "viewer"}),
        ("pygraphviz", {"layout", "diagram"}),
        ("onnx", {"load", "lower", *RUNS}),
        ("protobuf", {"load", "lower", *RUNS}),
    ],
)
def test_another_release_of_a_library_is_another_version(
    copy: Path, monkeypatch: pytest.MonkeyPatch, library: str, changed: set[str]
) -> None:
    before = versions()
    upgrade(monkeypatch, library)
    after = versions()
    assert {name for name in before if before[name] != after[name]} == changed


def upgrade(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    release = fingerprint._release

    def newer(distribution: str) -> str:
        return release(distribution) + (".post1" if distribution == library else "")

    monkeypatch.setattr(fingerprint, "_release", newer)
    forget()


PUBLISHES = (
    *("jinja2", "markupsafe", "markdown-it-py", "nh3", "pillow", "pyyaml"),
    *("numpy", "fonttools", "fontpkg-inter", "colorcet"),
)


@pytest.mark.parametrize("library", PUBLISHES)
def test_another_release_of_a_library_publishes_again(
    monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    before = fingerprint.fingerprint(*MADE_BY)
    upgrade(monkeypatch, library)
    after = fingerprint.fingerprint(*MADE_BY)
    monkeypatch.undo()
    forget()
    assert after != before


def test_every_file_that_publishes_counts_for_the_site() -> None:
    found = {PACKAGE / file for file in fingerprint._closure(MADE_BY)}
    files = {path for path in (PACKAGE / "publishing").rglob("*.py") if path.name != "__init__.py"}
    assert {path.name for path in files - found} <= {"check.py", "addresses.py"}


def test_another_python_is_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = versions() | {"site": fingerprint.fingerprint(*MADE_BY)}
    monkeypatch.setattr(fingerprint, "_python", lambda: "3.99")
    forget()
    after = versions() | {"site": fingerprint.fingerprint(*MADE_BY)}
    monkeypatch.undo()
    forget()
    assert all(before[name] != after[name] for name in before if name != SOFTWARE)
