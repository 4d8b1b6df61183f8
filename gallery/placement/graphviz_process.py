"""The program that runs a Graphviz engine: DOT on standard input, JSON on standard output.

It is run as a script in its own process (see `graphviz_engines`), so that an engine that hangs or
crashes does no harm. Most engines are done sooner than Python and pygraphviz are imported: so it
imports nothing from this package, little of Python, and of pygraphviz only the library itself.
"""

from __future__ import annotations

import faulthandler
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

NOT_LOADED = 3
"""Exit status if the library cannot be loaded."""

_PARENT_DEATH, _KILL = 1, 9
"""PR_SET_PDEATHSIG and SIGKILL of Linux."""

_DIGITS = 99_999.0
"""Points up to which the five digits that Graphviz writes in attributes are points and parts."""

_SHAPE = r"(?:^| )([pPBT]) (?:[0-9]+ )?(-?[0-9.]+ -?[0-9.]+(?: -?[0-9.]+)*)"
_ABOVE_BASE = 0.322
"""Middle of a line of text above its base line, by the size of its font."""

_TIP = 1.5
"""How far an arrow's tip is beyond its shape, which has a pen's width, in points."""


def _library(folder: str) -> Any:
    """The functions of Graphviz: the C module of the pygraphviz in a folder.

    Raises:
        ImportError: It, or a library that it needs, is missing.
    """
    sys.path.append(os.path.dirname(folder))
    if sys.platform != "win32":  # There the package makes the libraries beside it known.
        package = type(sys)("pygraphviz")
        package.__path__ = [folder]
        sys.modules["pygraphviz"] = package
    from pygraphviz import _graphviz  # noqa: PLC0415

    return _graphviz


def _end_in_time(seconds: float) -> None:
    """Make this process exit when its time is up or its parent has died.

    An engine holds the GIL for as long as it runs, so no Python thread could do it: a thread in C
    watches the time, and the Linux kernel the parent. Should the thread fail, the kernel ends the
    process a second of processor time later.
    """
    faulthandler.dump_traceback_later(seconds, exit=True)
    if sys.platform != "win32":
        import resource  # noqa: PLC0415

        least = int(seconds) + 2
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        if most == resource.RLIM_INFINITY or most > least:
            resource.setrlimit(resource.RLIMIT_CPU, (least, least))
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415

        ctypes.CDLL(None).prctl(_PARENT_DEATH, _KILL)


class _Graph:
    """A graph that the library holds."""

    def __init__(self, library: Any, file: Any) -> None:
        """Read it from a file or a pipe."""
        self._library = library
        self.root = library.agread(file, None)

    def lay_out(self, engine: str) -> None:
        """Write what an engine finds into the attributes of its parts."""
        self._drawn(engine, lambda context: self._library.gvRender(context, self.root, b"dot"))

    def drawing(self, engine: str) -> bytes:
        """The graph as xdot, laid out by an engine."""
        found = self._drawn(
            engine, lambda context: self._library.gvRenderData(context, self.root, b"xdot")
        )
        return bytes(found[1])

    def _drawn(self, engine: str, render: Callable[[Any], Any]) -> Any:
        library, root = self._library, self.root
        context = library.gvContextWithBuiltins()
        if library.gvLayout(context, root, engine.encode()) == -1:
            sys.exit(1)  # The library has said why.
        found = render(context)
        library.gvFreeLayout(context, root)
        library.gvFreeContext(context)
        return found

    def nodes(self) -> Iterator[Any]:
        """Handles of its nodes."""
        node = self._library.agfstnode(self.root)
        while node is not None:
            yield node
            node = self._library.agnxtnode(self.root, node)

    def edges(self) -> Iterator[Any]:
        """Handles of its edges, node by node."""
        for node in self.nodes():
            edge = self._library.agfstout(self.root, node)
            while edge is not None:
                yield edge
                edge = self._library.agnxtout(self.root, edge)

    def subgraphs(self) -> list[Any]:
        """Handles of its subgraphs, with those inside them."""
        found, waiting = [], [self.root]
        while waiting:
            inside = self._inside(waiting.pop())
            found += inside
            waiting += inside
        return found

    def _inside(self, graph: Any) -> list[Any]:
        found, one = [], self._library.agfstsubg(graph)
        while one is not None:
            found.append(one)
            one = self._library.agnxtsubg(one)
        return found

    def name(self, part: Any) -> str:
        """The name of a node or a subgraph."""
        return str(self._library.agnameof(part).decode())

    def told(self, part: Any, attribute: str) -> str:
        """What an attribute of a part says; nothing if there is none."""
        found = self._library.agget(part, attribute.encode())
        return found.decode() if found else ""

    def tell(self, part: Any, attribute: str, value: str) -> None:
        """Let an attribute of a part say something else."""
        self._library.agsafeset(part, attribute.encode(), value.encode(), b"")


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.rstrip("!").replace(",", " ").split()]


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


