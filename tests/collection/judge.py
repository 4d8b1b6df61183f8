"""The share of flawless files of a collection, by producer, and a contact sheet of their scans.

    python -m tests.collection.judge DIRECTORY [--only PATTERN] [--sheet FILE] [--json FILE]

DIRECTORY holds PRODUCER/NAME.onnx and, where the producer knows better, PRODUCER/NAME.json (see
`tests.collection`). A crash costs the file that caused it. The exit status is 1 if fewer than
95 % are flawless.
"""

from __future__ import annotations

import argparse
import faulthandler
import fnmatch
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import gallery
from tests.collection.faults import (
    count_faults,
    layer_faults,
    legend_faults,
    operator_faults,
    picture_faults,
    shape_faults,
    sized_by_data,
)
from tests.collection.recount import UnjudgedError, recounted
from tests.collection.runtime import NotRunError, main_graph, runtime_shapes
from tests.collection.sheet import contact_sheet

_GOAL = 0.95
_CHUNK = 20
_SECONDS = 300
_VERTICES = 20_000
_SIDE = 480


def judged(path: Path, picture: Path | None) -> dict[str, Any]:
    """The faults of one file, and what they are measured on.

    Returns:
        JSON: faults, shapes (tensors that ONNX Runtime knows), unknown and wrong among them, runs
        (whether ONNX Runtime ran it), why (if not) and recounted (whether MACs were judged).
    """
    truth = _truth(path)
    model = gallery.load(path)
    facts = gallery.facts(model, path.stat().st_size)
    proto = main_graph(path)
    fed = {model.tensors[i].name: model.tensors[i].sizes for i in model.inputs}
    sizes = {name: shape for name, shape in fed.items() if shape is not None}
    why, shapes, macs = "", {}, None
    try:
        if len(sizes) < len(fed):
            raise NotRunError("is not supported: an input of any rank")
        shapes = runtime_shapes(proto, sizes)
        macs = recounted(proto, {**sizes, **shapes})
    except NotRunError as error:
        why = str(error)
    except UnjudgedError:
        pass
    graph = gallery.lower(model, vertices=_VERTICES)
    coloring = gallery.color(graph)
    drawn = gallery.render(gallery.layout(graph), coloring, size=_SIDE)
    if picture:
        gallery.save(drawn, picture)
    shape = list(shape_faults(model, shapes))
    faults = [
        *shape,
        *operator_faults(model, facts, graph, shapes),
        *count_faults(facts, truth.get("parameters"), truth.get("folded"), macs),
        *layer_faults(model, facts, truth.get("modules")),
        *legend_faults(coloring),
        *picture_faults(drawn.pixels),
    ]
    if why and not _foreign(why) and truth.get("runs", True):
        faults.append(f"runs: not at these sizes ({why[:120]})")
    tensors = {tensor.name: tensor for tensor in model.tensors}
    by_data = {model.tensors[i].name for i in sized_by_data(model)}
    unknown = [n for n in shapes if n in tensors and tensors[n].sizes is None and n not in by_data]
    return {
        "faults": faults,
        "shapes": len(shapes),
        "unknown": len(unknown),
        "wrong": sum(": " in one and " makes " in one for one in shape),
        "runs": not why,
        "why": why,
        "recounted": macs is not None,
        "vertices": graph.vertices,
        "warnings": list(model.warnings),
    }


def _truth(path: Path) -> dict[str, Any]:
    beside = path.with_suffix(".json")
    return dict(json.loads(beside.read_text("utf-8"))) if beside.exists() else {}


def _foreign(why: str) -> bool:
    """Whether the file asks for more than ONNX Runtime's CPU kernels, whatever the sizes."""
    # Text operators need the locale that the file names, which a machine may not have; version 1.32
    # refuses masks of Attention that are broadcast over the queries.
    signs = (
        "locale",
        "q_sequence_length",
        "NOT_IMPLEMENTED",
        "not a registered function",
        "No Op registered",
        "is not supported",
    )
    return any(sign in why for sign in signs) or "Unsupported model IR" in why


