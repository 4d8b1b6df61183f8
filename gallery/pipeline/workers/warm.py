"""What a worker does while it waits for its first order: it draws a network of a few operators.

Importing numba and loading compiled kernels takes longer than most small models do.
"""

from __future__ import annotations

import logging
from pathlib import Path

from gallery.cache import Cache
from gallery.discovery.discover import named
from gallery.loading.small_network import small_network
from gallery.pipeline.plan import plan_of
from gallery.pipeline.products import make_all
from gallery.pipeline.stages import Stages, Step
from gallery.settings.values import GallerySettings, ScanSettings, VariantSettings

log = logging.getLogger(__name__)

_SETTINGS = GallerySettings(
    scan=ScanSettings(vertices=64),
    variants=VariantSettings(
        sizes=(320,),
        size=(320,),
        names=False,
        training=False,
        light=False,
        skeletons=(),
        colors=("operator",),
        diagram=False,
        graphs=(),
        poster=False,
        viewer=False,
    ),
)


def warm_up(folder: Path) -> None:
    """Import what draws scans and load its kernels; whatever fails here says nothing of a model.

    Args:
        folder: An empty directory, which someone else removes.
    """
    try:
        path = folder / "network.onnx"
        path.write_bytes(small_network())
        plan = plan_of(named(path), _SETTINGS, {})
        make_all(Stages(plan, Cache(folder / "cache"), _ignored))
    except Exception:
        log.info("the worker could not be warmed up", exc_info=True)


def _ignored(step: Step) -> None:
    """Nobody waits for these stages."""