def _nodes(graph: _Graph) -> dict[str, Any]:
    return {graph.name(one): _numbers(graph.told(one, "pos"))[:2] for one in graph.nodes()}


def _edges(graph: _Graph) -> dict[str, Any]:
    return {
        graph.told(one, "id"): {
            "points": _spline(graph.told(one, "pos")),
            "label": _numbers(graph.told(one, "lp")),
        }
        for one in graph.edges()
    }


def _clusters(graph: _Graph) -> dict[str, Any]:
    return {graph.name(one): _numbers(graph.told(one, "bb")) for one in graph.subgraphs()}


def _box(graph: _Graph) -> list[float]:
    return _numbers(graph.told(graph.root, "bb"))


_PARTS = {"nodes": _nodes, "edges": _edges, "clusters": _clusters, "box": _box}


def _shapes(drawing: str, kind: str) -> list[list[tuple[float, float]]]:
    """Points of the shapes of a kind in xdot: p and P polygons, B curves, T texts."""
    import re  # noqa: PLC0415

    found = []
    for letter, text in re.findall(_SHAPE, drawing):
        if letter in kind:
            numbers = [float(part) for part in text.split()]
            found.append(list(zip(numbers[::2], numbers[1::2], strict=False)))
    return found


def _refined(drawn: _Graph, library: Any, engine: str) -> _Graph:
    """The graph drawn once more as xdot, whose shapes have two decimals at any size.

    Where they are known from shapes, `pos`, `lp` and `bb` are written anew with all digits.
    """
    import tempfile  # noqa: PLC0415

    with tempfile.TemporaryFile() as file:
        file.write(drawn.drawing(engine))
        file.seek(0)
        fine = _Graph(library, file)
    for node in fine.nodes():
        for corners in _shapes(fine.told(node, "_draw_"), "pP")[:1]:
            x, y = (sum(side) / len(corners) for side in zip(*corners, strict=True))
            fine.tell(node, "pos", f"{x:.2f},{y:.2f}")
    for edge in fine.edges():
        curves = _shapes(fine.told(edge, "_draw_"), "B")
        heads = _shapes(fine.told(edge, "_hdraw_"), "P")
        if len(curves) == 1 and len(heads) == 1 and len(heads[0]) == 3:
            (ax, ay), (x, y), (bx, by) = heads[0]
            dx, dy = x - (ax + bx) / 2, y - (ay + by) / 2
            long = (dx * dx + dy * dy) ** 0.5 or 1.0
            tip = f"e,{x + _TIP * dx / long:.2f},{y + _TIP * dy / long:.2f}"
            fine.tell(edge, "pos", " ".join([tip, *(f"{x:.2f},{y:.2f}" for x, y in curves[0])]))
        for (x, y), *_ in _shapes(fine.told(edge, "_ldraw_"), "T"):
            size = float(fine.told(edge, "fontsize") or 14)
            fine.tell(edge, "lp", f"{x:.2f},{y + _ABOVE_BASE * size:.2f}")
    for cluster in fine.subgraphs():
        for corners in _shapes(fine.told(cluster, "_draw_"), "pP")[:1]:
            xs, ys = zip(*corners, strict=True)
            fine.tell(cluster, "bb", f"{min(xs)},{min(ys)},{max(xs)},{max(ys)}")
    return fine


def _json(value: dict[str, Any] | list[Any] | float) -> str:
    """A value as JSON; names in it need no escapes. Python's own takes 8 ms to import."""
    if isinstance(value, dict):
        return "{" + ",".join(f'"{name}":{_json(one)}' for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    return repr(value) if value - value == 0 else "NaN"


def _first_line() -> str:
    """The first line of standard input, and not a byte more, as the library reads the rest."""
    line = b""
    while byte := os.read(0, 1):
        if byte == b"\n":
            return line.decode()
        line += byte
    sys.exit()  # There is no graph.


def main() -> None:
    """Write the positions of the parts named by arguments 3 onwards.

    Argument 1 is the folder of pygraphviz, argument 2 the engine. The first line of standard input
    is the time limit in seconds: it begins with the graph, which may still be in the making.
    """
    folder, engine, *parts = sys.argv[1:]
    try:
        library = _library(folder)
    except ImportError as error:
        sys.stderr.write(str(error))
        sys.exit(NOT_LOADED)
    _end_in_time(float(_first_line()))
    graph = _Graph(library, sys.stdin.buffer)
    graph.lay_out(engine)
    if "edges" in parts and max(map(abs, _box(graph))) > _DIGITS:
        graph = _refined(graph, library, engine)
    sys.stdout.write(_json({part: _PARTS[part](graph) for part in parts}))
    sys.stdout.flush()
    os._exit(0)  # It takes Python 3 ms to put everything away.


if __name__ == "__main__":
    main()
