"""Sidecars: a head of YAML between two lines of dashes, then Markdown."""

from __future__ import annotations

import yaml

from gallery import fields
from gallery.errors import SettingsError
from gallery.settings import ATTRIBUTES, PASSES, SKELETONS, FrontMatter

HEAD_LIMIT = 64 * 1024
"""Longest head, in characters; a sidecar says a few lines."""

_TABLE: dict[str, fields.Check] = {
    "title": fields.text(300),
    "year": fields.integer(1900, 2200),
    "paper": fields.text(),
    "paper_url": fields.url,
    "authors": fields.names,
    "tags": fields.names,
    "family": fields.text(200),
    "licence": fields.text(500),
    "source": fields.url,
    "passes": fields.one_of(*PASSES),
    "vertices": fields.integer(1, 100_000_000),
    "skeleton": fields.one_of(*SKELETONS),
    "color": fields.one_of(*ATTRIBUTES),
    "seed": fields.integer(0, (1 << 31) - 1),
    "dims": fields.sizes_by_name,
}


def split(sidecar: str) -> tuple[str, str]:
    r"""The head and the prose of a sidecar; the head is "" where there is none.

    >>> split("---\ntitle: A\n---\nText.")
    ('title: A\n', 'Text.')
    >>> split("Text.")
    ('', 'Text.')
    """
    lines = sidecar.removeprefix("\ufeff").splitlines(keepends=True)
    if not lines or lines[0].rstrip() != "---":
        return "", sidecar
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() == "---":
            return "".join(lines[1:number]), "".join(lines[number + 1 :]).lstrip("\n")
    return "", sidecar


def front_matter(sidecar: str, model: str) -> tuple[FrontMatter, str]:
    """Read a sidecar.

    Args:
        sidecar: Its whole text.
        model: Name of the model, for the error.

    Returns:
        The head as checked values and the prose, which is Markdown.

    Raises:
        SettingsError: The head is no YAML table or values are wrong; all of them are named.
    """
    head, prose = split(sidecar)
    data = _yaml(head, model)
    values, problems = fields.check_all(_TABLE, data, "")
    if problems:
        hint = "mend the front matter of the sidecar"
        raise SettingsError("; ".join(problems), model, hint)
    return FrontMatter(**values), prose


def _yaml(head: str, model: str) -> dict[object, object]:
    hint = "the head of a sidecar is lines such as `title: ResNet-50` between two lines of ---"
    if len(head) > HEAD_LIMIT:
        raise SettingsError(f"the front matter has {len(head)} characters", model, hint)
    try:
        data = yaml.safe_load(head)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        what = " ".join(str(error).split())[:200]
        raise SettingsError(f"the front matter is no YAML: {what}", model, hint) from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        kind = type(data).__name__
        raise SettingsError(f"the front matter is a {kind}, not a table", model, hint)
    # A key that is written and left empty means the default.
    return {key: value for key, value in data.items() if value is not None}
