"""The viewer's page and its files; everything is static and works from disk.

The data are a script that passes a string to the viewer, because a page on `file://` may load
scripts but neither files nor modules. The viewer's scripts are joined in the order of `SCRIPTS`.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gallery.errors import DamagedFileError, PublishError
from gallery.publishing.assets.directories import find, template_directories
from gallery.publishing.assets.files import ResponsivePicture
from gallery.publishing.assets.sandbox import Sandbox
from gallery.publishing.assets.strings import viewer_strings
from gallery.publishing.assets.templates import render
from gallery.publishing.settings import SiteSettings
from gallery.rendering.provenance import Provenance

SCRIPTS = (
    "decode", "graph", "ground", "shaders", "program", "judge", "fit", "tone", "gaps", "lists",
    "sheet", "compose", "renderer", "camera", "space", "gestures", "tilt", "colour", "panel",
    "tree", "card", "order", "run", "strip", "play", "diagram", "address", "main",
)  # fmt: skip
"""The viewer's scripts in the order in which they are joined."""


_COMMENT = b"// "
_HEAD = b'GalleryViewer.data("'
_TAIL = b'");\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerPage:
    """What the viewer's page shows of a model.

    Attributes:
        slug: The model's directory.
        title: Its name for visitors.
        pictures: By ground, the still picture that is shown until the viewer has drawn; on a ground
            that has none, that of the other.
        alt: Alternative text of the pictures.
        icon: Path of the site's icon from its root.
        diagram: The operator diagram as SVG, whose boxes name their operators, or "".
        icon_type: Media type of the icon.
    """

    slug: str
    title: str
    pictures: Mapping[str, ResponsivePicture] = field(default_factory=dict)
    alt: str = ""
    icon: str = "assets/icon.svg"
    diagram: str = ""
    icon_type: str = "image/svg+xml"


def viewer_files(
    env: Sandbox, data: bytes, page: ViewerPage, settings: SiteSettings
) -> dict[str, bytes]:
    """All files that the viewer of one model needs; those that models share have the same name.

    Args:
        env: The site's templates (`gallery.publishing.assets.templates.environment`).
        data: From `viewer_data`.
        page: What the page shows.
        settings: The site's settings.

    Returns:
        Content by path from the site's root; the page is `<slug>/viewer/index.html`.

    Raises:
        DamagedFileError: The data are not the viewer's.
        PublishError: A template is missing or wrong.
    """
    # Most galleries have no viewer to make and must not wait for numba.
    from gallery.rendering.viewer.check import checked  # noqa: PLC0415

    try:
        head, _ = checked(data)
        made = Provenance.of(head.get("provenance")).comment().encode("ascii")
    except ValueError as error:
        found = f"the viewer's data are damaged: {error}"
        hint = "delete the cache and build again"
        raise DamagedFileError(found, page.slug, hint) from error
    directories = template_directories(settings.templates)
    script = _join([f"viewer/{name}.js" for name in SCRIPTS], directories)
    style = _join(["css/theme.css", "viewer/viewer.css"], directories)
    load = _COMMENT + made + b"\n" + _HEAD + base64.b64encode(data) + _TAIL
    theme = _join(["js/theme.js"], directories)
    js, css = _named("viewer", "js", script), _named("viewer", "css", style)
    switch = _named("theme", "js", theme)
    packed = _named(f"{page.slug}-viewer", "js", load)
    files = {js: script, css: style, switch: theme, packed: load}
    diagram = ""
    if page.diagram:
        drawing = base64.b64encode(zlib.compress(page.diagram.encode("utf-8"), 9))
        show = b'GalleryViewer.diagram("' + drawing + b'");\n'
        diagram = _named(f"{page.slug}-operators", "js", show)
        files[diagram] = show
    html = render(
        env,
        "viewer/page.html",
        page=page,
        v=viewer_strings(settings.language, directories),
        root="../../",
        css=css,
        js=js,
        theme=switch,
        data=packed,
        diagram=diagram,
        icon=page.icon,
        frame={"frame": head["frame"], "share": head["look"]["share"]},
        icon_type=page.icon_type,
        whole=head["whole"],
        shown=head["shown"],
        run=head.get("run"),
    )
    path = f"{page.slug}/viewer/index.html"
    return {path: html.encode("utf-8"), **files}


def viewer_content(script: bytes) -> bytes | None:
    """The data in a script that `viewer_files` made; None if it is another script."""
    if script.startswith(_COMMENT):
        script = script.partition(b"\n")[2]
    if not (script.startswith(_HEAD) and script.endswith(_TAIL)):
        return None
    try:
        return base64.b64decode(script[len(_HEAD) : -len(_TAIL)], validate=True)
    except ValueError:
        return None


def _named(stem: str, suffix: str, content: bytes) -> str:
    """A path in the assets with eight digits of the content's hash."""
    return f"assets/{stem}.{hashlib.sha256(content).hexdigest()[:8]}.{suffix}"


def _join(names: list[str], directories: tuple[Path, ...]) -> bytes:
    """Files of the templates, joined."""
    parts = []
    for name in names:
        path = find(name, directories)
        if path is None:
            raise PublishError(f"{name} is missing from the templates")
        parts.append(path.read_text(encoding="utf-8"))
    return "\n".join(parts).encode("utf-8")
