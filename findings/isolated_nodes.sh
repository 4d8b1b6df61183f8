#!/usr/bin/env bash
# In Graphviz, nodes without edges are the expensive ones, and small ones cost the most.
#
# Expected: 200 nodes with no edges are the easiest graph there is; a chain of 200 is harder.
# Happens: twopi, neato, sfdp, fdp and circo lay out each connected component and then pack them, by
#   default as polyominoes tested cell by cell. The time grows with the square of the number of
#   components: 200 isolated nodes take over a hundred times as long as a chain of 200 nodes, and
#   200 pairs are no better; 2,000 nodes took sfdp 99 s, and 127 s with pack=false. packmode=array
#   takes next to no time. Drawing the nodes as tiny points, which looks cheaper, makes it slower
#   still: cells shrink with the nodes.
# Seen on: pygraphviz 2.0.4 (its wheel holds Graphviz), with twopi.
# For us: leaving out nodes without edges is not enough, a graph of many small parts is as slow. Set
#   packmode=array, or lay out the components one by one, before the time limit turns a good drawing
#   into the fallback.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pygraphviz==2.0.4

"$folder/venv/bin/python" - 2>"$folder/errors" <<'PY' || { cat "$folder/errors"; exit 1; }
import time
from importlib.metadata import version

import pygraphviz

print("pygraphviz", version("pygraphviz"))


def seconds(nodes, *, edges=(), graph=None, node=None):
    drawing = pygraphviz.AGraph(strict=False)
    drawing.add_nodes_from(range(nodes))
    drawing.add_edges_from(edges)
    drawing.graph_attr.update(graph or {})
    drawing.node_attr.update(node or {})
    start = time.perf_counter()
    drawing.layout(prog="twopi")
    taken = time.perf_counter() - start
    assert all(n.attr["pos"] for n in drawing.nodes()), "a node has no position"
    return taken


seconds(2)  # whatever the first call loads
chain = seconds(200, edges=[(number, number + 1) for number in range(199)])
pairs = seconds(400, edges=[(number, number + 1) for number in range(0, 400, 2)])
few, many = seconds(50), seconds(200)
array = seconds(200, graph={"packmode": "array"})
points = seconds(200, node={"shape": "point", "width": "0.01"})
print(f"a chain of 200 nodes               {chain:8.3f} s")
print(f"50 nodes without edges             {few:8.3f} s")
print(f"200 nodes without edges            {many:8.3f} s, {many / chain:.0f} chains, {many / few:.1f} times that of 50")
print(f"200 pairs                          {pairs:8.3f} s")
print(f"200 nodes, packmode=array          {array:8.3f} s")
print(f"200 nodes, points of width 0.01    {points:8.3f} s")
assert many > 20 * chain, "behaviour has changed: isolated nodes are cheap"
assert pairs > 20 * chain, "behaviour has changed: pairs are cheap"
assert many > 6 * few, "behaviour has changed: time no longer grows faster than the number of nodes"
assert array < many / 10, "behaviour has changed: packmode=array does not help"
assert points > 1.5 * many, "behaviour has changed: points are not slower"
print("as seen: many small parts cost more than a chain")
PY
