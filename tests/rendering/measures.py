"""Measure pictures: burnt and bright pixels, the faintest edge, strands, how far hues stray.

`python -m tests.rendering.measures` lays out all sample models, draws them on both grounds and
prints a line for each; its exit status is 1 where a limit is not kept. With `--beside TREE`, a
checkout of another version, the pictures that this draws of the same layouts are measured as well.
With `--save FILE` the measures are kept as JSON, with `--beside FILE` they are compared with such a
file, for example of other layouts.

The brightness of a pixel is its largest channel, and on paper 255 less its smallest, which is how
much ink of its strongest colour it has. A pixel is lit if it differs from the ground by more than 8
grey levels in any channel, so glow counts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

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
from gallery.rendering.types import EXPOSURES, RenderSettings
from tests.rendering.beside import drawn_by

MODELS = Path(__file__).parents[2] / "models"
GREY = np.array([0.2126, 0.7152, 0.0722])
BURNT, FAINTEST, HUE = 0.005, 4.0, 10.0
BRIGHT, DARK = (0.01, 0.03), 0.4
SIZE = 1600
GROUNDS = ("dark", "light")
_BODY = 12.0
_ALONE = 6

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What is measured of a picture.

    Attributes:
        burnt: Share of the drawn pixels that are white or have a channel at 255; on paper, that
            are black or have a channel at 0.
        faintest: Grey levels between the ground and the faintest edges, each drawn alone with the
            picture's tones: the least of the brightest pixels across it, from end to end.
        bright: Share of the lit pixels with a brightness above 240.
        dark: Share of them with one below 100.
        strands: Mean distance from the ground in linear luminance, in thousandths of white, over
            the gaps between bodies: where edges lie, but no vertex within 12 pixels of a picture
            1,600 wide.
        hue: Mean angle in degrees, over the percentile of pixels with the most light, between a
            pixel's hue in OKLab and that of the palette's colours of the strokes that cross it,
            weighted by their light and added up in linear light, as light does where hues meet.
    """

    burnt: float
    faintest: float
    bright: float
    dark: float
    strands: float
    hue: float

    @property
    def good(self) -> bool:
        """Whether all limits are kept."""
        return self.burnt < BURNT and self.faintest >= FAINTEST and self.hue < HUE

    @property
    def composed(self) -> bool:
        """Whether few pixels are bright and many are dark, as it should be in large scans."""
        return BRIGHT[0] <= self.bright <= BRIGHT[1] and self.dark >= DARK


def measure(
    placed: Layout, found: Coloring, size: int = SIZE, settings: RenderSettings | None = None
) -> Measures:
    """Draw a scan like the main scan of a page and measure it."""
    settings = settings or RenderSettings()
    pixels = render(placed, found, size=size, settings=settings).pixels
    plan = plan_of(placed, found, size, settings)
    return Measures(
        **seen(pixels, found.ground, gaps_of(plan, pixels)),
        faintest=min(_alone(plan, edge) for edge in _longest(plan)),
        hue=_hue_error(plan, found, pixels),
    )


