"""Loads templates and renders pages from them."""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    Undefined,
)

from gallery.errors import PublishError, SettingsError
from gallery.publishing.assets.compiled import Compiled
from gallery.publishing.assets.directories import template_directories
from gallery.publishing.assets.sandbox import Sandbox
from gallery.publishing.assets.strings import load_strings
from gallery.publishing.parts import numbers
from gallery.publishing.parts.clean import clean, shorten
from gallery.publishing.parts.run_charts import duration
from gallery.publishing.settings import SiteSettings
from gallery.settings.attributes import TABLE, find
from gallery.text import dotted


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


def environment(settings: SiteSettings) -> Sandbox:
    """The Jinja environment of a site: strict, escaping, with filters for numbers and texts.

    Raises:
        SettingsError: If the templates or the texts cannot be found.
    """
    directories = template_directories(settings.templates)
    titles = {"attribute": {name: one.title for name, one in TABLE.items()}}
    strings = load_strings(settings.language, directories, titles)
    unknown = str(strings["unknown"])
    env = Sandbox(
        folders=directories,
        bytecode_cache=Compiled(strings, on_disk=settings.templates is None),
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
        "duration": duration,
        "dotted": dotted,
        "size": partial(numbers.size, unknown=unknown),
        "shape": partial(numbers.shape, unknown=unknown),
        "shorten": shorten,
        "attribute": partial(_attribute, titles=strings["attribute"]),
        "fill": lambda text, **values: env.fill(text, values),
        "markdown": markdown,
    }
    env.globals |= {"t": strings, "site": settings}
    return env


def render(env: Sandbox, template: str, **values: Any) -> str:
    """Render a page.

    Args:
        env: From `environment`.
        template: Name of the template.
        **values: Values for the template.

    Raises:
        PublishError: If a template is missing, has a mistake, uses an unknown name, or takes too
            many steps.
    """
    env.begin()
    try:
        return env.get_template(template).render(**values)
    except TemplateNotFound as error:
        raise PublishError(f"there is no template {error.name!r}", hint=_HINT) from error
    except Exception as error:  # a user's template may fail in any way
        where, of_user = _where(error, env)
        if not (of_user or isinstance(error, TemplateError | KeyError | TypeError)):
            raise
        found = f"template {where or template}: {_said(error)}"
        raise PublishError(found, hint=_HINT) from error


def check_templates(settings: SiteSettings) -> None:
    """Compile all templates of the user, so that a mistake shows before any work is done.

    Raises:
        SettingsError: One of them is not a template, or is not UTF-8.
    """
    if settings.templates is None:
        return
    env = environment(settings)
    for path in sorted(one for one in settings.templates.rglob("*.html") if one.is_file()):
        name = path.relative_to(settings.templates).as_posix()
        try:
            env.get_template(name)
        except Exception as error:  # Jinja's compiler meets limits of Python's
            where = _where(error, env)[0] or name
            raise SettingsError(f"template {where}: {_said(error)}", hint=_HINT) from error


_HINT = "correct the template in your templates directory"


def _said(error: Exception) -> str:
    """What an error says, on one line that is not long."""
    named = isinstance(error, TemplateError | KeyError | TypeError)
    text = " ".join(str(error).split())[:300]
    return text if named else f"{type(error).__name__}: {text}"


def _where(error: Exception, env: Sandbox) -> tuple[str, bool]:
    """Name and line of the template that failed, and whether it is one of the user's.

    Jinja puts templates into the traceback as if they were modules.
    """
    places = [(one.filename, one.lineno) for one in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, TemplateSyntaxError) and error.filename:
        places.append((error.filename, error.lineno))
    for filename, line in reversed(places):
        for number, folder in enumerate(env.folders):
            if Path(filename).is_relative_to(folder) and filename.endswith(".html"):
                name = Path(filename).relative_to(folder).as_posix()
                return f"{name}, line {line}", number == 0 and len(env.folders) > 1
    return "", False


def _attribute(name: str, titles: Mapping[str, str]) -> str:
    """What an attribute is called, a single model's measurements included."""
    known = find(name)
    return titles.get(name) or (known.title if known else name)
