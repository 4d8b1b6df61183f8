"""A user's templates, texts in other languages, and what a wrong template says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gallery.errors import PublishError, SettingsError
from gallery.publishing import Exhibit, ImageFile, Site, SiteSettings
from gallery.publishing.assets import sandbox
from gallery.publishing.assets.directories import template_directories
from gallery.publishing.assets.strings import load_strings
from gallery.publishing.assets.templates import environment, render
from gallery.publishing.settings import check_site
from gallery.settings.attributes import TABLE
from tests.publishing.sample_exhibits import make_exhibit

LOOPS = "".join(f"{{% for a{i} in range(99999) %}}" for i in range(5)) + "{% endfor %}" * 5
TWICE = """{% macro a(n) %}{% if n %}{{ a(n - 1) }}{{ a(n - 1) }}{% endif %}{% endmacro %}
{{ a(99) }}"""


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
    mine: Path,
    exhibits: list[Exhibit],
    pictures: tuple[ImageFile, ...],
    put: Callable[..., Site],
) -> None:
    low = make_exhibit("low", pictures)
    exhibits = [
        *exhibits,
        make_exhibit("one", pictures, whole="pair/", role="encoder", exports=(low,)),
        make_exhibit("two", pictures, whole="pair/", role="decoder", rank=1),
        make_exhibit("film", pictures, files={"film": pictures[-1:] * 3}),
    ]
    house = template_directories()[0]
    marks = {}
    for path in house.rglob("*.html"):
        name = path.relative_to(house).as_posix()
        # The viewer, and the figures of the lesson, need a viewer's data; a label has no element.
        if name.startswith("viewer/") or name in ("parts/figures.html", "parts/label.html"):
            continue
        marks[name] = f"data-mine-{name.replace('/', '-').removesuffix('.html')}"
        text = re.sub(r"<([a-z]\w*)(?=[ >])", rf"<\1 {marks[name]}", path.read_text("utf-8"))
        (mine / name).parent.mkdir(parents=True, exist_ok=True)
        (mine / name).write_text(text, encoding="utf-8")
    site = put(exhibits, templates=mine)
    pages = "".join(path.read_text(encoding="utf-8") for path in site.root.rglob("*.html"))
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


def test_apostrophes_of_texts_are_typographic() -> None:
    (folder,) = template_directories()
    for path in (folder / "strings" / "en.toml", folder / "viewer" / "strings" / "en.toml"):
        said = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
        assert [line for line in said if re.search(r"[a-z]'", line)] == []


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
        ("{{ t.index.get }}", "printed"),
        ("{{ t.index.clear() }}", "line 1: access to attribute 'clear' of 'dict' object is unsafe"),
        ("\n{{ ''.__class__ }}", "line 2: access to attribute '__class__'"),
        ("{{ site.__init__.__globals__ }}", "line 1: access to attribute '__init__'"),
        ("{{ '{0.__class__}'.format(1) }}", "line 1: access to attribute '__class__'"),
        ("{{ '{a.__class__}'|fill(a=1) }}", "line 1: access to attribute '__class__'"),
        ("{{ lipsum(999) }}", "'lipsum' is undefined"),
        ("\n{{ 1 / 0 }}", "line 2: ZeroDivisionError: division by zero"),
        ("{% for a in range(10**9) %}{% endfor %}", "line 1: OverflowError: Range too big"),
        (LOOPS, "line 1: the page takes more than 200000 steps"),
        (TWICE, "wrong.html, line 1: the page takes more than"),
        ("{% macro a() %}\n{{ a() }}{% endmacro %}{{ a() }}", "line 2: RecursionError"),
        ("{% include 'wrong.html' %}", "wrong.html, line 1: RecursionError"),
        ("{{ 'a' * 10**9 }}", "line 1: a product is too large"),
        ("{{ [1] * 10**9 }}", "line 1: a product is too large"),
        ("{{ 9 ** 10**9 }}", "line 1: a power has too large"),
        ("{{ 'a'|nothing }}", "No filter named 'nothing'"),
        ("{% for a in nothing %}{% endfor %}", "'nothing' is undefined"),
        ("{% for a in 3 %}{% endfor %}", "'int' object is not iterable"),
    ],
)
def test_a_wrong_template_says_so(
    mine: Path, text: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "MOST_STEPS", 200_000)
    (mine / "wrong.html").write_text(text)
    env = environment(SiteSettings(templates=mine))
    with pytest.raises(PublishError) as caught:
        render(env, "wrong.html", unknown=None)
    assert message in caught.value.found


def test_loops_know_where_they_are() -> None:
    text = "{% for a in values %}{{ loop.index }}/{{ loop.length }}{{ a }} {% endfor %}"
    env = environment(SiteSettings())
    made = env.from_string(text)
    assert made.render(values="ab") == "1/2a 2/2b "
    assert made.render(values=iter("ab")) == "1/2a 2/2b "
    assert env.from_string(TREE).render(tree=[[[], []], []]) == "((()())())"


TREE = "({% for a in tree recursive %}({{ loop(a) }}){% endfor %})"


def test_steps_are_counted_page_by_page(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MOST_STEPS", 50)
    (mine / "page.html").write_text("{% for a in range(3) %}{% endfor %}")
    env = environment(SiteSettings(templates=mine))
    for _ in range(9):
        render(env, "page.html")


def test_a_mistake_of_ours_is_not_blamed_on_a_template(mine: Path) -> None:
    (mine / "mine.html").write_text("{{ fails() }}")

    def fails() -> None:
        raise ZeroDivisionError

    env = environment(SiteSettings(templates=mine))
    with pytest.raises(ZeroDivisionError):
        render(env, "layout.html", root="", static=None, path="", t=Failing(), inline=None)
    with pytest.raises(PublishError, match=r"mine\.html, line 1: ZeroDivisionError"):
        render(env, "mine.html", fails=fails)


class Failing:
    def __getattr__(self, name: str) -> object:
        raise ZeroDivisionError(name)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a/b.html", b"\n{% if %}", r"a/b\.html, line 2: Expected an expression"),
        ("a.html", b"{{ 1|nothing }}", r"a\.html, line 1: No filter named 'nothing'"),
        ("a.html", b"{{ " + b"(" * 9999 + b" }}", r"a\.html: RecursionError"),
        ("a.html", b"\xff", r"a\.html in the templates cannot be read"),
        ("css/site.css", b"\xff", r"css/site\.css in the templates cannot be read"),
        ("viewer/main.js", b"\xff", r"viewer/main\.js in the templates cannot be read"),
        ("strings/en.toml", b"a = " + b"[" * 9999, r"en\.toml cannot be read"),
        ("strings/en.toml", b"a = " + b"9" * 9999, r"en\.toml cannot be read"),
    ],
)
def test_mistakes_show_before_any_work(mine: Path, name: str, content: bytes, message: str) -> None:
    (mine / name).parent.mkdir(exist_ok=True)
    (mine / name).write_bytes(content)
    with pytest.raises(SettingsError, match=message):
        check_site(SiteSettings(templates=mine))


@pytest.mark.parametrize("name", ["index.html", "css/user.css", "js/a.js", "strings/de.toml"])
def test_a_link_out_of_the_templates_is_refused(mine: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("secret")
    link(mine / name, tmp_path / "secret")
    with pytest.raises(SettingsError, match=f"{name} in the templates is a link that leads out"):
        check_site(SiteSettings(templates=mine))


def test_a_linked_folder_out_of_the_templates_is_refused(mine: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link(mine / "parts", tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match="parts in the templates is a link that leads out"):
        check_site(SiteSettings(templates=mine))


def test_links_within_the_templates_may_stay(mine: Path, tmp_path: Path) -> None:
    (mine / "css" / "mine.css").write_text("body {}")
    link(mine / "css" / "user.css", mine / "css" / "mine.css")
    link(tmp_path / "linked", mine)
    check_site(SiteSettings(templates=tmp_path / "linked"))


def link(place: Path, target: Path) -> None:
    try:
        place.symlink_to(target)
    except OSError:
        pytest.skip("links cannot be made here")


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
