"""Loads templates and renders pages from them."""

from __future__ import annotations

import re
from functools import partial
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
from gallery.publishing.assets.directories import template_directories
from gallery.publishing.assets.strings import load_strings
from gallery.publishing.parts import numbers
from gallery.publishing.parts.clean import clean, shorten
from gallery.publishing.settings import SiteSettings
from gallery.settings.attributes import TABLE


def fill(text: str, **values: Any) -> str:
    """Fill the placeholders of a text, such as `{title}`."""
    return text.format_map(values)


def markdown(text: str) -> str:
    r"""The text with Markdown's special characters escaped.

    >>> markdown("a [b]")
    'a \\[b\\]'
    """
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", text)


def _printable(value: Any) -> Any:
    """Clean what a template prints; None and functions are mistakes."""
    if value is None:
        raise TypeError("a template printed None; print {{ t.unknown }} instead")
    if callable(value) and not isinstance(value, Undefined):
        # `t.index.clear` is a method of the table, not a text; its repr differs between runs.
        raise TypeError(f"a template printed {value!r:.60}")
    return clean(value) if type(value) is str else value


def environment(settings: SiteSettings) -> Environment:
    """The Jinja environment of a site: strict, escaping, with filters for numbers and texts.

    Raises:
        SettingsError: If the templates or the texts cannot be found.
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
        template: Name of the template.
        **values: Values for the template.

    Raises:
        PublishError: If a template is missing, has a mistake or uses an unknown name.
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
