"""The grids of posters, one for each shape of sheet.

A0 to A3 are the A2 sheet enlarged or reduced. A4 has grids of its own with fewer parts, as its text
would be too small.
"""

from __future__ import annotations

from gallery.rendering.compose.poster_grid import GUTTER, MARGIN, WIDTH, PosterGrid, Slot
from gallery.settings.paper import Paper


def _columns(left: float, room: float, count: int, y: float) -> tuple[Slot, ...]:
    wide = (room - (count - 1) * GUTTER) / count
    return tuple(Slot(x=left + k * (wide + GUTTER), y=y, width=wide) for k in range(count))


def _four(slots: tuple[Slot, ...]) -> tuple[Slot, Slot, Slot, Slot]:
    one, two, three, four = slots
    return one, two, three, four


def _portrait() -> PosterGrid:
    height, room = 594.0, WIDTH - 2 * MARGIN
    below = _columns(MARGIN, room, 4, 466.0)
    half = 2 * below[0].width
    foot = height - MARGIN + 4.0
    return PosterGrid(
        width=WIDTH,
        height=height,
        margin=MARGIN,
        scan=(0.0, 70.0, WIDTH, 362.0),
        rule=Slot(x=MARGIN, y=MARGIN, width=room),
        title=Slot(x=MARGIN, y=MARGIN + 43.0, width=room),
        head=_four(_columns(MARGIN, room, 4, MARGIN + 6.0)),
        strip=Slot(x=MARGIN, y=440.0, width=room),
        parts=dict(zip(("reading", "numbers", "types", "others"), below, strict=True)),
        foot=(Slot(x=below[0].x, y=foot, width=half), Slot(x=below[2].x, y=foot, width=half)),
    )


def _landscape() -> PosterGrid:
    width, height, panel = 594.0, 420.0, 184.0
    left = width - MARGIN - panel
    foot = height - MARGIN + 4.0
    upper, lower = _columns(left, panel, 2, 160.0), _columns(left, panel, 2, 284.0)
    across = left - 2 * MARGIN
    return PosterGrid(
        width=width,
        height=height,
        margin=MARGIN,
        scan=(0.0, 0.0, left - 10.0, 374.0),
        rule=Slot(x=left, y=MARGIN, width=panel),
        title=Slot(x=left, y=MARGIN + 112.0, width=panel),
        title_lines=2,
        head=_four(
            (*_columns(left, panel, 2, MARGIN + 6.0), *_columns(left, panel, 2, MARGIN + 22.0))
        ),
        strip=Slot(x=MARGIN, y=380.0, width=across),
        parts=dict(zip(("reading", "numbers", "types", "others"), (*upper, *lower), strict=True)),
        foot=(
            Slot(x=MARGIN, y=foot, width=across),
            Slot(x=left, y=foot, width=panel),
        ),
    )


def _small_portrait() -> PosterGrid:
    width, height, margin = 297.0, 420.0, 19.0
    room = width - 2 * margin
    below = _columns(margin, room, 3, 303.0)
    foot = height - margin + 5.0
    return PosterGrid(
        width=width,
        height=height,
        margin=margin,
        scan=(0.0, 64.0, width, 210.0),
        rule=Slot(x=margin, y=margin, width=room),
        title=Slot(x=margin, y=margin + 49.0, width=room),
        title_size=25.0,
        head=_four(
            (*_columns(margin, room, 2, margin + 6.0), *_columns(margin, room, 2, margin + 18.0))
        ),
        strip=Slot(x=margin, y=279.0, width=room),
        parts=dict(zip(("reading", "numbers", "others"), below, strict=True)),
        foot=(
            Slot(x=margin, y=foot, width=room * 0.6),
            Slot(x=below[2].x, y=foot, width=below[2].width),
        ),
    )


def _small_landscape() -> PosterGrid:
    width, height, margin, panel = 420.0, 297.0, 19.0, 100.0
    left = width - margin - panel
    foot = height - margin + 3.0
    across = left - 2 * margin
    numbers, reading = Slot(x=left, y=124.0, width=panel), Slot(x=left, y=227.0, width=panel)
    heads = tuple(Slot(x=left, y=margin + 6.0 + 5.4 * k, width=panel) for k in (0, 1, 14, 16))
    return PosterGrid(
        width=width,
        height=height,
        margin=margin,
        scan=(0.0, 0.0, left - 8.0, 258.0),
        rule=Slot(x=left, y=margin, width=panel),
        title=Slot(x=left, y=margin + 63.0, width=panel),
        title_size=27.0,
        title_lines=2,
        head=_four(heads),
        strip=Slot(x=margin, y=261.0, width=across),
        parts={"numbers": numbers, "in words": reading},
        foot=(Slot(x=margin, y=foot, width=across), Slot(x=left, y=foot, width=panel)),
    )


def grid_of(sheet: Paper) -> PosterGrid:
    """The grid for a sheet."""
    if sheet.name == "A4":
        return _small_landscape() if sheet.landscape else _small_portrait()
    return _landscape() if sheet.landscape else _portrait()


def units(sheet: Paper, grid: PosterGrid) -> float:
    """Millimetres per unit of the grid on a sheet."""
    return min(sheet.width / grid.width, sheet.height / grid.height)
