"""How strokes grow where there are few of them.

Of a picture of n vertices, each has the n-th part, whose side falls with sqrt(n). So below `ENOUGH`
vertices, the width of edges and the length from which they fade are those of `ENOUGH` vertices
times room = sqrt(ENOUGH / n): edges keep their share of the picture. The radius of dots grows as
room^(5/4), so that they stand out from the edges that they end. The median lit pixel, which belongs
to a single edge where there are few, goes from `RenderSettings.middle` to its edge's own colour:
its distance from that falls as 1 / sqrt(room). Edges and dots end to grow at `WIDEST` and
`LARGEST`, where one vertex would fill the picture. Pictures of more vertices stay as they are.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

from gallery.rendering.types import LARGEST_STROKE, RenderSettings

ENOUGH = 2000
"""Vertices from which on strokes have the size that the settings say."""
FEW = 100
"""Vertices below which each can be told from the others, so that operators are named as well."""
WIDEST = 16.0
"""Width up to which edges grow, in pixels of a picture 1,600 pixels wide."""
LARGEST = 64.0
"""Radius up to which dots grow, in the same pixels."""
OWN = 0.7
"""Place on the tone curve at which a pixel has its stroke's own colour, as in `tone`."""


def grown(look: RenderSettings, vertices: int) -> RenderSettings:
    """Settings whose strokes suit the number of vertices; the same ones if there are enough.

    >>> grown(RenderSettings(), 20).line
    10.0
    """
    if not look.grow or vertices >= ENOUGH:
        return look
    room = sqrt(ENOUGH / max(vertices, 1))
    return replace(
        look,
        line=max(look.line, min(look.line * room, WIDEST)),
        dot=max(look.dot, min(look.dot * room * sqrt(sqrt(room)), LARGEST)),
        reach=max(look.reach, min(look.reach * room, LARGEST_STROKE)),
        middle=max(look.middle, OWN - (OWN - look.middle) / sqrt(room)),
        grow=False,
    )


def stroke_pixels(length: float, usual: float, unit: float, side: float) -> float:
    """Size of a stroke in pixels.

    Args:
        length: Its width or radius in pixels of a picture 1,600 pixels wide.
        usual: The part of it that takes the frame's unit, which in large pictures grows less than
            the side, as they show finer detail. The rest keeps its share of the picture.
        unit: `Frame.unit`.
        side: The longer side of the picture in 1,600 pixels.
    """
    return min(length, usual) * unit + max(length - usual, 0.0) * max(side, unit)
