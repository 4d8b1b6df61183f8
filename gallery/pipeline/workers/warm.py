"""What a worker does while it waits for its first order: it draws a network of a few operators.

Importing numba and loading compiled kernels takes longer than most small models do.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
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


class _WantedError(Exception):
    """There is an order, which loads what it needs itself."""


def warm_up(folder: Path, wanted: Callable[[], bool]) -> None:
    """Import what draws scans and load its kernels; whatever fails here says nothing of a model.

    Args:
        folder: An empty directory, which someone else removes.
        wanted: Whether the worker has something else to do.
    """

    def notify(_: Step) -> None:
        if wanted():
            raise _WantedError

    # Modules and kernels stay, so that there is no garbage among them, now and later.
    gc.disable()
    try:
        path = folder / "network.onnx"
        path.write_bytes(small_network())
        plan = plan_of(named(path), _SETTINGS, {})
        make_all(Stages(plan, Cache(folder / "cache"), notify))
    except _WantedError:
        pass
    except Exception:
        log.info("the worker could not be warmed up", exc_info=True)
    finally:
        gc.freeze()
        gc.enable()
