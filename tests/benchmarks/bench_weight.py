"""How much a site weighs by kind of file, and how its formats of pictures score.

    pip install ssimulacra2
    python -m tests.benchmarks.bench_weight site SITE [BEFORE]
    python -m tests.benchmarks.bench_weight scores models/unet.onnx models/llama.onnx

The first prints kilobytes per model of every kind of file, with everything that models share
divided among them. The second draws main scans and encodes them in every format and quality: bytes,
processor time, and SSIMULACRA 2 against what was drawn (https://github.com/cloudinary/ssimulacra2:
70 is hard to notice without comparison, 80 not visible side by side at full size, 90 not in a
flicker test).
"""

from __future__ import annotations

import argparse
import io
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean

from PIL import Image

import gallery
from gallery.rendering.files.formats import encode
from gallery.rendering.types import Picture
from gallery.settings.formats import FORMATS, QUALITIES

SIDES = (640, 1280)
"""Sides of the scans that are scored."""


def kinds(site: Path) -> tuple[Counter[str], int]:
    """Bytes by kind of file, and the number of models of a site."""
    slugs = sorted((one.parent.name for one in site.glob("*/facts.json")), key=len, reverse=True)
    found: Counter[str] = Counter()
    for path in site.rglob("*"):
        if path.is_file():
            found[_kind(path.relative_to(site).as_posix(), slugs)] += path.stat().st_size
    return found, len(slugs)


def _kind(name: str, slugs: Sequence[str]) -> str:
    """The kind of a file, by what its name says without the model and the hash."""
    stem = re.sub(r"\.[0-9a-f]{8}\.", ".", name.removeprefix("assets/"))
    for slug in slugs:
        if name.startswith(f"{slug}/"):
            return "page: " + name[len(slug) + 1 :]
        if stem.startswith(f"{slug}-"):
            kind = stem[len(slug) + 1 :]
            kind = re.sub(r"^(color|skeleton|light|lesson)\b[\w-]*?(-\d+)?\.", r"\1\2.", kind)
            return re.sub(r"^(diagram|poster|scans|card)-\d+", r"\1", kind)
    return "shared by all models"


def weigh(sites: Sequence[Path]) -> None:
    """Print the table of one site, or of two side by side."""
    weighed = [kinds(site) for site in sites]
    names = sorted(set().union(*(found for found, _ in weighed)))
    names.sort(key=lambda name: -max(found[name] / count for found, count in weighed))
    for name in (*names, "in all"):
        sums = [(found.total() if name == "in all" else found[name]) for found, _ in weighed]
        cells = [
            f"{one / count / 1000:9,.1f}" for one, (_, count) in zip(sums, weighed, strict=True)
        ]
        print(f"{name:32}{''.join(cells)} kB per model")


def score(paths: Iterable[Path]) -> None:
    """Print the mean and the worst score of every format and quality over the models."""
    drawn = [picture for path in paths for picture in _drawn(path)]
    for kind in (one for one in FORMATS if one.site and one.name != "png"):
        for quality in QUALITIES:
            rows = [_scored(picture, kind.suffixes[0], quality) for picture in drawn]
            size, seconds, scores = zip(*rows, strict=True)
            print(
                f"{kind.name:5} {quality:5} {mean(size) / 1000:8.1f} kB {mean(seconds):7.3f} s"
                f"   score {mean(scores):5.1f}, worst {min(scores):5.1f}"
            )


def _drawn(path: Path) -> list[Picture]:
    graph = gallery.lower(gallery.load(path), vertices=100_000)
    layout = gallery.layout(graph)
    coloring = gallery.color(graph, "layer")
    return [gallery.render(layout, coloring, size=side) for side in SIDES]


def _scored(picture: Picture, suffix: str, quality: str) -> tuple[int, float, float]:
    """Bytes, processor seconds and score."""
    from ssimulacra2 import compute_ssimulacra2  # noqa: PLC0415 - for this benchmark alone

    start = time.process_time()
    data = encode(picture, suffix, quality)
    seconds = time.process_time() - start
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before.png"), Path(folder, "after.png")
        Image.fromarray(picture.pixels).save(before, compress_level=1)
        with Image.open(io.BytesIO(data)) as decoded:
            decoded.convert("RGB").save(after, compress_level=1)
        return len(data), seconds, float(compute_ssimulacra2(before, after))


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("site").add_argument("sites", nargs="+", type=Path)
    commands.add_parser("scores").add_argument("models", nargs="+", type=Path)
    chosen = parser.parse_args()
    if chosen.command == "site":
        weigh(chosen.sites)
    else:
        score(chosen.models)


if __name__ == "__main__":
    main()
