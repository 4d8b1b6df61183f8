"""The program that places a diagram: DOT on standard input, positions as JSON on standard output.

It is started as a file, in a process of its own (see `gallery.rendering.diagram.place`), so that a
layout that never ends or crashes harms nobody; it imports nothing of this package, to start
quickly.
"""

import json
import sys

import pygraphviz


def _numbers(text: str | None) -> list[float]:
    return [float(part) for part in (text or "").replace(",", " ").split()]


def _spline(text: str) -> list[list[float]]:
    # "e,x,y x,y x,y ...": the point of the arrow's tip, then control points of Bézier curves.
    points = []
    tip: list[list[float]] = []
    for part in text.split(";", maxsplit=1)[0].split():
        fields = part.split(",")
        if fields[0] == "e":
            tip = [[float(fields[1]), float(fields[2])]]
        elif fields[0] != "s":
            points.append([float(fields[0]), float(fields[1])])
    return points + tip


def main() -> None:
    """Write the places of nodes, edges and clusters of the graph on standard input."""
    drawn = pygraphviz.AGraph(string=sys.stdin.read())
    drawn.layout(prog="dot")
    nodes = {str(node): _numbers(node.attr["pos"]) for node in drawn.nodes()}
    edges = {}
    for edge in drawn.edges():
        edges[edge.attr["id"]] = {
            "points": _spline(edge.attr["pos"] or ""),
            "label": _numbers(edge.attr["lp"]),
        }
    clusters = {}
    waiting = list(drawn.subgraphs())
    while waiting:
        cluster = waiting.pop()
        clusters[cluster.name] = _numbers(cluster.graph_attr["bb"])
        waiting.extend(cluster.subgraphs())
    box = _numbers(drawn.graph_attr["bb"])
    json.dump({"box": box, "nodes": nodes, "edges": edges, "clusters": clusters}, sys.stdout)


if __name__ == "__main__":
    main()
