"""Sidecars: YAML front matter between two lines of dashes, then Markdown."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import yaml

from gallery.errors import SettingsError
from gallery.settings.fields import names, read
from gallery.settings.values import FrontMatter

HEAD_LIMIT = 16 * 1024
"""Most characters of front matter, which is a few lines in practice."""


LONGEST_NUMBER = 100
"""Most digits of a number in the front matter."""

_SURROGATE = re.compile("[\ud800-\udfff]")

DEEPEST = 8
"""Most lists and tables within each other in the front matter."""


def split(sidecar: str) -> tuple[str, str]:
    r"""The front matter and the prose of a sidecar; the front matter is "" if there is none.

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
        The front matter as checked values, and the prose, which is Markdown.

    Raises:
        SettingsError: The front matter is not a YAML table, or values are wrong; all are named.
    """
    head, prose = split(sidecar)
    front, problems = read(FrontMatter, _yaml(head, model))
    if problems:
        hint = "correct the front matter of the sidecar"
        raise SettingsError("; ".join(problems), model, hint)
    return front, prose


def _yaml(head: str, model: str) -> dict[object, object]:
    hint = "write lines such as `title: ResNet-50` between two lines of ---"
    if len(head) > HEAD_LIMIT:
        found = f"the front matter has {len(head)} characters, more than {HEAD_LIMIT}"
        raise SettingsError(found, model, hint)
    try:
        data = yaml.load(head, _Loader)  # noqa: S506 - a SafeLoader
    except Exception as error:  # PyYAML's constructors raise whatever their code comes across
        what = " ".join(str(error).split())[:200]
        raise SettingsError(f"the front matter is not valid YAML: {what}", model, hint) from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        kind = type(data).__name__
        raise SettingsError(f"the front matter is a {kind}, not a table", model, hint)
    # A key without a value means the default.
    known = names(FrontMatter)
    return {key: value for key, value in data.items() if value is not None or key not in known}


class _Loader(yaml.SafeLoader):
    """Loads plain YAML and refuses what makes small text large, and duplicate keys.

    PyYAML would take the last of duplicate keys, recurse into lists in lists, and multiply what
    merge keys and aliases repeat.
    """

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Build the tree of a value."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        problem = ""
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            problem = "anchors and aliases (& and *) are not allowed; write the text in quotes"
        elif getattr(event, "tag", None):
            problem = "tags (!) are not allowed; write the text in quotes"
        elif isinstance(event, yaml.ScalarEvent) and _SURROGATE.search(event.value):
            problem = "half of a surrogate pair is not a character"
        elif self.depth == DEEPEST:
            problem = f"lists or tables are nested more than {DEEPEST} deep"
        if problem:
            raise yaml.constructor.ConstructorError(None, None, problem, event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def number(self, node: yaml.ScalarNode) -> object:
        """A number, unless it has so many digits that Python refuses to write it."""
        if len(node.value) > LONGEST_NUMBER:
            problem = f"a number has more than {LONGEST_NUMBER} digits"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        whole = node.tag.endswith(":int")
        return self.construct_yaml_int(node) if whole else self.construct_yaml_float(node)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a table."""
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        twice = [key[:60] for key, count in keys.items() if count > 1]
        if twice:
            raise yaml.YAMLError(f"{', '.join(twice)} is given more than once")
        return super().construct_mapping(node, deep)


for _tag in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _Loader.number)