def seen(pixels: Pixels, ground: str, gaps: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Those of the measures that need a picture and its gaps alone, by name."""
    bright, dark = _shares(pixels, ground)
    away = np.abs(
        (linear_from_srgb(pixels / 255.0) - linear_from_srgb(pixels[0, 0] / 255.0)) @ GREY
    )
    return {
        "bright": bright,
        "dark": dark,
        "strands": float(1000 * away[gaps].mean()) if gaps.any() else 0.0,
        "burnt": _burnt(pixels, ground),
    }


def _burnt(pixels: np.ndarray, ground: str) -> float:
    values = pixels.reshape(-1, 3).astype(int)
    drawn = values[np.abs(values - values[0]).max(axis=1) > 8]
    if ground == "light":
        return float(((drawn.min(axis=1) <= 0) | (drawn.max(axis=1) < 20)).mean())
    return float(((drawn.max(axis=1) >= 255) | (drawn.min(axis=1) > 235)).mean())


def _shares(pixels: np.ndarray, ground: str) -> tuple[float, float]:
    values = pixels.reshape(-1, 3).astype(int)
    lit = values[np.abs(values - values[0]).max(axis=1) > 8]
    if not len(lit):
        return 0.0, 1.0
    brightness = 255 - lit.min(axis=1) if ground == "light" else lit.max(axis=1)
    return float((brightness > 240).mean()), float((brightness < 100).mean())


def gaps_of(plan: Plan, pixels: Pixels) -> npt.NDArray[np.bool_]:
    """The gaps of a picture between its bodies, see `Measures.strands`: (h, w)."""
    strokes = plan.strokes
    window = (plan.frame.width, 0, plan.frame.height)
    side = max(plan.frame.width, plan.frame.height) / 1600
    amount = draw(strokes, window)[..., 3]
    bodies = replace(
        strokes,
        indptr=np.zeros_like(strokes.indptr),
        sources=strokes.sources[:0],
        dot=_BODY * side,
        strands=None,
        spans=None,
    )
    gaps = (amount > 0) & (draw(bodies, window)[..., 3] <= 0)
    return np.asarray(gaps[:: plan.shrink, :: plan.shrink][: len(pixels), : pixels.shape[1]])


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
        gains=plan.strokes.gains[rows],
        sparks=None,
        strands=None,
        spans=None,
    )
    height, width = plan.frame.height, plan.frame.width
    light = draw(alone, (width, 0, height))
    dull = plan.glow._replace(light=np.zeros_like(plan.glow.light))
    pixels = finish(tone(light, plan.curve), dull, 0, height).astype(float)
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


def sample(name: str, vertices: int, passes: str = "forward") -> Layout:
    """A sample model, laid out like its main scan."""
    return layout(lower(load(MODELS / f"{name}.onnx"), vertices=vertices, passes=passes))


def of_sample(
    placed: Layout, attribute: str, settings: RenderSettings, tree: Path | None
) -> Iterator[tuple[str, Measures, dict[str, float]]]:
    """Ground and measures of each picture, and those of the other version's picture."""
    pictures = drawn_by(tree, placed, attribute, GROUNDS, SIZE) if tree else ()
    for place, ground in enumerate(GROUNDS):
        found = color(placed.graph, attribute, ground=ground, positions=placed.positions)
        other: dict[str, float] = {}
        if tree:
            gaps = gaps_of(plan_of(placed, found, SIZE, settings), pictures[place])
            other = seen(pictures[place], ground, gaps)
        yield ground, measure(placed, found, settings=settings), other


def main() -> int:
    """Measure; 1 where a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help="names of sample models, else all")
    parser.add_argument("--vertices", type=int, default=100_000)
    parser.add_argument("--passes", default="forward", choices=["forward", "training"])
    parser.add_argument("--attribute", help="else layer, or pass where there are several")
    parser.add_argument("--exposure", default="auto", choices=EXPOSURES)
    parser.add_argument("--save", type=Path, help="a JSON file to write")
    parser.add_argument("--beside", type=Path, help="a checkout or a JSON file to compare with")
    given = parser.parse_args()
    names = given.models or sorted(path.stem for path in MODELS.glob("*.onnx"))
    attribute = given.attribute or ("layer" if given.passes == "forward" else "pass")
    look = RenderSettings(exposure=given.exposure)
    tree = given.beside.resolve() if given.beside and given.beside.is_dir() else None
    before = json.loads(given.beside.read_text("utf-8")) if given.beside and not tree else {}
    kept: dict[str, dict[str, float]] = {}
    good = True
    print(" " * 25 + "".join(f"{words:>18}" for words in _COLUMNS.values()))
    for name in names:
        placed = sample(name, given.vertices, given.passes)
        for ground, one, other in of_sample(placed, attribute, look, tree):
            key = f"{name} {ground}"
            kept[key] = asdict(one)
            before |= {key: other} if other else {}
            good &= one.good and one.composed
            flag = "" if one.good and one.composed else "  SHORT"
            cells = (_cell(kept[key], before.get(key, {}), column) for column in _COLUMNS)
            print(f"{key:<25}" + "".join(cells) + flag, flush=True)
    for ground in GROUNDS:
        pairs = [(kept[key], before[key]) for key in kept if key in before and key.endswith(ground)]
        ratios = [one["strands"] / other["strands"] for one, other in pairs if other["strands"]]
        if ratios:
            low, middle = min(ratios), np.median(ratios)
            print(f"strands, {ground}: {middle:.2f} times those before, at least {low:.2f}")
    if given.save:
        given.save.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    return 0 if good else 1


_COLUMNS = {
    "burnt": "burnt %",
    "faintest": "faintest",
    "hue": "hue °",
    "bright": "bright %",
    "dark": "dark %",
    "strands": "strands ‰",
}


def _cell(one: dict[str, float], before: dict[str, float], column: str) -> str:
    scale = 100 if _COLUMNS[column].endswith("%") else 1
    words = f"{one[column] * scale:.2f}"
    if column in before:
        words = f"{before[column] * scale:.2f} → {words}"
    return f"{words:>18}"


if __name__ == "__main__":
    sys.exit(main())
