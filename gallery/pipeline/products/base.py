"""What a product is. A product's file says what its results depend on, and makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

# A product's version covers its module and all that it imports, which must not include the plan.
if TYPE_CHECKING:
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages

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
        needs_scan: Whether it is shown only together with the main scan.
    """

    name: str
    module: str
    inputs: Callable[[ModelPlan], Mapping[str, object]]
    make: Callable[[Stages, str, NewFile], Drawn]
    needs_scan: bool = True
