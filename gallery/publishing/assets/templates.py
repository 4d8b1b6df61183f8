"""Where templates come from and how a page is made from one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    Undefined,
)

from gallery.errors import PublishError
from gallery.publishing.assets.directories import find, template_directories
from gallery.publishing.parts import numbers
from gallery.publishing.parts.clean import clean, shorten
from gallery.publishing.settings import SiteSettings
from gallery.settings.attributes import TABLE

Strings = Mapping[str, Any]
"""Texts of the pages in one language: tables of tables of strings, as in `strings/en.toml`."""


def load_strings(
    language: str, directories: tuple[Path, ...], base: Strings | None = None
) -> Strings:
    """Texts in a language; what its file lacks is in English.

    Args:
        language: Tag of the language.
        directories: Of templates, the one that wins first.
        base: English texts that come from elsewhere; those of a file win.

    Raises:
        PublishError: If there is no file for the language, or it is no TOML.
    """
    texts = _merge(base or {}, _read_strings("en", directories))
    for tag in dict.fromkeys((language.split("-", maxsplit=1)[0], language)):
        if tag != "en" and find(f"strings/{tag}.toml", directories) is not None:
            texts = _merge(texts, _read_strings(tag, directories))
    known = {language, language.split("-", maxsplit=1)[0]}
    if not any(find(f"strings/{tag}.toml", directories) for tag in known):
        raise PublishError(
            f"there are no texts in the language {language!r}",
            hint=f"add strings/{language}.toml to your templates, or use the language en",
        )
    return texts


def _read_strings(tag: str, directories: tuple[Path, ...]) -> Strings:
    texts: Strings = {}
    for directory in reversed(directories):
        path = directory / "strings" / f"{tag}.toml"
        if not path.is_file():
            continue
        try:
            texts = _merge(texts, tomllib.loads(path.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise PublishError(f"{path} is no TOML: {error}") from error
    return texts


def _merge(base: Strings, over: Strings) -> Strings:
    """Both tables; `over` wins, table by table."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = _merge(below, value) if both and below is not None else value
    return merged


def fill(text: str, **values: Any) -> str:
    """Put values into the places of a text: `{title}` and the like."""
    return text.format_map(values)


def markdown(text: str) -> str:
    r"""The text with Markdown's own marks escaped.

    >>> markdown("a [b]")
    'a \\[b\\]'
    """
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", text)


def _printable(value: Any) -> Any:
    """Last station of everything that a template prints."""
    if value is None:
        raise TypeError("a template printed None; what is not known must say so")
    if callable(value) and not isinstance(value, Undefined):
        # `t.index.clear` is a method of the table, not its text: two runs would differ.
        raise TypeError(f"a template printed {value!r:.60}")
    return clean(value) if type(value) is str else value


def environment(settings: SiteSettings) -> Environment:
    """The Jinja environment of a site: strict, escaping, with the house's filters.

    Raises:
        PublishError: If the templates or the texts cannot be found.
    """
    directories = template_directories(settings.templates)
    titles = {"attribute": {name: one.title for name, one in TABLE.items()}}
    strings = load_strings(settings.language, directories, titles)
    unknown = str(strings["unknown"])
    env = Environment(
        loader=ChoiceLoader([FileSystemLoader(one) for one in directories]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_printable,
    )
    env.filters |= {
        "count": partial(numbers.count, unknown=unknown),
        "exact": partial(numbers.exact, unknown=unknown),
        "quantity": partial(numbers.quantity, unknown=unknown),
        "size": partial(numbers.size, unknown=unknown),
        "shape": partial(numbers.shape, unknown=unknown),
        "shorten": shorten,
        "fill": fill,
        "markdown": markdown,
    }
    env.globals |= {"t": strings, "site": settings}
    return env


def render(env: Environment, template: str, **values: Any) -> str:
    """Render a page.

    Args:
        env: From `environment`.
        template: Its name.
        **values: What it shows.

    Raises:
        PublishError: If a template is missing, has a mistake or uses a name that there is not.
    """
    try:
        return env.get_template(template).render(**values)
    except TemplateNotFound as error:
        raise PublishError(f"there is no template {error.name!r}") from error
    except (TemplateError, KeyError, TypeError) as error:
        line = getattr(error, "lineno", None)
        where = f"{getattr(error, 'name', None) or template}{f', line {line}' if line else ''}"
        raise PublishError(
            f"template {where}: {error}", hint="correct the template in your templates directory"
        ) from error
