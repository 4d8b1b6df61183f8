"""Nothing that a model or sidecar says runs, leaves its place, or becomes markup: a real build."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from gallery.cli.main import main
from tests.browser.chromium import Browser
from tests.conftest import SETTINGS, run_gallery
from tests.hostile import FILE_NAMES, NASTY, hostile_model, hostile_sidecar
from tests.onnx_text import write

pytestmark = pytest.mark.browser

EVERYTHING = ("diagram", "poster", "viewer")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, without_workers: None) -> Path:
    """A gallery of hostile models, built by the command with all pictures."""
    folder = tmp_path_factory.mktemp("hostile")
    models = folder / "models"
    for name in FILE_NAMES:
        path = write(models, hostile_model(), name)
        path.with_suffix(".md").write_text(hostile_sidecar(), "utf-8")
    (models / f"bad{FILE_NAMES[0]}").write_text(NASTY)
    write(models, hostile_model(), "side.onnx")
    (models / "side.md").write_text(f"---\nyear: {json.dumps(NASTY)}\n---\n")
    settings = SETTINGS
    for name in EVERYTHING:
        settings = settings.replace(f"{name} = false", f"{name} = true")
    settings = settings.replace("[variants]", "[variants]\nposter_dpi = 30")
    settings = settings.replace('title = "Small nets"', f"title = {json.dumps(NASTY[:290])}")
    (models / "gallery.toml").write_text(settings)
    reports = ("--summary", folder / "summary.md", "--junit", folder / "junit.xml")
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        main([*map(str, ("build", models, "-o", folder / "site", *reports))])
    (folder / "output.txt").write_text(said.getvalue(), "utf-8")
    assert "3 built, 1 failed" in said.getvalue()
    return folder


def test_nothing_leaves_its_place(built: Path) -> None:
    assert sorted(path.name for path in built.iterdir()) == [
        ".cache", ".site.lock", "junit.xml", "models", "output.txt", "site", "summary.md"
    ]  # fmt: skip
    # A tag of that name has a page, where the pages of tags are.
    found = {one.parent.relative_to(built) for one in built.rglob("escaped")}
    assert found <= {Path("site/tag")}
    names = [path.relative_to(built / "site").as_posix() for path in (built / "site").rglob("*")]
    assert [name for name in names if not re.fullmatch(r"[a-zA-Z0-9._/-]+", name)] == []
    checked = json.loads(run_gallery("check", built / "site", "--json").stdout)
    wrong = [one for one in checked["problems"] if "links to ../../../../etc/passwd" not in one]
    assert wrong == [], "a link in prose that leads nowhere is told, and all that is wrong"


def test_reports_stay_whole(built: Path) -> None:
    output = (built / "output.txt").read_text("utf-8")
    assert "Traceback" not in output
    assert not set("\x1b\x07\x00\r\u202e\u2066\u2028") & set(output)
    suite = ET.fromstring((built / "junit.xml").read_text("utf-8"))
    assert [case.tag for case in suite] == ["testcase"] * 4
    summary = (built / "summary.md").read_text("utf-8")
    assert "<script" not in summary
    assert "<img" not in summary
    rows = [line for line in summary.splitlines() if line.startswith("| ")]
    assert {line.count("|") for line in rows} == {6}


def pages(site: Path) -> list[str]:
    kinds = (".html", ".svg")
    return [
        path.relative_to(site).as_posix()
        for path in sorted(site.rglob("*"))
        if path.suffix in kinds or path.name == "feed.xml"
    ]


def test_nothing_runs_in_a_browser(built: Path, browser: Browser) -> None:
    site = built / "site"
    base = site.as_uri() + "/"
    shown = pages(site)
    assert len([name for name in shown if name.endswith("viewer/index.html")]) == 3
    for name in shown:
        browser.open(base + name)
        state = browser.driver.execute_script(
            "return [window.hit, [...document.querySelectorAll('a[href]')]"
            ".map((one) => one.protocol || ''), document.querySelectorAll("
            '\'script:not([src]):not([type="application/ld+json"]), iframe, object, base,'
            " form[action]').length]"
        )
        assert state[0] is None, name
        assert set(state[1]) <= {"file:", "https:", "http:", ""}, name
        # The page for wrong addresses carries its own two scripts, by digest in its policy.
        assert state[2] == (2 if name == "404.html" else 0), name
        assert [one for one in browser.errors() if "swiftshader" not in one] == [], name
        outside = [
            one for one in browser.requests() if not one.startswith((base, "data:", "blob:"))
        ]
        assert outside == [], name
