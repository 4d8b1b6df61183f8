"""What a page is made from, as a digest: two pages with the same digest are the same."""

from __future__ import annotations

import hashlib
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from io import BytesIO
from typing import Any

from gallery.cache import cache_key
from gallery.fingerprint import fingerprint
from gallery.publishing.assets.directories import digest_of, template_directories
from gallery.publishing.assets.sandbox import Sandbox
from gallery.publishing.assets.static import Static
from gallery.publishing.exhibit import ImageFile
from gallery.publishing.groups import Group
from gallery.publishing.settings import SiteSettings
from gallery.publishing.views import ModelView

_WRITES = "gallery.publishing.site"
"""The module whose imports write all pages."""

_SHARED = (ModelView, Group, Static)
"""Types of values that many pages show."""

_WORD = re.compile(r"[A-Za-z_]\w*")

_REFERENCE = re.compile(r"{%-?\s*(?:extends|include|import|from)\s+(?:\"([^\"]*)\"|'([^']*)')?")
"""A template that another one names, or nothing where it computes the name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Digests of what all files of a site depend on.

    Attributes:
        data: Of the code and the settings, for what no template shows.
        page: Of the templates and texts as well.
    """

    data: str = ""
    page: str = ""


def look_of(settings: SiteSettings) -> Look:
    """What all files of a site depend on."""
    made_by, told = fingerprint(_WRITES), repr(settings)
    templates = digest_of(template_directories(settings.templates))
    return Look(
        data=cache_key("data", made_by, settings=told),
        page=cache_key("pages", made_by, settings=told, templates=templates),
    )


class Digests:
    """Digests of values that pages are made from; of what many pages share it is computed once."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._known: dict[int, tuple[object, str]] = {}

    def of(self, what: str, values: object) -> str:
        """The digest of what is made of some values, which may hold models.

        Args:
            what: What is made: a path and a template.
            values: Of any type that can be pickled.

        Raises:
            TypeError: They cannot be.
        """
        return cache_key(what, self._look.page, values=self._digest(values, None))

    def of_data(self, what: str, values: object) -> str:
        """As `of`, of what is made without templates and their texts."""
        return cache_key(what, self._look.data, values=self._digest(values, None))

    def _digest(self, values: object, inside: object) -> str:
        stream = BytesIO()
        try:
            _Pickler(stream, self, inside).dump(values)
        except (pickle.PicklingError, AttributeError) as error:
            raise TypeError(str(error)) from error
        return hashlib.sha256(stream.getbuffer()).hexdigest()

    def once(self, value: object) -> str:
        """The digest of something that many pages show, such as a model."""
        known = self._known.get(id(value))
        if known is None:
            known = self._known[id(value)] = value, self._made_once(value)
        return known[1]

    def _made_once(self, value: object) -> str:
        if isinstance(value, ModelView) and value.exhibit.source:
            return f"{value.slug} {value.exhibit.source}"
        return self._digest(value, value)

    def shared(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values with the digests of models in the place of those in lists, which are many."""
        return {
            name: ("models", *map(self.once, one))
            if type(one) in (list, tuple) and one and all(type(each) is ModelView for each in one)
            else one
            for name, one in values.items()
        }


class _Pickler(pickle.Pickler):
    """Writes a model as its digest, and a file as its content's."""

    def __init__(self, stream: BytesIO, digests: Digests, inside: object) -> None:
        super().__init__(stream, pickle.HIGHEST_PROTOCOL)
        # Otherwise equal values are told apart by which of their parts are the same object.
        self.fast = True
        self._digests = digests
        self._inside = inside

    def reducer_override(self, obj: Any) -> Any:
        """What stands for a value; numbers, texts and lists never come here."""
        if isinstance(obj, _SHARED) and obj is not self._inside:
            return str, (self._digests.once(obj),)
        # Where a file is says nothing about it.
        if isinstance(obj, ImageFile) and obj.sha256:
            return tuple, ((obj.sha256, obj.name, obj.format, obj.width, obj.height),)
        # As Python's own way for data classes, which looks their fields up each time.
        kind: type = type(obj)
        names = _fields(kind)
        if names:
            return tuple, ((kind.__qualname__, *(getattr(obj, name) for name in names)),)
        return NotImplemented


@cache
def _fields(kind: type) -> tuple[str, ...]:
    """The names of the fields of a data class; nothing for other types."""
    return tuple(one.name for one in fields(kind)) if is_dataclass(kind) else ()


def used(env: Sandbox, template: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that a template, or what it includes, names."""
    names = _names(env, template)
    return {name: one for name, one in values.items() if names is None or name in names}


@cache
def _names(env: Sandbox, template: str) -> frozenset[str] | None:
    """The words in a template and in what it includes; None if it includes what it computes."""
    names, seen, waiting = set[str](), set[str](), [template]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        assert env.loader is not None
        text = env.loader.get_source(env, one)[0]
        names |= set(_WORD.findall(text))
        others = [first or second for first, second in _REFERENCE.findall(text)]
        if "" in others:
            return None
        waiting += others
    return frozenset(names)
