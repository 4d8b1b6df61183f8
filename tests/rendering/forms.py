"""Measure the forms of scans: how round, how full and how different from each other they are.

    python -m tests.rendering.forms --save before.json --sheet before.png
    python -m tests.rendering.forms --beside before.json --sheet after.png

lays out the sample models, draws a bare scan of each and prints a line for each and the medians;
with `--beside`, next to those of another version of the code.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import binary_closing, binary_fill_holes
from scipy.spatial import ConvexHull
from scipy.special import jacobi

from gallery.coloring import color
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.placement import layout
from gallery.placement.quality import quality
from gallery.placement.types import Layout
from gallery.rendering.scan import render
from gallery.rendering.types import RenderSettings

MODELS = Path(__file__).parents[2] / "models"
SIZE = 320
LIT = 24
"""Grey levels above the ground from which a pixel is lit."""

DARK = 0.25
"""A centre is dark if less than this share of it is lit."""

RINGS, SPOKES = 24, 96

ORDERS = 12
"""Highest order of the Zernike moments."""

Mask = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What is measured of one scan.

    Attributes:
        lit: Share of the smallest circle around all lit pixels that is lit.
        centre: The same of the disc around its centre with a quarter of its radius.
        stress: Normalised stress of the layout.
        seconds: Processor time of the layout.
        descriptor: See `descriptor`.
        inner: See `zernike`; empty in files of earlier versions.
    """

    lit: float
    centre: float
    stress: float
    seconds: float
    descriptor: list[float]
    inner: list[float] = field(default_factory=list)


def circle(lit: Mask) -> tuple[npt.NDArray[np.float64], float]:
    """Centre (x, y) and radius of the smallest circle around all lit pixels.

    By the steps of Badoiu and Clarkson towards the farthest point, on the convex hull.
    """
    points = np.argwhere(lit)[:, ::-1].astype(float)
    points = points[ConvexHull(points).vertices]
    centre = points.mean(axis=0)
    for step in range(2, 3000):
        farthest = np.hypot(*(points - centre).T).argmax()
        centre += (points[farthest] - centre) / step
    return centre, float(np.hypot(*(points - centre).T).max()) + 0.5


def lit_share(lit: Mask, centre: npt.NDArray[np.float64], radius: float) -> float:
    """Share of the pixels within a disc that are lit."""
    y, x = np.indices(lit.shape)
    inside = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 <= radius**2
    return float(lit[inside].sum() / (np.pi * radius**2))


def descriptor(lit: Mask) -> npt.NDArray[np.float64]:
    """What rotations and reflections of a silhouette share: float64 (RINGS * frequencies,).

    The magnitudes of the Fourier coefficients along rings of equal area around the centre of the
    smallest circle, of the silhouette with its gaps closed; of length 1.
    """
    centre, radius = circle(lit)
    filled = binary_fill_holes(binary_closing(np.pad(lit, 8), iterations=4))[8:-8, 8:-8]
    rings = radius * np.sqrt((np.arange(RINGS) + 0.5) / RINGS)
    turns = np.arange(SPOKES) * 2 * np.pi / SPOKES
    x = centre[0] + rings[:, None] * np.cos(turns)
    y = centre[1] + rings[:, None] * np.sin(turns)
    last = np.array(lit.shape) - 1
    there = filled[
        np.clip(y.round().astype(int), 0, last[0]), np.clip(x.round().astype(int), 0, last[1])
    ]
    parts = np.abs(np.fft.rfft(there, axis=1)).ravel()
    return np.asarray(parts / np.linalg.norm(parts))


