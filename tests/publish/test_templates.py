"""A user's templates, texts in other languages, and what a wrong template says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gallery.errors import PublishError
from gallery.publish import ImageFile, Site, SiteSettings
from gallery.publish.templates import environment, load_strings, render, template_directories
from tests.publish.sample_exhibits import make_exhibit


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    (folder / "strings").mkdir(parents=True)
    (folder / "css").mkdir()
    (folder / "js").mkdir()
    return folder


def test_a_users_template_wins(
    mine: Path, pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    (mine / "404.html").write_text(
        "{% extends 'layout.html' %}{% block content %}mine{% endblock %}"
    )
    (mine / "css" / "user.css").write_text("body { color: red; }")
    (mine / "js" / "extra.js").write_text("// mine")
    site = put([make_exhibit("a", pictures)], templates=mine)
    assert "mine" in (site.root / "404.html").read_text()
    (sheet,) = (site.root / "assets").glob("site.*.css")
    assert sheet.read_text().endswith("body { color: red; }")
    assert list((site.root / "assets").glob("extra.*.js"))


def test_another_language_fills_up_with_english(mine: Path, put: Callable[..., Site]) -> None:
    (mine / "strings" / "de.toml").write_text('[nav]\ngallery = "Galerie"\n', encoding="utf-8")
    site = put([], templates=mine, language="de-AT")
    text = (site.root / "index.html").read_text(encoding="utf-8")
    assert '<html lang="de-AT">' in text
    assert ">Galerie</a>" in text
    assert ">Compare</a>" in text


def test_a_language_without_texts(put: Callable[..., Site]) -> None:
    with pytest.raises(PublishError, match="no texts in the language 'xx'"):
        put([], language="xx")


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="does not exist"):
        template_directories(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{% if %}", "Expected an expression"),
        ("{% include 'gone.html' %}", "no template 'gone.html'"),
        ("{{ unknown }}", "printed None"),
        ("{{ t.index.clear }}", "printed"),
    ],
)
def test_a_wrong_template_says_so(mine: Path, text: str, message: str) -> None:
    (mine / "wrong.html").write_text(text)
    env = environment(SiteSettings(templates=mine))
    with pytest.raises(PublishError, match=message):
        render(env, "wrong.html", unknown=None)


def test_texts_that_are_no_toml(mine: Path) -> None:
    (mine / "strings" / "en.toml").write_text("= 3")
    with pytest.raises(PublishError, match="no TOML"):
        load_strings("en", template_directories(mine))


def test_everything_printed_is_escaped_and_cleaned() -> None:
    env = environment(SiteSettings())
    out = env.from_string("{{ a }}").render(a="<b>\x00\u202e'\"&")
    assert out == "&lt;b&gt;\ufffd&#39;&#34;&amp;"


def test_templates_are_short() -> None:
    (folder,) = template_directories()
    for path in folder.rglob("*.html"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 100, path.name
