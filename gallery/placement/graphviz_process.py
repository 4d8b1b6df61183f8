"""The program that runs a Graphviz engine: DOT on standard input, JSON on standard output.

It is run as a script in its own process (see `graphviz_engines`), so that an engine that hangs or
crashes does no harm; it imports nothing from this package, to start quickly.
"""

import ctypes
import faulthandler
import json
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


def main() -> None:
    """Write the positions of the parts named by arguments 3 onwards; argument 1 is the engine.

    Argument 2 is the time limit in seconds.
    """
    engine, seconds, *parts = sys.argv[1:]
    end_in_time(float(seconds))
    drawn = pygraphviz.AGraph(string=sys.stdin.read())
    drawn.layout(prog=engine)
    json.dump({part: _PARTS[part](drawn) for part in parts}, sys.stdout)


if __name__ == "__main__":
    main()
