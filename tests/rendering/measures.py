"""Measure pictures: burnt pixels, the faintest edge, how far hues stray from the palette.

`python -m tests.rendering.measures` lays out all sample models, draws them on both grounds and
prints a line for each; its exit status is 1 where a limit is not kept.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gallery.coloring import color
from gallery.coloring.oklab import linear_from_srgb, oklab_from_linear, oklch_from_srgb8
from gallery.coloring.types import Coloring
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.placement import layout
from gallery.placement.types import Layout
from gallery.rendering.raster.bloom import finish
from gallery.rendering.raster.raster import Plan, plan_of
from gallery.rendering.raster.strokes import draw
from gallery.rendering.raster.tone import tone
from gallery.rendering.scan import render
from gallery.rendering.types import RenderSettings

MODELS = Path(__file__).parents[2] / "models"
GREY = np.array([0.2126, 0.7152, 0.0722])
BURNT, FAINTEST, HUE = 0.005, 4.0, 10.0
_ALONE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What is measured of a picture.

    Attributes:
        burnt: Share of the drawn pixels that are white or have a channel at 255; on paper, that
            are black or have a channel at 0.
        faintest: Grey levels between the ground and the faintest edges, each drawn alone with the
            picture's tones: the least of the brightest pixels across it, from end to end.
        hue: Mean angle in degrees, over the percentile of pixels with the most light, between a
            pixel's hue in OKLab and that of the palette's colours of the strokes that cross it,
            weighted by their light and added up in linear light, as light does where hues meet.
    """

    burnt: float
    faintest: float
    hue: float

    @property
    def good(self) -> bool:
        """Whether all limits are kept."""
        return self.burnt < BURNT and self.faintest >= FAINTEST and self.hue < HUE


def measure(placed: Layout, found: Coloring, size: int = 1600) -> Measures:
    """Draw a scan like the main scan of a page and measure it."""
    settings = RenderSettings()
    pixels = render(placed, found, size=size, settings=settings).pixels
    plan = plan_of(placed, found, size, settings)
    return Measures(
        burnt=_burnt(pixels, found.ground),
        faintest=min(_alone(plan, edge) for edge in _longest(plan)),
        hue=_hue_error(plan, found, pixels),
    )


def _burnt(pixels: np.ndarray, ground: str) -> float:
    values = pixels.reshape(-1, 3).astype(int)
    drawn = values[np.abs(values - values[0]).max(axis=1) > 8]
    if ground == "light":
        return float(((drawn.min(axis=1) <= 0) | (drawn.max(axis=1) < 20)).mean())
    return float(((drawn.max(axis=1) >= 255) | (drawn.min(axis=1) > 235)).mean())


def _longest(plan: Plan) -> list[tuple[int, int]]:
    strokes = plan.strokes
    readers = np.repeat(np.arange(len(strokes.points)), np.diff(strokes.indptr))
    step = strokes.points[readers] - strokes.points[strokes.sources]
    order = np.argsort(-(step**2).sum(axis=1), kind="stable")[:_ALONE]
    return [(int(strokes.sources[e]), int(readers[e])) for e in order]


def _alone(plan: Plan, edge: tuple[int, int]) -> float:
    rows = list(edge)
    alone = replace(
        plan.strokes,
        indptr=np.array([0, 0, 1], np.int64),
        sources=np.zeros(1, np.int32),
        points=plan.strokes.points[rows],
        index=plan.strokes.index[rows],
        dot=0.0,
    )
    height, width = plan.frame.height, plan.frame.width
    light = draw(alone, (width, 0, height))
    pixels = finish(tone(light, plan.curve), np.zeros_like(plan.glow), 0, height).astype(float)
    grey = pixels @ GREY
    seen = np.abs(grey - grey[0, 0])
    step = np.abs(alone.points[1] - alone.points[0])
    across = seen.max(axis=0 if step[0] > step[1] else 1)
    lit = np.flatnonzero(across)
    return float(across[lit[2] : lit[-2]].min()) if len(lit) > 6 else float(across.max())


def _hue_error(plan: Plan, found: Coloring, pixels: np.ndarray) -> float:
    linear = linear_from_srgb(found.colors / 255.0).astype(np.float32)
    means = draw(replace(plan.strokes, colors=linear), (plan.frame.width, 0, plan.frame.height))
    amount = means[..., 3]
    dense = amount >= np.quantile(amount[amount > 0], 0.99)
    mean = oklab_from_linear(means[dense][:, :3] / amount[dense][:, None])
    colored = np.hypot(mean[:, 1], mean[:, 2]) > 0.03
    wanted = np.degrees(np.arctan2(mean[:, 2], mean[:, 1]))[colored]
    hue = oklch_from_srgb8(pixels[dense][colored])[:, 2]
    return float(np.abs((hue - wanted + 180) % 360 - 180).mean()) if len(hue) else 0.0


def sample(name: str, vertices: int) -> Layout:
    """A sample model, laid out like its main scan."""
    return layout(lower(load(MODELS / f"{name}.onnx"), vertices=vertices))


def of_samples(
    names: list[str], vertices: int, attribute: str
) -> Iterator[tuple[str, str, Measures]]:
    """Name, ground and measures of each sample."""
    for name in names:
        placed = sample(name, vertices)
        for ground in ("dark", "light"):
            found = color(placed.graph, attribute, ground=ground, positions=placed.positions)
            yield name, ground, measure(placed, found)


def main() -> int:
    """Measure; 1 where a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help="names of sample models, else all")
    parser.add_argument("--vertices", type=int, default=100_000)
    parser.add_argument("--attribute", default="layer")
    given = parser.parse_args()
    names = given.models or sorted(path.stem for path in MODELS.glob("*.onnx"))
    good = True
    print(f"{'model':<18}{'ground':<7}{'burnt %':>8}{'faintest':>10}{'hue °':>8}")
    for name, ground, one in of_samples(names, given.vertices, given.attribute):
        good &= one.good
        flag = "" if one.good else "  SHORT"
        numbers = f"{one.burnt * 100:>8.3f}{one.faintest:>10.1f}{one.hue:>8.1f}"
        print(f"{name:<18}{ground:<7}{numbers}{flag}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
