"""A user's templates, texts in other languages, and what a wrong template says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gallery.errors import PublishError, SettingsError
from gallery.publishing import Exhibit, ImageFile, Site, SiteSettings
from gallery.publishing.assets.directories import template_directories
from gallery.publishing.assets.strings import load_strings
from gallery.publishing.assets.templates import environment, render
from gallery.settings.attributes import TABLE
from tests.publishing.sample_exhibits import make_exhibit


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


def test_any_template_can_be_a_users(
    mine: Path, exhibits: list[Exhibit], put: Callable[..., Site]
) -> None:
    house = template_directories()[0]
    marks = {}
    for path in house.rglob("*.html"):
        name = path.relative_to(house).as_posix()
        # The viewer, and the figures of the lesson, need a viewer's data; a label has no element.
        if name in ("viewer/page.html", "parts/figures.html", "parts/label.html"):
            continue
        marks[name] = f"data-mine-{name.replace('/', '-').removesuffix('.html')}"
        text = re.sub(r"<([a-z]\w*)(?=[ >])", rf"<\1 {marks[name]}", path.read_text("utf-8"))
        (mine / name).parent.mkdir(parents=True, exist_ok=True)
        (mine / name).write_text(text, encoding="utf-8")
    site = put(exhibits, templates=mine)
    pages = "".join((site.root / page).read_text(encoding="utf-8") for page in site.pages)
    assert [name for name, mark in marks.items() if mark not in pages] == []


def test_colours_stand_in_one_file() -> None:
    sheets = sorted((template_directories()[0] / "css").glob("*.css"))
    assert len(sheets) > 1
    for sheet in sheets:
        colours = re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", sheet.read_text())
        assert bool(colours) == (sheet.name == "theme.css"), sheet.name


def test_a_users_colours_win(mine: Path, put: Callable[..., Site]) -> None:
    (mine / "css" / "theme.css").write_text(":root { --ground: navy; }")
    site = put([], templates=mine)
    (sheet,) = (site.root / "assets").glob("site.*.css")
    assert sheet.read_text().startswith(":root { --ground: navy; }")
    assert "--ground: #000" not in sheet.read_text()


def test_every_text_is_in_the_strings() -> None:
    folder = template_directories()[0]
    paths = [path for path in folder.glob("**/*.html") if path.parent.name != "viewer"]
    assert len(paths) > 10
    for path in paths:
        text = re.sub(r"{% block body_class %}.*?{% endblock %}", "", path.read_text("utf-8"))
        text = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", text, flags=re.DOTALL)
        words = re.findall(r">\s*([A-Za-z]{3,}[^<{]*)<", text)
        assert words == [], (path.name, words)


def test_every_attribute_has_a_title() -> None:
    titles = environment(SiteSettings()).globals["t"]["attribute"]
    assert set(titles) == set(TABLE)
    assert titles["exchange"] == TABLE["exchange"].title
    assert titles["flops"] == TABLE["flops"].title


def test_another_language_fills_up_with_english(mine: Path, put: Callable[..., Site]) -> None:
    (mine / "strings" / "de.toml").write_text('[nav]\ngallery = "Galerie"\n', encoding="utf-8")
    site = put([], templates=mine, language="de-AT")
    text = (site.root / "index.html").read_text(encoding="utf-8")
    assert '<html lang="de-AT">' in text
    assert ">Galerie</a>" in text
    assert ">Compare</a>" in text


def test_a_language_without_texts(put: Callable[..., Site]) -> None:
    with pytest.raises(SettingsError, match="no texts in the language 'xx'"):
        put([], language="xx")


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere, which is not a directory"):
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


def test_texts_that_are_not_toml(mine: Path) -> None:
    (mine / "strings" / "en.toml").write_text("= 3")
    with pytest.raises(SettingsError, match=r"en\.toml cannot be read"):
        load_strings("en", template_directories(mine))


def test_everything_printed_is_escaped_and_cleaned() -> None:
    env = environment(SiteSettings())
    out = env.from_string("{{ a }}").render(a="<b>\x00\u202e'\"&")
    assert out == "&lt;b&gt;\ufffd&#39;&#34;&amp;"


def test_templates_are_short() -> None:
    (folder,) = template_directories()
    paths = list(folder.rglob("*.html"))
    assert len(paths) > 10
    for path in paths:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 100, path.name
