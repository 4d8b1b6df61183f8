"""Checks a viewer's data that another machine may have made: structure, lengths and references."""

from __future__ import annotations

from typing import Any

import numpy as np

from gallery.rendering.viewer.check_schedule import SECTIONS, TABLE, check_schedule
from gallery.rendering.viewer.container import unpack
from gallery.rendering.viewer.decode import count_varints, from_planes, from_varints
from gallery.schema import (
    MismatchError,
    anything,
    each,
    mapping,
    number,
    one_of,
    record,
    row,
    switch,
    text,
    whole,
)
from gallery.settings.choices import ARRANGEMENTS, GROUNDS

_name = text(400)
_share = number(0, 1)
_count = whole(0, 1 << 40)
_index = whole(-1, 1 << 40)
_stops = text(4096, "([0-9a-f]{6})*")
_names, _counts, _indices = each(_name), each(_count), each(_index)

_head = record(
    {
        "version": one_of(2),
        "whole": row(_count, _count),
        "shown": row(_count, _count),
        "frame": row(_share, _share),
        "step": whole(1, 64),
        "complete": switch,
        "arrangement": one_of(*ARRANGEMENTS),
        "heights": each(_share),
        "single": number(0, 1),
        "gamut": row(whole(1, 4096), whole(1, 4096)),
        "look": mapping(_name, number(0, 1e6), 40),
        "skeleton": _name,
        "target": _name,
        "kinds": each(_name, 256),
        "passes": each(_name, 256),
        "model": _name,
        "operators": record(
            {
                "name": _names,
                "type": _names,
                "layer": _counts,
                "index": _indices,
                "reads": each(_counts),
                "writes": each(_counts),
            }
        ),
        "layers": record({"name": _names, "path": _names, "parent": _indices, "type": _names}),
        "tensors": each(row(_name, _name, _name)),
        "sets": record(
            {
                "first": _counts,
                "shape": each(each(whole(0, 1 << 62), 256)),
                "splits": each(each(whole(1, 1 << 40), 256)),
                "rank": each(whole(0, 256)),
                "tensor": _indices,
                "period": _counts,
            }
        ),
        "colorings": each(
            record(
                {
                    "attribute": _name,
                    "palette": _name,
                    "categorical": switch,
                    "legend": each(
                        row(_name, text(7, "#[0-9a-f]{6}"), _share, whole(0, 65_535)), 70_000
                    ),
                    "entries": each(whole(-1, 70_000)),
                }
            ),
            100,
            1,
        ),
        "palettes": mapping(_name, record(dict.fromkeys(GROUNDS, _stops)), 100),
        "sections": mapping(_name, _count, 1000),
    },
    {
        "run": TABLE,
        "provenance": mapping(_name, anything, 10),
        "fibres": record(
            {
                "middle": row(_share, _share),
                "pull": _share,
                "gather": _share,
                "light": _share,
                "reach": number(1e-6, 1),
            }
        ),
    },
)


