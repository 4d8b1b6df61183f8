"""What keeps a file from coming out flawless, in sentences; one function a kind of fault."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from gallery import Coloring, ComputeGraph, Facts, Model
from gallery.coloring.oklab import linear_from_srgb, oklab_from_linear
from gallery.costs import cost

_CLEAR = 0.9
"""Least share of the vertices that a legend names."""

_MODULES = 0.9
"""Least share of the layers that are modules, where the modules are known."""

_TYPES = {schema.name for schema in onnx.defs.get_all_schemas()}
_NUMBERED = re.compile(r"(?:p2o\.)?([A-Z]\w*?)[._]\d+")

_BY_DATA = frozenset(("Compress", "NonMaxSuppression", "NonZero", "StringSplit", "Unique"))
"""Operators of ONNX whose results are as large as the data tell."""


def shape_faults(model: Model, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[str]:
    """Tensors whose shape is unknown or not what ONNX Runtime made."""
    unknown, by_data = 0, sized_by_data(model)
    for index, tensor in enumerate(model.tensors):
        made = shapes.get(tensor.name)
        if made is None:
            continue
        if tensor.sizes is None:
            unknown += index not in by_data
        elif tensor.sizes != made:
            yield f"shape: {tensor.name} is {list(tensor.sizes)}, ONNX Runtime makes {list(made)}"
    if unknown:
        yield f"shape: {unknown} of {len(shapes)} are unknown that ONNX Runtime knows"


def sized_by_data(model: Model) -> set[int]:
    """Tensors whose sizes may follow from the data, although two runs gave the same ones."""
    found: set[int] = set()
    for operator in model.operators:
        inner = {i for body in operator.bodies for i in body.outputs}
        if operator.type in _BY_DATA or not found.isdisjoint([*operator.inputs, *inner]):
            found.update(i for i in operator.outputs if i >= 0)
    return found


def operator_faults(
    model: Model, facts: Facts, graph: ComputeGraph, shapes: Mapping[str, Any]
) -> Iterator[str]:
    """Operator types without a relation or a cost; those of data-dependent size are pardoned."""
    for kind in graph.unknown_operators:
        yield f"relation: {kind} has none"
    by_data = sized_by_data(model)
    kinds = set()
    for operator in model.operators:
        tensors = {i for i in (*operator.inputs, *operator.outputs) if i >= 0}
        if cost(model, operator) is not None or not by_data.isdisjoint(tensors):
            continue
        made = [model.tensors[i] for i in operator.outputs if i >= 0]
        if any(one.name in shapes if shapes else one.sizes is not None for one in made):
            kinds.add(operator.type)
    yield from (f"cost: {kind} has none" for kind in sorted(kinds & _plain_types(facts)))


def _plain_types(facts: Facts) -> set[str]:
    """The types that could not be counted, without their domains."""
    return {kind.rpartition(".")[2] for kind in facts.uncounted}


def count_faults(
    facts: Facts, parameters: int | None, folded: int | None, macs: int | None
) -> Iterator[str]:
    """Counts that are not those of the producer, whole or folded, or of the recount."""
    counts = [count for count in (parameters, folded) if count is not None]
    if counts and facts.parameters not in counts:
        told = " or ".join(f"{count:,}" for count in counts)
        yield f"parameters: {facts.parameters:,}, the producer counts {told}"
    if macs is not None and (facts.macs or 0) != macs:
        yield f"MACs: {facts.macs}, recounted {macs}"


def layer_faults(model: Model, facts: Facts, modules: Sequence[str] | None) -> Iterator[str]:
    """Layers that are no modules, layers of one operator each, or no layers in a network.

    What multiplies nothing, such as an ensemble of trees, has no layers.
    """
    paths = [layer.path for layer in model.layers[1:]]
    held = len(model.operators)
    numbered = {path: _NUMBERED.fullmatch(path.rpartition("/")[2]) for path in paths}
    odd = [path for path, match in numbered.items() if match and match[1] in _TYPES]
    if len(odd) > 2:
        yield f"layers: {len(odd)} are named as operators, such as {odd[0]}"
    if modules is None:
        if held >= 60 and facts.macs and not paths:
            yield f"layers: none in {held} operators"
        top = sum(layer.parent == 0 for layer in model.layers[1:])
        if top > max(40, held / 3):
            yield f"layers: {top} side by side in {held} operators"
        return
    known = {_plain(part) for module in modules for part in _prefixes(module)}
    # A module without parameters is not listed, but the one around it is, or is the whole.
    strange = [path for path in paths if not {_plain(path), _above(path)} & {*known, ""}]
    if paths and len(strange) > (1 - _MODULES) * len(paths):
        yield f"layers: {len(strange)} of {len(paths)} are no modules, such as {strange[0]}"
    if len(modules) >= 4 and held >= 30 and not paths:
        yield f"layers: none, where the producer has {len(modules)} modules"


def _prefixes(module: str) -> Iterator[str]:
    """The modules around a module, with and without the outermost, which a reader may leave out."""
    parts = re.split(r"[./]", module)
    for end in range(1, len(parts) + 1):
        yield from (".".join(parts[:end]), ".".join(parts[1:end]))


def _above(path: str) -> str:
    return _plain(path).rpartition(".")[0]


def _plain(path: str) -> str:
    return path.replace("/", ".").lower()


def legend_faults(coloring: Coloring) -> Iterator[str]:
    """A legend that leaves out what is seen, or gives neighbours one colour."""
    named = sum(entry.share for entry in coloring.legend)
    if named < _CLEAR:
        yield f"legend: it names {named:.0%} of the vertices"
    colors = np.array([[int(e.color[k : k + 2], 16) for k in (1, 3, 5)] for e in coloring.legend])
    if len(colors) > 1:
        lab = oklab_from_linear(linear_from_srgb(colors / 255))
        apart = np.linalg.norm(np.diff(lab, axis=0), axis=1)
        if apart.min() < 0.01:
            yield f"legend: {int((apart < 0.01).sum())} neighbours have one colour"


def picture_faults(pixels: npt.NDArray[np.uint8]) -> Iterator[str]:
    """A picture on a dark ground that is nearly black.

    Args:
        pixels: uint8 (height, width, 3).
    """
    bright = pixels.max(axis=2)
    lit = float((bright > 60).mean())
    if lit < 0.004 or np.percentile(bright, 99.9) < 110:
        yield f"picture: nearly black, {lit:.2%} of it is lit"
