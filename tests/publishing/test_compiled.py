"""Templates are compiled once a process, but for what shapes their code."""

from __future__ import annotations

import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from gallery.publishing import SiteSettings
from gallery.publishing.assets import compiled
from gallery.publishing.assets.sandbox import Sandbox
from gallery.publishing.assets.templates import environment, render


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A directory of templates whose `odd.html` holds a constant that a text replaces."""
    (tmp_path / "strings").mkdir()
    (tmp_path / "strings" / "xx.toml").write_text('unknown = "nescio"')
    (tmp_path / "odd.html").write_text("{{ none | count }}")
    return tmp_path


def page(mine: Path, language: str = "en") -> str:
    return render(environment(SiteSettings(templates=mine, language=language)), "odd.html")


def test_an_edited_template_or_text_and_another_language_show(mine: Path) -> None:
    english = page(mine)
    assert (page(mine, "xx"), page(mine)) == ("nescio", english) != (english, english)
    (mine / "strings" / "xx.toml").write_text("unknown = 'whenever'\nday = 2020-02-02")
    assert page(mine, "xx") == "whenever"
    (mine / "odd.html").write_text("new")
    assert page(mine, "xx") == "new"


def test_the_same_is_not_compiled_again(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = page(mine)
    monkeypatch.setattr(Sandbox, "compile", None)
    assert page(mine) == before


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where compiled templates are kept on disk, empty."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "compiled"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    compiled._kept.clear()
    return Path(cache_from_source(compiled.__file__)).parent


def moved(monkeypatch: pytest.MonkeyPatch | None = None) -> str:
    """A page from a template of the program, in another process as far as templates go."""
    compiled._kept.clear()
    env = environment(SiteSettings())
    if monkeypatch:
        monkeypatch.setattr(Sandbox, "compile", None)
    return env.get_template("parts/how.html").name or ""


def test_another_process_does_not_compile_the_programs_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved()
    assert list(folder.glob("template-*"))
    assert moved(monkeypatch) == "parts/how.html"


def test_a_damaged_file_is_compiled_again(folder: Path) -> None:
    moved()
    file = next(folder.glob("template-*"))
    whole = file.read_bytes()
    for content in (b"", whole[:40], whole[:-1] + bytes([whole[-1] ^ 1])):
        file.write_bytes(content)
        assert moved() == "parts/how.html"
        assert file.read_bytes() == whole


def test_a_users_templates_are_not_kept_on_disk(folder: Path, mine: Path) -> None:
    page(mine)
    assert not folder.exists()
