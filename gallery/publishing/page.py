"""One page of a site, from its template; one that would be as it was is not made again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gallery.cache import Cache
from gallery.publishing.assets.earlier import Earlier
from gallery.publishing.assets.files import MIME, Placed
from gallery.publishing.assets.sandbox import Sandbox
from gallery.publishing.assets.static import Static
from gallery.publishing.assets.templates import render
from gallery.publishing.collection import SIZES, thumbnails, work
from gallery.publishing.groups import Group, pages_by_name
from gallery.publishing.kept import Digests, Look, used
from gallery.publishing.model_views import model_view
from gallery.publishing.settings import SiteSettings
from gallery.publishing.views import ModelView


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContext:
    """What all pages of a site share.

    Attributes:
        env: Templates.
        site: Root directory.
        settings: The site's settings.
        static: Style sheet and scripts.
        cache: Keeps what is expensive to draw for the next build, or None.
        sheet: Contact sheet with one scan per model, or None.
        groups: Families, years and tags that have a page.
        earlier: The site that this one replaces.
        digests: Tell whether a file of it is still the same.
        latest: The model whose pages were written last, entire, by its slug.
        shared: Values for all templates.
        known: Digests of what templates use of them.
    """

    env: Sandbox
    site: Path
    settings: SiteSettings
    static: Static
    cache: Cache | None = None
    sheet: Placed | None = None
    groups: tuple[Group, ...] = ()
    earlier: Earlier = field(default_factory=Earlier)
    digests: Digests = field(default_factory=lambda: Digests(Look()))
    latest: dict[str, ModelView] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict, init=False)
    known: dict[tuple[str, frozenset[str]], str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Gather what pages share."""
        self.shared.update(
            inline=None,
            groups=self.groups,
            page_of=pages_by_name(self.groups),
            work=work,
            thumbnails=thumbnails,
            sizes=SIZES,
            static=self.static,
            sheet=self.sheet,
            icon_type=MIME[self.static.icon.format],
        )

    def entire(self, model: ModelView) -> ModelView:
        """A model with all that its own page shows; that of one model is kept at a time.

        Raises:
            PublishError: A file of it cannot be read, or the site cannot be written.
        """
        if model.exhibit.more is None:
            return model
        if model.slug not in self.latest:
            self.latest.clear()
            self.latest[model.slug] = model_view(model.exhibit.entire(), self.site, self.cache)
        return self.latest[model.slug]


def write_page(
    context: PageContext,
    template: str,
    path: str,
    late: Callable[[], Mapping[str, Any]] = dict,
    **values: Any,
) -> str:
    """Write one page.

    Args:
        context: What all pages share.
        template: Name of the template.
        path: Path of the page from the site's root.
        late: Returns further values, which follow from the others and the settings; called only if
            the page is not as it was.
        **values: Values for the template, which replace those that pages share.

    Returns:
        The path.
    """
    own: dict[str, Any] = {"face": None, "root": "../" * path.count("/"), "path": path, **values}

    def make() -> dict[str, bytes]:
        shown = _with_entire(context, {**context.shared, **own, **late()})
        return {path: render(context.env, template, **shown).encode("utf-8")}

    others = frozenset(context.shared.keys() - own.keys())
    shown = context.digests.shared(used(context.env, template, own))
    told = [_told(context, template, others), shown]
    context.earlier.files(context.site, context.digests.of(f"{template} {path}", told), make)
    return path


def _told(context: PageContext, template: str, names: frozenset[str]) -> str:
    """The digest of what a template uses of some values that pages share."""
    if (template, names) not in context.known:
        values = {name: context.shared[name] for name in sorted(names)}
        told = context.digests.of(template, used(context.env, template, values))
        context.known[template, names] = told
    return context.known[template, names]


def _with_entire(context: PageContext, values: dict[str, Any]) -> dict[str, Any]:
    """The values of a page with all of the model that it is about, if it is about one."""
    model = values.get("model")
    if not isinstance(model, ModelView) or model.exhibit.more is None:
        return values
    whole = context.entire(model)

    def swapped(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [whole if one is model else one for one in value]
        return whole if value is model else value

    return {name: swapped(value) for name, value in values.items()}
