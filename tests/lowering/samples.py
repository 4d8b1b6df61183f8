"""The sample models, lowered, for tests of laws that hold for all of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from gallery.graph import ComputeGraph
from gallery.loading.load import load
from gallery.lowering.connecting import connect, lined
from gallery.lowering.edges import Edges
from gallery.lowering.forward import Numbering, number
from gallery.lowering.program import Program
from gallery.lowering.tiling.splits import Splits, Splitter
from gallery.lowering.unsplit import unsplit
from gallery.model import Model
from gallery.targets import target_named

MODELS = Path(__file__).parents[2] / "models"
NAMES = sorted(path.stem for path in MODELS.glob("*.onnx"))
SMALL = ["alexnet", "lstm", "mobilenetv2", "resnet18", "swin-t", "unet", "vit-b16"]


@cache
def model_of(name: str) -> Model:
    return load(MODELS / f"{name}.onnx")


def split(name: str, *budgets: int) -> tuple[Program, list[Splits]]:
    """The program of a model, and its splits at ascending budgets."""
    program = unsplit(model_of(name)).program
    splitter = Splitter(program, target_named("ipu2"), False)
    return program, [splitter.advance(budget) for budget in budgets]


def forward(program: Program, steps: list[Splits]) -> list[tuple[Numbering, Edges]]:
    """Numberings and edges of a program at several splits."""
    result = []
    for splits in steps:
        numbering = number(program, splits)
        result.append((numbering, connect(numbering, lined(numbering))))
    return result


def assert_in_order(graph: ComputeGraph) -> None:
    """Every source comes before its reader, and no vertex is named twice by one."""
    readers = graph.readers()
    assert (graph.sources < readers).all()
    steps = np.diff(graph.sources.astype(np.int64))
    within = readers[1:] == readers[:-1]
    assert (steps[within] > 0).all()