def main() -> int:
    """Judge a collection."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--only", default="*", help="pattern of PRODUCER/NAME, as of a shell")
    parser.add_argument("--sheet", type=Path, help="contact sheet of the scans, such as sheet.png")
    parser.add_argument("--json", type=Path, help="everything measured")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--worker", nargs="*", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is not None:
        for path in options.worker:
            faulthandler.dump_traceback_later(_SECONDS, exit=True)
            print(json.dumps(_caught(path, options.directory / _picture(path))), flush=True)
        return 0
    paths = [
        path
        for path in sorted(options.directory.glob("*/*.onnx"))
        if fnmatch.fnmatch(_name(path), options.only)
    ]
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(options.workers) as pool:
        pictures = Path(temporary)
        chunks = [paths[start : start + _CHUNK] for start in range(0, len(paths), _CHUNK)]
        made = pool.map(partial(_apart, pictures=pictures), chunks)
        results = [one for chunk in made for one in chunk]
        named = {_name(path): one for path, one in zip(paths, results, strict=True)}
        if options.sheet:
            contact_sheet(
                [
                    (name, pictures / _picture(path))
                    for name, path in zip(named, paths, strict=True)
                ],
                options.sheet,
            )
    if options.json:
        options.json.write_text(json.dumps(named, indent=1), "utf-8")
    print(table(named))
    return int(sum(not one["faults"] for one in results) < _GOAL * len(results))


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def _picture(path: Path) -> str:
    return f"{path.parent.name}--{path.stem}.png"


def _caught(path: Path, picture: Path) -> dict[str, Any]:
    """A file's faults; an error is one of them, so that the others are judged all the same."""
    try:
        return judged(path, picture)
    except Exception as error:
        told = " ".join(str(error).split())[:300]
        return {"faults": [f"error: {type(error).__name__}: {told}"]}


def _apart(paths: Sequence[Path], pictures: Path) -> list[dict[str, Any]]:
    """Judge files in a process of their own; after a crash or a hang, the rest in another one."""
    results: list[dict[str, Any]] = []
    while len(results) < len(paths):
        left = paths[len(results) :]
        command = [sys.executable, "-m", "tests.collection.judge", str(pictures), "--worker"]
        process = subprocess.Popen([*command, *map(str, left)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            results.append(json.loads(line))
            told = "; ".join(results[-1]["faults"]) or "flawless"
            print(f"{_name(paths[len(results) - 1])}: {told}", file=sys.stderr, flush=True)
        if process.wait() and len(results) < len(paths):
            results.append(
                {
                    "faults": [
                        f"crash: or not done in {_SECONDS} s, exit status {process.returncode}"
                    ]
                }
            )
    return results


def table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The faults of each file that has any, then the shares by producer."""
    lines = [f"{name}: {fault}" for name, one in results.items() for fault in one["faults"]]
    lines += ["", f"{'producer':24}{'files':>7}{'flawless':>10}{'run':>6}{'MACs judged':>13}"]
    producers: dict[str, list[Mapping[str, Any]]] = {}
    for name, one in results.items():
        producers.setdefault(name.partition("/")[0], []).append(one)
    for producer, ones in [*producers.items(), ("all", list(results.values()))]:
        good = sum(not one["faults"] for one in ones)
        share = good / max(len(ones), 1)
        run = sum(bool(one.get("runs")) for one in ones)
        counted = sum(bool(one.get("recounted")) for one in ones)
        lines.append(f"{producer:24}{len(ones):7}{share:10.0%}{run:6}{counted:13}")
    return "\n".join([*lines, _shares(list(results.values()))])


def _shares(results: Sequence[Mapping[str, Any]]) -> str:
    sums = {key: sum(one.get(key, 0) for one in results) for key in ("shapes", "unknown", "wrong")}
    kinds = Counter(
        kind for one in results for kind in {f.partition(":")[0] for f in one["faults"]}
    )
    by_kind = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()) or "none"
    unknown = sums["unknown"] / max(sums["shapes"], 1)
    return (
        f"shapes: {sums['shapes']:,} known to ONNX Runtime, {sums['wrong']} wrong, "
        f"{unknown:.2%} unknown; files by kind of fault: {by_kind}"
    )


if __name__ == "__main__":
    sys.exit(main())
