"""What is made of each model: one file per product, and the tuple of all products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gallery.pipeline.products.beside import BESIDE
from gallery.pipeline.products.contact_sheet import CONTACT_SHEET
from gallery.pipeline.products.diagram import DIAGRAM
from gallery.pipeline.products.facts import FACTS
from gallery.pipeline.products.film import FILM
from gallery.pipeline.products.graphs import GRAPHS
from gallery.pipeline.products.measured import MEASURED
from gallery.pipeline.products.poster import POSTER
from gallery.pipeline.products.profile import PROFILE
from gallery.pipeline.products.run import RUN
from gallery.pipeline.products.scan import SCANS
from gallery.pipeline.products.social_card import SOCIAL_CARD
from gallery.pipeline.products.viewer import VIEWER
from gallery.pipeline.products.wallpaper import WALLPAPERS

if TYPE_CHECKING:
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages

PRODUCTS = (
    *(FACTS, PROFILE, MEASURED, SCANS, RUN, BESIDE, DIAGRAM, GRAPHS, SOCIAL_CARD, CONTACT_SHEET),
    *(POSTER, WALLPAPERS, FILM, VIEWER),
)
"""In the order in which they are made."""


def results_of(plan: ModelPlan) -> tuple[tuple[str, str, str], ...]:
    """Product, name and key of every result that the site shows of a model."""
    if plan.failure:
        return ()
    return tuple(
        (product.name, what, key)
        for product in PRODUCTS
        for what, key in plan.keys(product).items()
    )


def make_all(stages: Stages) -> None:
    """Make every missing result of a model.

    Raises:
        GalleryError: A stage failed.
    """
    for product in PRODUCTS:
        for what in product.inputs(stages.plan):
            stages.entry(product, what)
