"""Reads results as what their products make; whatever else the cache holds is made again.

The cache may come from another machine, as parts, earlier sites and the answers of a cluster do. A
checksum says that a record was written whole, not who wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from gallery.cache import Cache, Entry, Judge
from gallery.errors import DiscoverError
from gallery.files import read_regular
from gallery.pipeline.plan import ModelPlan, outcome_key
from gallery.pipeline.products import PRODUCTS
from gallery.pipeline.products.base import Form, sound
from gallery.schema import MismatchError, either, one_of, record, text

check_failure = record({"stage": text(80), "found": text(1 << 16), "hint": text(1 << 16)})

_OUTCOME = Form(
    value=either(record({"failure": check_failure}), record({"smaller": one_of("time", "memory")}))
)


def forms(plan: ModelPlan) -> dict[str, tuple[str, Form]]:
    """Name and form of every result that the site shows of a model, by key."""
    found = {outcome_key(plan): ("outcome", _OUTCOME)}
    for product in () if plan.failure else PRODUCTS:
        for what, key in plan.keys(product).items():
            found[key] = (f"{product.name} {what}".rstrip(), product.form(plan, what))
    return found


def read(plan: ModelPlan, cache: Cache) -> dict[str, Entry | None]:
    """The results that a site shows of a model, by key; None for those to be made."""
    return {
        key: sound(cache.get(key), form, f"{plan.file.relative}: {name}")
        for key, (name, form) in forms(plan).items()
    }


def judge(form: Form) -> Judge:
    """Checks a result that comes from elsewhere, with its files."""

    def check(value: dict[str, Any], contents: Mapping[str, bytes]) -> None:
        form.check(value, contents)
        for name, content in contents.items():
            _check_file(name, content)

    return check


def damaged(plan: ModelPlan, cache: Cache) -> Iterator[Entry]:
    """Results that match their digests or not, but hold what must not be published."""
    for entry in filter(None, read(plan, cache).values()):
        for name, file in entry.files.items():
            try:
                _check_file(name, read_regular(file.path, file.bytes))
            except (MismatchError, DiscoverError):
                yield entry
                break


def _check_file(name: str, content: bytes) -> None:
    # Publishing takes a while to import, and there is rarely anything from elsewhere.
    from gallery.publishing.assets.contents import check_content  # noqa: PLC0415
    from gallery.rendering.viewer.check import checked  # noqa: PLC0415

    try:
        if name == "data":
            checked(content)
        else:
            check_content(PurePosixPath(name).suffix[1:], content)
    except ValueError as error:
        raise MismatchError(f"what it should be: {error}", name) from error
