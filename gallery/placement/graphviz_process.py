"""The program that runs a Graphviz engine: DOT on standard input, JSON on standard output.

It is run as a script in its own process (see `graphviz_engines`), so that an engine that hangs or
crashes does no harm; it imports nothing from this package, to start quickly.
"""

import ctypes
import faulthandler
import json
import re
import signal
import sys
from contextlib import suppress
from math import ceil

NOT_LOADED = 3
"""Exit status if the library cannot be loaded."""

try:
    import pygraphviz
except ImportError as error:
    sys.stderr.write(str(error))
    sys.exit(NOT_LOADED)


def end_in_time(seconds: float) -> None:
    """Make this process exit when its time is up or its parent has died.

    An engine holds the GIL for as long as it runs, so no Python thread could do it: a thread in C
    watches the time, and the Linux kernel the parent. Should the thread fail, the kernel ends the
    process a second of processor time later.
    """
    faulthandler.dump_traceback_later(seconds, exit=True)
    with suppress(ImportError, OSError, ValueError):  # not Windows
        import resource  # noqa: PLC0415

        most = ceil(seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    with suppress(AttributeError, OSError, TypeError):  # not Linux
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _numbers(text: str | None) -> list[float]:
    return [float(part) for part in (text or "").rstrip("!").replace(",", " ").split()]


def _spline(text: str) -> list[list[float]]:
    # "e,x,y x,y x,y ...": the tip of the arrow, then control points of Bézier curves.
    points = []
    tip: list[list[float]] = []
    for part in text.split(";", maxsplit=1)[0].split():
        fields = part.split(",")
        if fields[0] == "e":
            tip = [[float(fields[1]), float(fields[2])]]
        elif fields[0] != "s":
            points.append([float(fields[0]), float(fields[1])])
    return points + tip


def _nodes(drawn: pygraphviz.AGraph) -> dict[str, list[float]]:
    return {str(node): _numbers(node.attr["pos"])[:2] for node in drawn.nodes()}


def _edges(drawn: pygraphviz.AGraph) -> dict[str, dict[str, object]]:
    return {
        edge.attr["id"]: {
            "points": _spline(edge.attr["pos"] or ""),
            "label": _numbers(edge.attr["lp"]),
        }
        for edge in drawn.edges()
    }


def _clusters(drawn: pygraphviz.AGraph) -> dict[str, list[float]]:
    clusters = {}
    waiting = list(drawn.subgraphs())
    while waiting:
        cluster = waiting.pop()
        clusters[cluster.name] = _numbers(cluster.graph_attr["bb"])
        waiting.extend(cluster.subgraphs())
    return clusters


def _box(drawn: pygraphviz.AGraph) -> list[float]:
    return _numbers(drawn.graph_attr["bb"])


_PARTS = {"nodes": _nodes, "edges": _edges, "clusters": _clusters, "box": _box}


_DIGITS = 99_999.0
"""Points up to which the five digits that Graphviz writes in attributes are points and parts."""

_SHAPE = re.compile(r"(?:^| )([pPBT]) (?:[0-9]+ )?(-?[0-9.]+ -?[0-9.]+(?: -?[0-9.]+)*)")
_ABOVE_BASE = 0.322
"""Middle of a line of text above its base line, by the size of its font."""

_TIP = 1.5
"""How far an arrow's tip is beyond its shape, which has a pen's width, in points."""


def _shapes(drawing: str | None, kind: str) -> list[list[tuple[float, float]]]:
    """Points of the shapes of a kind in xdot: p and P polygons, B curves, T texts."""
    found = []
    for letter, text in _SHAPE.findall(drawing or ""):
        if letter in kind:
            numbers = [float(part) for part in text.split()]
            found.append(list(zip(numbers[::2], numbers[1::2], strict=False)))
    return found


def _refined(drawn: pygraphviz.AGraph, engine: str) -> pygraphviz.AGraph:
    """The graph drawn once more as xdot, whose shapes have two decimals at any size.

    Where they are known from shapes, `pos`, `lp` and `bb` are written anew with all digits.
    """
    fine = pygraphviz.AGraph(string=drawn.draw(format="xdot", prog=engine).decode())
    for node in fine.nodes():
        for corners in _shapes(node.attr["_draw_"], "pP")[:1]:
            x, y = (sum(side) / len(corners) for side in zip(*corners, strict=True))
            node.attr["pos"] = f"{x:.2f},{y:.2f}"
    for edge in fine.edges():
        curves, heads = _shapes(edge.attr["_draw_"], "B"), _shapes(edge.attr["_hdraw_"], "P")
        if len(curves) == 1 and len(heads) == 1 and len(heads[0]) == 3:
            (ax, ay), (x, y), (bx, by) = heads[0]
            dx, dy = x - (ax + bx) / 2, y - (ay + by) / 2
            long = (dx * dx + dy * dy) ** 0.5 or 1.0
            tip = f"e,{x + _TIP * dx / long:.2f},{y + _TIP * dy / long:.2f}"
            edge.attr["pos"] = " ".join([tip, *(f"{x:.2f},{y:.2f}" for x, y in curves[0])])
        for (x, y), *_ in _shapes(edge.attr["_ldraw_"], "T"):
            size = float(edge.attr["fontsize"] or 14)
            edge.attr["lp"] = f"{x:.2f},{y + _ABOVE_BASE * size:.2f}"
    waiting = list(fine.subgraphs())
    while waiting:
        cluster = waiting.pop()
        for corners in _shapes(cluster.graph_attr["_draw_"], "pP")[:1]:
            xs, ys = zip(*corners, strict=True)
            cluster.graph_attr["bb"] = f"{min(xs)},{min(ys)},{max(xs)},{max(ys)}"
        waiting.extend(cluster.subgraphs())
    return fine


def main() -> None:
    """Write the positions of the parts named by arguments 3 onwards; argument 1 is the engine.

    Argument 2 is the time limit in seconds.
    """
    engine, seconds, *parts = sys.argv[1:]
    source = sys.stdin.read()
    # Not before: the graph may still have been in the making.
    end_in_time(float(seconds))
    drawn = pygraphviz.AGraph(string=source)
    drawn.layout(prog=engine)
    if "edges" in parts and max(map(abs, _box(drawn))) > _DIGITS:
        drawn = _refined(drawn, engine)
    json.dump({part: _PARTS[part](drawn) for part in parts}, sys.stdout)


if __name__ == "__main__":
    main()
