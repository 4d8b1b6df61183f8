"""The words about a model: a head of YAML or TOML, then Markdown.

What is wrong in them costs those words and is noted; it never keeps a model from its scan.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from gallery.settings.cards import KEYS, Card, card_of, is_paper, licence, paper
from gallery.settings.fields import names, read
from gallery.settings.heads import Head, split
from gallery.settings.plain_text import FormError, read_toml, read_yaml
from gallery.settings.values import FrontMatter

HEAD_LIMIT = 1 << 20
"""Most characters of front matter; embedding models list results of thousands of tests there."""

PROSE_LIMIT = 256 << 10
"""Most characters of prose that a page shows."""

MOST_TAGS = 64
"""Most tags of a model; a hub takes any number."""

_FORMS = {"yaml": ("YAML", read_yaml), "toml": ("TOML", read_toml)}
_NEAR = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a sidecar or a model card says.

    Attributes:
        front: The gallery's own keys, checked, with defaults.
        card: The keys of a model card.
        prose: Markdown.
        notes: What was left out and why, in sentences.
    """

    front: FrontMatter = field(default_factory=FrontMatter)
    card: Card = field(default_factory=Card)
    prose: str = ""
    notes: tuple[str, ...] = ()


@lru_cache(maxsize=16)
def words_of(text: str) -> Words:
    """Read a sidecar or a model card; exports that lie together share theirs.

    Args:
        text: The whole file.
    """
    head = split(text)
    values, notes = _values(head)
    if len(head.prose) > PROSE_LIMIT:
        found = f"the prose has {len(head.prose):,} characters, more than {PROSE_LIMIT:,}"
        notes.append(f"{found}, so it is not shown; shorten it")
        head = replace(head, prose="")
    own, others = names(FrontMatter), set(values)
    known = {key: value for key, value in values.items() if key in own}
    if "license" in values or "license_name" in values:
        known["license"] = licence(values)
    tags = known.get("tags")
    if isinstance(tags, list) and len(tags) > MOST_TAGS:
        known["tags"] = tags[:MOST_TAGS]
        notes.append(f"tags has {len(tags):,} values; the first {MOST_TAGS} count")
    # A key without a value means the default.
    front, problems = read(FrontMatter, {k: v for k, v in known.items() if v is not None})
    card = card_of({key: values[key] for key in values if key not in own})
    near = [told for key in sorted(others - set(own) - KEYS) if (told := _near(key, own))]
    return Words(
        front=_with_paper(front, head.prose),
        card=card,
        prose=head.prose,
        notes=(*notes, *problems, *near),
    )


def _values(head: Head) -> tuple[Mapping[str, Any], list[str]]:
    """The values of a head by key, and what is wrong with its form."""
    notes = [head.problem] if head.problem else []
    if not head.form:
        return {}, notes
    name, parse = _FORMS[head.form]
    if (size := len(head.text.lstrip("\n"))) > HEAD_LIMIT:
        found = f"the front matter has {size:,} characters, more than {HEAD_LIMIT:,}"
        return {}, [*notes, f"{found}; shorten it"]
    try:
        values, told = parse(head.text)
    except FormError as error:
        where = f"line {error.line}: " if error.line else ""
        hint = f"; {error.hint}" if error.hint else ""
        return {}, [*notes, f"{where}the front matter is not valid {name}: {error}{hint}"]
    notes += told
    if values is not None and not isinstance(values, dict):
        found = "a list" if isinstance(values, list) else "a text"
        hint = "write lines such as `title: ResNet-50`"
        return {}, [*notes, f"the front matter is {found}, not a table; {hint}"]
    return values or {}, notes


def _with_paper(front: FrontMatter, prose: str) -> FrontMatter:
    """The front matter with the paper that tags or prose name, unless it has one of its own."""
    found = front.paper_url or paper(front.tags, prose)
    tags = tuple(tag for tag in front.tags if not is_paper(tag))
    return replace(front, paper_url=found, tags=tags)


def _near(key: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(key[:100], known, 1, _NEAR)
    return f"{key[:100]!r} is not a setting (did you mean {near[0]}?)" if near else ""