def checked(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Head and sections of a viewer's container.

    Raises:
        ValueError: The bytes are not what `viewer_data` can have made.
    """
    head, sections = unpack(data)
    _head(head)
    for name in ("operators", "layers", "sets"):
        _require(len(set(map(len, head[name].values()))) == 1, "columns of one length", name)
    operators, layers, tensors = head["operators"], len(head["layers"]["name"]), head["tensors"]
    sheets = len(operators["name"]) * len(head["passes"])
    _require(len(head["heights"]) == sheets, "a height for each pass of operators", "heights")
    _below(operators["layer"], layers, "operators", "layer")
    _below(head["layers"]["parent"], layers, "layers", "parent")
    _below(head["sets"]["tensor"], len(tensors), "sets", "tensor")
    for column in ("reads", "writes"):
        for one in operators[column]:
            _below(one, len(tensors), "operators", column)
    _check_sets(head["sets"], head["shown"][0])
    _check_sections(head, sections)
    if "run" in head:
        check_schedule(head, sections)
    return head, sections


def _check_sets(sets: dict[str, Any], vertices: int) -> None:
    columns = (sets[name] for name in ("first", "shape", "splits", "rank", "period"))
    for first, shape, splits, rank, period in zip(*columns, strict=True):
        fits = len(shape) == len(splits) >= rank
        fits = fits and all(
            split <= max(size, 1) for size, split in zip(shape, splits, strict=True)
        )
        inner = 1
        for split in splits[1:] if period else splits:
            inner = min(inner * split, 1 << 62)
        steps = splits[0] - 1 if period and splits else 0
        fits = fits and bool(splits or not period)
        _require(fits and first + steps * period + inner <= vertices, "grids of vertices", "sets")


def _check_sections(head: dict[str, Any], sections: dict[str, bytes]) -> None:
    vertices, edges = head["shown"]
    lengths = {
        "kind": vertices,
        "pass": vertices,
        "gains": vertices,
        "x": 2 * vertices,
        "y": 2 * vertices,
    }
    lengths |= {"flops": 2 * vertices, "bytes": 2 * vertices}
    lengths["gamut"] = head["gamut"][0] * head["gamut"][1]
    lengths |= {f"rows{number}": 2 * vertices for number in range(len(head["colorings"]))}
    varints = {"operator", "read", "sent", "degree"}
    tables = {"flops_table", "bytes_table"}
    numbers = range(len(head["colorings"]))
    colors = {f"{name}{number}" for name in ("colors", "inks") for number in numbers}
    known = {*lengths, *varints, *tables, *colors, "edges", "forward"}
    known |= SECTIONS if "run" in head else set()
    _require(sections.keys() == known, "the viewer's sections", "sections")
    for name, length in lengths.items():
        _require(len(sections[name]) == length, f"{length} bytes", "sections", name)
    for name in varints:
        _require(count_varints(sections[name]) == vertices, f"{vertices} numbers", "sections", name)
    _require(count_varints(sections["edges"]) == edges, f"{edges} numbers", "sections", "edges")
    _require(count_varints(sections["forward"]) in (0, vertices), "numbers", "sections", "forward")
    for name in tables:
        rows = _largest(sections[name.removesuffix("_table")]) + 1
        fits = not len(sections[name]) % 4 and rows <= len(sections[name]) // 4
        _require(fits, "a table of all amounts", "sections", name)
    for place, one in enumerate(head["colorings"]):
        count = len(one["entries"])
        fits = count in (0, len(head["operators"]["name"]))
        fits = fits and max(one["entries"], default=-1) < len(one["legend"])
        _require(fits, "an entry of each operator", "colorings", place)
        size = len(sections[f"colors{place}"])
        rows = max(_largest(sections[f"rows{place}"]), *(entry[3] for entry in one["legend"]), -1)
        _require(not size % 3 and rows < size // 3, "a table of all colours", "colorings", place)
        fits = len(sections[f"inks{place}"]) == size
        _require(fits, "a colour on paper for each", "colorings", place)
    degrees = from_varints(sections["degree"])
    _require(
        int(degrees.max(initial=0)) <= edges and int(degrees.sum()) == edges,
        "all edges",
        "sections",
        "degree",
    )
    kinds, passes = (np.frombuffer(sections[name], np.uint8) for name in ("kind", "pass"))
    _require(int(kinds.max(initial=0)) < len(head["kinds"]) or not vertices, "kinds", "kinds")
    _require(int(passes.max(initial=0)) < len(head["passes"]) or not vertices, "passes", "passes")


def _largest(planes: bytes) -> int:
    """The largest number in byte planes; -1 if there is none."""
    return int(from_planes(planes).max(initial=-1))


def _below(indices: list[int], length: int, *where: str) -> None:
    _require(all(one < length for one in indices), f"below {length}", *where)


def _require(fits: bool, wanted: str, *where: str | int) -> None:
    if not fits:
        raise MismatchError(wanted, *where)
