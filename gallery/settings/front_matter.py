"""Sidecars: a head of YAML between two lines of dashes, then Markdown."""

from __future__ import annotations

import yaml

from gallery.errors import SettingsError
from gallery.settings import checks
from gallery.settings.values import ATTRIBUTES, PASSES, SKELETONS, FrontMatter

HEAD_LIMIT = 64 * 1024
"""Longest head, in characters; a sidecar says a few lines."""

_TABLE: dict[str, checks.Check] = {
    "title": checks.text(300),
    "year": checks.integer(1900, 2200),
    "paper": checks.text(),
    "paper_url": checks.url,
    "authors": checks.names,
    "tags": checks.names,
    "family": checks.text(200),
    "licence": checks.text(500),
    "source": checks.url,
    "passes": checks.one_of(*PASSES),
    "vertices": checks.integer(1, 100_000_000),
    "skeleton": checks.one_of(*SKELETONS),
    "color": checks.one_of(*ATTRIBUTES),
    "seed": checks.integer(0, (1 << 31) - 1),
    "dims": checks.sizes_by_name,
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
    values, problems = checks.check_all(_TABLE, data, "")
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
