"""Exhibits made by hand, with small made-up pictures, for the tests of the site."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from gallery.coloring.types import LegendEntry
from gallery.costs.facts import Facts, LayerFact, TensorFact
from gallery.errors import Failure
from gallery.execution.curves import curves
from gallery.execution.results import RunCurves, RunSummary
from gallery.execution.run import run
from gallery.execution.summary import summary
from gallery.model import Layer
from gallery.publishing import Exhibit, ImageFile, ScanImages, SiteSettings
from gallery.publishing.assets.earlier import Earlier
from gallery.publishing.assets.static import static_files
from gallery.publishing.assets.templates import environment
from gallery.publishing.exhibit import MeasuredSums, NamedNumber
from gallery.publishing.index_pages import write_index
from gallery.publishing.model_views import model_view
from gallery.publishing.page import PageContext
from gallery.settings.cards import Card, CardResult
from gallery.settings.values import FrontMatter
from tests.strategies import mesh

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'`{{7*7}}\u202egnp\x00\n&amp;"
"""Ends attributes and elements, overrides direction, holds NUL, a newline and template marks."""

PROSE = """## What it is

It adds what it *computes* to what it was given.

| a | b |
|---|---|
| 1 | 2 |

See [the paper](https://example.org/paper) and <script>alert(3)</script>
[this](javascript:alert(4)) ![pixel](https://example.org/pixel.png).
"""


def make_pictures(folder: Path) -> tuple[ImageFile, ...]:
    """One glowing disc in two sizes and three formats."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for width in (320, 640):
        y, x = np.mgrid[-1 : 1 : width * 1j, -1 : 1 : width * 1j]
        glow = np.exp(-8 * (np.hypot(x, y) - 0.5) ** 2)[..., None] * [90, 160, 255]
        image = Image.fromarray(glow.astype(np.uint8))
        for kind in ("avif", "webp", "png"):
            path = folder / f"disc-{width}.{kind}"
            image.save(path, speed=10, method=0)
            files.append(ImageFile(source=path, format=kind, width=width, height=width))
    return tuple(files)


def make_diagram(folder: Path) -> ImageFile:
    path = folder / "diagram.svg"
    box = '<rect x="20" y="20" width="80" height="40" fill="#58c"/>'
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="120" height="400" '
        f'viewBox="0 0 120 400">{box}</svg>'
    )
    return ImageFile(source=path, format="svg", width=120, height=400)


def make_file(path: Path) -> ImageFile:
    """A file that is not a picture."""
    return ImageFile(source=path, format=path.suffix[1:], width=0, height=0, name=path.name)


def make_scan(pictures: tuple[ImageFile, ...], key: str = "hero", **changes: object) -> ScanImages:
    values: dict[str, object] = {
        "key": key,
        "caption": f"The scan called {key}",
        "passes": "forward",
        "skeleton": "sfdp",
        "fallback": "",
        "attribute": "layer",
        "palette": "rainbow",
        "ground": "dark",
        "vertices": 123_456,
        "edges": 1_899_000,
        "images": pictures,
        "legend": (
            LegendEntry(label="stem", color="#ff8800", share=0.25),
            LegendEntry(label="head", color="#0088ff", share=0.75),
        ),
    }
    return ScanImages(**(values | changes))  # type: ignore[arg-type]


def make_layers(parameters: int, flops: int) -> tuple[LayerFact, ...]:
    rows = [("", 0, 9), ("stage", 1, 6), ("stage/0", 2, 3), ("stage/0/conv", 3, 1), ("fc", 1, 1)]
    return tuple(
        LayerFact(
            name=path.rsplit("/", 1)[-1],
            path=path,
            depth=depth,
            type="Module",
            operators=operators,
            parameters=parameters // (depth + 1),
            flops=flops // (depth + 1),
        )
        for path, depth, operators in rows
    )


def make_facts(name: str = "net", **changes: object) -> Facts:
    values: dict[str, object] = {
        "name": name,
        "digest": hashlib.sha256(name.encode("utf-8", "replace")).hexdigest(),
        "file_bytes": 91_234,
        "parameters": 25_557_032,
        "parameter_bytes": {"float": 102_228_128},
        "macs": 4_089_184_256,
        "flops": 8_178_368_512,
        "uncounted": {"Loop": 2},
        "cost_by_type": {"Conv": 8_000_000_000, "Gemm": 4_096_000},
        "activations": None,
        "operators": 122,
        "histogram": {"Conv": 53, "Relu": 49, "Add": 16, "Gemm": 1},
        "layers": make_layers(25_557_032, 8_178_368_512),
        "depth": 87,
        "ir_version": 10,
        "opsets": {"ai.onnx": 20},
        "producer": "pytorch 2.13.0",
        "inputs": (TensorFact(name="input", dtype="float", shape=("batch", 3, 224, None)),),
        "outputs": (TensorFact(name="logits", dtype="float", shape=None),),
        "bindings": {"batch": 1},
        "assumed": ("batch",),
        "warnings": ("the shape of one tensor is not known",),
    }
    return Facts(**(values | changes))  # type: ignore[arg-type]


def make_run(name: str = "stage") -> tuple[RunSummary, RunCurves]:
    """A training step of a mesh on a processor; all its layers and operators bear the name."""
    graph = replace(mesh(8, 40), target="ipu1")
    operators = tuple(
        replace(one, name=f"{name} {k}", layer=k % 2) for k, one in enumerate(graph.operators)
    )
    layers = (*graph.layers, Layer(name=name, path=name, parent=0))
    passes = np.minimum(np.arange(graph.vertices) // 150, 2).astype(np.uint8)
    flops = np.full(graph.vertices, 1e6, np.float32)
    graph = replace(
        graph, operators=operators, layers=layers, vertex_pass=passes, vertex_flops=flops
    )
    execution = run(graph)
    return summary(execution), curves(execution)


def make_exhibit(
    slug: str, pictures: tuple[ImageFile, ...], *, size: int = 1, **changes: object
) -> Exhibit:
    values: dict[str, object] = {
        "slug": slug,
        "path": f"zoo/{slug}.onnx",
        "front": FrontMatter(
            title=f"The {slug} net",
            year=2015,
            tags=("vision", "residual"),
            family="Residual",
            authors=("Ada Lovelace",),
            paper="On nets",
            paper_url="https://example.org/paper",
            source="https://example.org/code",
            licence="MIT",
        ),
        "prose": PROSE,
        "facts": make_facts(
            slug,
            parameters=25_557_032 * size,
            macs=4_089_184_256 * size,
            flops=8_178_368_512 * size,
        ),
        "scans": (make_scan(pictures),),
    }
    return Exhibit(**(values | changes))  # type: ignore[arg-type]


def make_gallery(folder: Path) -> list[Exhibit]:
    """A gallery with everything in it: variants, a failure, unknown numbers, hostile names.

    The second model's run takes three times as long as that of the first.
    """
    told, charts = make_run()
    slow = replace(told, seconds=3 * told.seconds), charts
    pictures = make_pictures(folder)
    diagram = make_diagram(folder)
    scale = tuple(
        LegendEntry(label=label, color=color, share=share)
        for label, color, share in (("1 FLOP", "#30123b", 0.0), ("1 GFLOPs", "#fb7e21", 1.0))
    )
    variants = (
        make_scan(pictures),
        make_scan(pictures, "training", passes="training", attribute="pass"),
        make_scan(pictures, "color-flops", attribute="flops", legend=scale),
        make_scan(pictures[:1], "skeleton-circo", skeleton="sfdp", fallback="circo took too long"),
    )
    notes = folder / "notes.txt"
    notes.write_text("notes")
    result = CardResult(task="classification", dataset="nets", metric="accuracy", value="0.9")
    unknown = make_facts("unknown", macs=None, flops=None, histogram={}, layers=(), inputs=())
    return [
        make_exhibit(
            "alpha",
            pictures,
            scans=variants,
            files={
                "diagram": (diagram,),
                "poster": (pictures[-1], diagram),
                "social card": (pictures[-1],),
                "graphs": (make_file(notes),),
            },
            run=(told, charts),
            unknown_operators=("com.example.Magic",),
            measured=(make_measured("conv1"), make_measured("conv1", "metric:error", "")),
            measured_notes=("1 of 9 names belong to no operator",),
            card=Card(results=(result,)),
        ),
        make_exhibit("beta", pictures, size=4, run=slow),
        make_exhibit("gamma", pictures, size=60, front=FrontMatter(), prose="", facts=unknown),
        hostile_exhibit("hostile", pictures),
        Exhibit(
            slug="broken",
            path="zoo/broken.onnx",
            front=FrontMatter(title="Broken"),
            failure=Failure(stage="load", found="a Git LFS pointer", hint="run git lfs pull"),
        ),
    ]


def make_measured(name: str, attribute: str = "measured", unit: str = "s") -> MeasuredSums:
    """Times of operators, or another number of them."""
    modelled = 1e-6 if unit else None
    rows = (
        NamedNumber(name=name, value=0.03, modelled=modelled),
        NamedNumber(name="", value=-0.01, modelled=modelled),
    )
    return MeasuredSums(
        attribute=attribute,
        title=f"number of {name}",
        unit=unit,
        source=f"{name}.profile.json",
        device=name,
        run=0.05,
        total=0.04,
        apart=0.01,
        lost=0.01,
        layers=rows if unit else (),
        types=rows if unit else (),
        operators=rows,
        processor=name if unit else "",
        modelled=4e-6 if unit else 0.0,
    )


def hostile_exhibit(slug: str, pictures: tuple[ImageFile, ...]) -> Exhibit:
    """A model whose every string is an attack."""
    bad = HOSTILE
    legend = (LegendEntry(label=bad, color='"><script>', share=2.0),)
    layers = (
        LayerFact(name="", path="", depth=0, type=bad, operators=2, parameters=0, flops=0),
        LayerFact(name=bad, path=bad, depth=1, type=bad, operators=1, parameters=0, flops=0),
    )
    tensor = TensorFact(name=bad, dtype=bad, shape=(bad, 1))
    return make_exhibit(
        slug,
        pictures,
        run=make_run(bad),
        path=f"{bad}.onnx",
        front=FrontMatter(
            title=bad,
            tags=(bad, bad),
            family=bad,
            authors=(bad,),
            paper=bad,
            paper_url="javascript:alert(5)",
            licence=bad,
            source='https://example.org/"onmouseover="alert(6)',
        ),
        measured=(make_measured(bad, bad), make_measured(bad, bad, "")),
        measured_notes=(bad,),
        prose=f"{bad}\n\n<iframe src='https://example.org'></iframe>\n\n[x](data:text/html,x)",
        facts=make_facts(
            bad,
            histogram={bad: 3, "Conv": 1},
            cost_by_type={bad: 3},
            uncounted={bad: 1},
            layers=layers,
            inputs=(tensor,),
            outputs=(tensor,),
            opsets={bad: 1},
            producer=bad,
            bindings={bad: 1},
            forest={bad: 1},
            tables={bad: 1},
            warnings=(bad,),
            parameter_bytes={bad: 8},
            metadata={bad: bad},
        ),
        scans=(
            make_scan(pictures, caption=bad, attribute=bad, legend=legend, fallback=bad),
            make_scan(pictures, "two", caption=bad, attribute="operator", legend=legend),
        ),
        unknown_operators=(bad,),
        failure=Failure(stage=bad, found=bad, hint=bad),
    )


def make_index(
    models: int,
    pictures: tuple[ImageFile, ...],
    folder: Path,
    *,
    flops: int = 10**6,
    tags: tuple[str, ...] = ("one", "two"),
    earlier: Earlier | None = None,
) -> list[str]:
    """The index of many models, without their pages; returns the paths of its pages.

    Args:
        models: How many.
        pictures: Of each of them.
        folder: Gets the pages.
        flops: Of the first.
        tags: Of the first; all others have "one" and "two".
        earlier: Gets what they are made from, or None.
    """
    settings = SiteSettings()
    view = model_view(make_exhibit("net", pictures), folder)
    views = [
        replace(
            view,
            slug=f"net-{i}",
            title=f"Net {i}",
            tags=("one", "two") if i else tags,
            facts=make_facts(
                f"{i}", parameters=10**5 * (i + 1), flops=10**6 * (i % 97 + 1) if i else flops
            ),
        )
        for i in range(models)
    ]
    static = static_files(folder, settings)
    context = PageContext(
        env=environment(settings),
        site=folder,
        settings=settings,
        static=static,
        earlier=earlier or Earlier(),
    )
    return write_index(context, views)
