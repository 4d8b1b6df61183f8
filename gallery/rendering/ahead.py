"""Compiles the kernels that draw while those that come before are compiled and run elsewhere.

Kernels are compiled once per machine, which takes tens of seconds, half of them for drawing. LLVM
compiles one kernel at a time in a process, so that another one does this on another core: it draws
a small made-up scan (`python -m gallery.rendering.ahead`). A kernel that is not ready when it is
needed is compiled there as well, so nothing depends on this but time.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

Kernel = tuple[Path, str]
"""A module, relative to this one's folder, and the name of a kernel in it."""

_KERNEL: Kernel = Path("raster", "tone.py"), "_tone"
"""A kernel that every scan needs."""

FILM: Kernel = Path("film", "film.py"), "_compose"
"""A kernel that every film needs."""

_SIDE = 1296
"""Side of the made-up scan, from which on scans are drawn without being reduced."""


@contextmanager
def compiling() -> Iterator[subprocess.Popen[bytes] | None]:
    """Compile in another process, which ends with the block; None if nothing is missing."""
    if compiled():
        yield None
        return
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        [sys.executable, "-m", "gallery.rendering.ahead"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def compiled(kernel: Kernel = _KERNEL) -> bool:
    """Whether a kernel has been compiled here before, or cannot be kept; told from files alone."""
    path, name = Path(__file__).parent / kernel[0], kernel[1]
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(chosen) if chosen else path.parent / "__pycache__"
    if not chosen and not os.access(path.parent, os.W_OK):
        return True
    written = path.stat().st_mtime
    kept = folder.rglob(f"{path.stem}.{name}-*.nbi") if folder.is_dir() else iter(())
    return any(one.stat().st_mtime >= written for one in kept)


def main() -> None:
    """Draw a made-up scan with every kind of stroke that scans have."""
    import numpy as np  # noqa: PLC0415 - what only asks must not wait for numba

    from gallery.coloring.types import Coloring  # noqa: PLC0415
    from gallery.graph import ComputeGraph, GraphOperator  # noqa: PLC0415
    from gallery.model import Layer  # noqa: PLC0415
    from gallery.placement.types import Layout  # noqa: PLC0415
    from gallery.rendering.growth import ENOUGH  # noqa: PLC0415
    from gallery.rendering.raster.bloom import glow_of  # noqa: PLC0415
    from gallery.rendering.scan import render  # noqa: PLC0415
    from gallery.rendering.types import RenderSettings  # noqa: PLC0415

    # The glow first: its kernels are those of the layout too, which will soon need them.
    glow_of(np.zeros((64, 64, 3), np.float32), 1.0)
    # Each vertex reads the one before: enough of them for strands, and one edge that is a strand,
    # from one operator to the other and across the picture.
    n = ENOUGH
    graph = ComputeGraph(
        model="",
        vertex_operator=np.repeat(np.arange(2, dtype=np.int32), n // 2),
        vertex_kind=np.full(n, 2, np.uint8),
        vertex_pass=np.zeros(n, np.uint8),
        vertex_flops=np.arange(1, n + 1, dtype=np.float32),
        vertex_bytes=np.ones(n, np.float32),
        indptr=np.concatenate([[0], np.arange(n)]).astype(np.int64),
        sources=np.arange(n - 1, dtype=np.int32),
        operators=tuple(GraphOperator(name="", type="Relu", layer=0, operator=i) for i in (0, 1)),
        layers=(Layer(name="", path="", parent=-1),),
    )
    row = np.arange(n, dtype=np.float32)
    positions = np.stack([row % 50, row // 50], axis=1)
    placed = Layout(
        graph=graph, positions=positions, skeleton="sfdp", engine="sfdp", fallback="", seed=1
    )
    # Colours of its own, as `color` needs modules that nothing else here does.
    coloring = Coloring(
        attribute="operator",
        palette="",
        ground="dark",
        categorical=True,
        index=graph.vertex_operator.astype(np.uint16),
        colors=np.array([[255, 128, 0], [0, 128, 255]], np.uint8),
        legend=(),
    )
    render(placed, coloring, size=_SIDE, settings=RenderSettings())


if __name__ == "__main__":
    # This process ends soon: what kernels leave behind in it is not worth looking for.
    gc.disable()
    main()
