"""What a product is. A product's file says what its results depend on, and makes them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gallery.pipeline.budget import decided_by
from gallery.schema import MismatchError, Schema, each, row, text, whole

# A product's version covers its module and all that it imports, which must not include the plan.
if TYPE_CHECKING:
    from gallery.cache import Entry
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages
    from gallery.pipeline.variants import ScanPlan
    from gallery.settings.values import ScanSettings

log = logging.getLogger(__name__)

NewFile = Callable[[str], Path]
"""Returns a new path with a suffix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A result: a value and files.

    Attributes:
        value: JSON. `images` lists name, format, width and height of each picture; `warnings`
            holds sentences for the user.
        files: Path of each file, by its name.
    """

    value: dict[str, Any]
    files: Mapping[str, Path] = field(default_factory=dict)


def no_brief(plan: ModelPlan, what: str, value: Mapping[str, Any]) -> None:
    """Nothing: only the model's own pages show the result."""


def whole_brief(plan: ModelPlan, what: str, value: dict[str, Any]) -> dict[str, Any]:
    """The whole result, which is short."""
    return value


def load_settings(plan: ModelPlan, _: str = "") -> dict[str, Any]:
    """The settings that shape a model's operator graph."""
    return {"dims": dict(plan.dims), "default_dim": plan.default_dim}


def layout_settings(plan: ModelPlan, scan: ScanSettings) -> dict[str, Any]:
    """The settings that shape the layout of a scan."""
    names = ("vertices", "passes", "target", "skeleton", "seed")
    own = {name: getattr(scan, name) for name in names}
    own |= {"arrangement": scan.arranged, "skeleton_seconds": plan.limits.skeleton}
    if limits := decided_by(scan.vertices, plan.limits, plan.part):
        own["limits"] = limits
    return {**load_settings(plan), **own}


def color_settings(plan: ModelPlan, scan: ScanSettings) -> dict[str, Any]:
    """The settings that shape the drawing of a scan, without text."""
    own = {name: getattr(scan, name) for name in ("color", "palette", "ground", "exposure")}
    rules = [asdict(rule) for rule in scan.rules]
    return {**layout_settings(plan, scan), **own, "rules": rules}


def picture_settings(plan: ModelPlan, one: ScanPlan) -> dict[str, Any]:
    """The settings that shape the pictures of a scan."""
    text = {"labels": one.scan.labels, "legend": one.scan.legend}
    names = ("sizes", "formats", "quality", "png", "over")
    files = {name: getattr(one, name) for name in names}
    return {**color_settings(plan, one.scan), **text, **files}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a result looks like; another one did not come from the product.

    Attributes:
        value: Of its value.
        files: Names of its files.
        optional: Whether it may also have no files at all.
    """

    value: Schema
    files: tuple[str, ...] = ()
    optional: bool = False

    def check(self, value: object, files: Collection[str]) -> None:
        """Check a result.

        Raises:
            MismatchError: It has another form.
        """
        self.value(value)
        self.check_files(files)

    def check_files(self, files: Collection[str]) -> None:
        """Check the names of a result's files.

        Raises:
            MismatchError: They are others.
        """
        if set(files) != set(self.files) and (files or not self.optional):
            raise MismatchError("a result with the files " + (", ".join(self.files) or "(none)"))


def sound(entry: Entry | None, form: Form, name: str) -> Entry | None:
    """The result if it has the form of its product's; a damaged one is made again.

    Args:
        entry: From the cache, which may come from another machine.
        form: Its form.
        name: Model and product, for the log.
    """
    if entry is None:
        return None
    try:
        form.check(entry.value, entry.files)
    except MismatchError as error:
        log.warning("%s: damaged in the cache, so it is made again: %s", name, error)
        return None
    return entry


def images(*names: str) -> Schema:
    """The `images` of a result with these pictures; a picture's suffix is its format."""
    rows = each(
        row(text(80), text(8), whole(0, _LARGEST_SIDE), whole(0, _LARGEST_SIDE)), len(names)
    )

    def check(value: Any) -> None:
        rows(value)
        found = {(name, kind) for name, kind, _, _ in value}
        if len(value) != len(names) or found != {(one, one.rpartition(".")[2]) for one in names}:
            raise MismatchError("the list of the pictures " + ", ".join(names))

    return check


_LARGEST_SIDE = 1 << 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something that the site shows of a model, such as its poster.

    The parent process imports all products, so a product's module imports drawing code only inside
    the functions that draw.

    Attributes:
        name: Its name in reports.
        module: The product's version is the fingerprint of this module and of all it imports.
        inputs: What each of its results depends on, as JSON by the result's name ("" if there is
            only one); empty if the settings do not want the product.
        make: Makes the result of the given name.
        form: The form of the result of the given name; results may come from other machines.
        settings: The settings that shape the result of the given name, for the metadata of its
            files; JSON. Its key covers them.
        needs_scan: Whether it is shown only together with the main scan.
        brief: What pages other than the model's own show of the result of the given name with the
            given value, in the same form; None if that is nothing.
    """

    name: str
    module: str
    inputs: Callable[[ModelPlan], Mapping[str, object]]
    make: Callable[[Stages, str, NewFile], Drawn]
    form: Callable[[ModelPlan, str], Form]
    settings: Callable[[ModelPlan, str], Mapping[str, Any]] = load_settings
    needs_scan: bool = True
    brief: Callable[[ModelPlan, str, dict[str, Any]], dict[str, Any] | None] = no_brief
