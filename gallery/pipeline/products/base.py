"""What a product is. A product's file tells what its results depend on, and makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

# A version is that of a module and of all that it imports: this one must not bring the plan along.
if TYPE_CHECKING:
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages

NewFile = Callable[[str], Path]
"""Gives a fresh path that ends in a suffix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A result: what is known of it, and its files.

    Attributes:
        value: JSON. `images` lists name, format, width and height of each picture; `warnings`
            holds sentences for the person who runs the build.
        files: Path of each file, by its name.
    """

    value: dict[str, Any]
    files: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something that the site shows of a model, such as its poster.

    The parent process walks the products of every model: a product's module imports what draws
    only where it draws.

    Attributes:
        name: What reports call it.
        module: The product's version is the fingerprint of this module and of all it imports.
        inputs: What each of its results depends on, as JSON by the result's name ("" where there
            is only one); empty where the settings do not want the product.
        make: Makes the result of a name.
        needs_scan: Whether it is shown only together with the main scan.
    """

    name: str
    module: str
    inputs: Callable[[ModelPlan], Mapping[str, object]]
    make: Callable[[Stages, str, NewFile], Drawn]
    needs_scan: bool = True