def zernike(lit: Mask) -> npt.NDArray[np.float64]:
    """What rotations and reflections of all that is lit share, with its gaps: float64 (moments,).

    The magnitudes of the Zernike moments of orders 2 to `ORDERS` over the smallest circle (Khotanzad
    and Hong, Invariant image recognition by Zernike moments, 1990,
    https://doi.org/10.1109/34.55109); of length 1. Unlike `descriptor` it leaves out the mean,
    which says only how full the circle is, and sees gaps between shells and lobes.
    """
    centre, radius = circle(lit)
    y, x = np.nonzero(lit)
    across, up = (x - centre[0]) / radius, (y - centre[1]) / radius
    inside = across**2 + up**2 <= 1
    distance = np.hypot(across, up)[inside]
    turns = np.exp(-1j * np.arctan2(up, across)[inside])
    found = []
    for order in range(2, ORDERS + 1):
        for repeats in range(order % 2, order + 1, 2):
            wave = jacobi((order - repeats) // 2, 0, repeats)(2 * distance**2 - 1)
            found.append((order + 1) * abs((wave * distance**repeats * turns**repeats).sum()))
    return np.asarray(found / np.linalg.norm(found))


def measure(placed: Layout, seconds: float) -> tuple[Form, Pixels]:
    """A layout's form, and its bare scan."""
    found = color(placed.graph, "layer", positions=placed.positions)
    pixels = render(placed, found, size=SIZE, settings=RenderSettings()).pixels
    lit = np.asarray(pixels.max(axis=2).astype(int) - pixels[0, 0].max() > LIT)
    centre, radius = circle(lit)
    form = Form(
        lit=lit_share(lit, centre, radius),
        centre=lit_share(lit, centre, radius / 4),
        stress=quality(placed).stress,
        seconds=seconds,
        descriptor=descriptor(lit).tolist(),
        inner=zernike(lit).tolist(),
    )
    return form, pixels


def nearest(vectors: dict[str, list[float]]) -> dict[str, tuple[float, str]]:
    """The similarity and name of the form that is most like each, by vectors of length 1."""
    names = list(vectors)
    every = np.array([vectors[name] for name in names])
    alike = every @ every.T
    np.fill_diagonal(alike, 0)
    return {
        name: (float(row.max()), names[row.argmax()])
        for name, row in zip(names, alike, strict=True)
    }


def sheet(pictures: dict[str, Pixels], path: Path, columns: int = 6) -> None:
    """Save all pictures side by side."""
    rows = -(-len(pictures) // columns)
    whole = Image.new("RGB", (columns * SIZE, rows * SIZE))
    for number, pixels in enumerate(pictures.values()):
        whole.paste(Image.fromarray(pixels), (number % columns * SIZE, number // columns * SIZE))
    whole.save(path)


def report(forms: dict[str, Form], before: dict[str, Form]) -> None:
    """Print a line for each form, and the medians."""
    alike = nearest({name: form.descriptor for name, form in forms.items()})
    inner = nearest({name: form.inner for name, form in forms.items()})
    print("model              lit centre  stress of old      s of old nearest, with gaps")
    for name, form in forms.items():
        old = before.get(name, form)
        stress, seconds = form.stress / old.stress, form.seconds / old.seconds
        print(
            f"{name:16} {form.lit:5.2f} {form.centre:6.2f} {form.stress:7.4f} {stress:6.2f} "
            f"{form.seconds:6.2f} {seconds:6.2f} {alike[name][0]:.3f} {alike[name][1]:15} "
            f"{inner[name][0]:.3f} {inner[name][1]}{'  DARK' if form.centre < DARK else ''}"
        )
    worse = [form.stress / before.get(name, form).stress for name, form in forms.items()]
    print(
        f"median lit {np.median([form.lit for form in forms.values()]):.3f}; "
        f"dark centres {sum(form.centre < DARK for form in forms.values())} of {len(forms)}; "
        f"mean similarity of the nearest {_mean(alike):.4f}, with gaps {_mean(inner):.4f}; "
        f"stress of old: median {np.median(worse):.3f}, worst {max(worse):.3f}; "
        f"seconds {sum(form.seconds for form in forms.values()):.1f}, "
        f"of old {sum(before.get(name, form).seconds for name, form in forms.items()):.1f}"
    )


def _mean(alike: dict[str, tuple[float, str]]) -> float:
    return float(np.mean([like for like, _ in alike.values()]))


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help="names of sample models, else all")
    parser.add_argument("--vertices", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sheet", type=Path, help="picture of all scans")
    parser.add_argument("--save", type=Path, help="JSON file of what was measured")
    parser.add_argument("--beside", type=Path, help="such a file of another version")
    given = parser.parse_args()
    names = given.models or sorted(path.stem for path in MODELS.glob("*.onnx"))
    forms: dict[str, Form] = {}
    pictures: dict[str, Pixels] = {}
    for name in names:
        graph = lower(load(MODELS / f"{name}.onnx"), vertices=given.vertices)
        if not forms:
            layout(graph)
        start = time.process_time()
        placed = layout(graph, seed=given.seed)
        forms[name], pictures[name] = measure(placed, time.process_time() - start)
    old = json.loads(given.beside.read_text()) if given.beside else {}
    report(forms, {name: Form(**form) for name, form in old.items()})
    if given.save:
        given.save.write_text(json.dumps({name: asdict(form) for name, form in forms.items()}))
    if given.sheet:
        sheet(pictures, given.sheet)


if __name__ == "__main__":
    main()
