"""Templates are compiled once a process, but for what shapes their code."""

from __future__ import annotations

from pathlib import Path

import pytest

from gallery.publishing import SiteSettings
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
