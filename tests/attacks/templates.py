"""Attacks by a user's own templates."""

from __future__ import annotations

from tests.attacks.frame import Ground, attack

ENDLESS = "".join(f"{{% for a{i} in range(99999) %}}" for i in range(5)) + "{% endfor %}" * 5
WRONG = {
    "reaches out": "\n{{ ''.__class__.__mro__ }}",
    "many": "\n{% for a in range(10**9) %}{% endfor %}",
    "endless": "\n" + ENDLESS,
    "recursive": "\n{% include '404.html' %}",
    "divides": "\n{{ 1 / 0 }}",
    "large": "\n{{ 'a' * 10**10 }}",
}


def _template(ground: Ground, text: str, name: str = "404.html") -> None:
    path = ground.models / "mine" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    settings = ground.models / "gallery.toml"
    written = settings.read_text().removeprefix('templates = "mine"\n')
    settings.write_text('templates = "mine"\n' + written)


@attack("templates", "a template that fails or never ends is named with its line")
def failing(ground: Ground) -> None:
    for text in WRONG.values():
        _template(ground, text)
        ground.build().told(2, "template 404.html, line 2: ")
        assert not ground.site.exists()


@attack("templates", "a template that is not one is refused before any work", short=True)
def syntax(ground: Ground) -> None:
    _template(ground, "\n{% if %}", "parts/facts.html")
    ground.build().told(2, "template parts/facts.html, line 2: ")
    assert not (ground.folder / ".cache").exists()


@attack("templates", "links that lead out of the templates are refused", short=True)
def links(ground: Ground) -> None:
    (ground.folder / "secret").write_text("secret")
    _template(ground, "", "css/user.css")
    for name in ("404.html", "css/more.css", "js", "strings/en.toml", "img/icon.svg"):
        place = ground.models / "mine" / name
        place.parent.mkdir(exist_ok=True)
        place.symlink_to(ground.folder / "secret")
        ground.build().told(2, f"{name} in the templates is a link that leads out")
        place.unlink()
