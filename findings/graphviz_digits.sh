#!/usr/bin/env bash
# Graphviz writes positions with five digits, so that drawings of thousands of rows lose points.
#
# Expected: `pos`, `lp` and `bb` are in points and good to a fraction of one.
# Found (Graphviz 14.1.5 in pygraphviz 2.0.4): they have five significant digits. In a chain of 4,000
# boxes, 72 points apart, positions are beyond 100,000 points and steps of 10 points appear: rows are
# 70 or 80 points apart, and edges end up to 5 points off the boxes that they belong to. JSON repeats
# these attributes. The shapes of xdot (`_draw_`, `_hdraw_`, `_ldraw_`) have two decimals at any size.
# For a program such as ours: draw what is taller than 99,999 points from the shapes of xdot.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pygraphviz==2.0.4

"$work/venv/bin/python" - 2>/dev/null <<'PY'
import sys

import pygraphviz

ROWS = 4000
graph = pygraphviz.AGraph(directed=True)
graph.node_attr.update(shape="box", fixedsize="true", label="", height="0.5")
for row in range(ROWS):
    graph.add_edge(row, row + 1)
xdot = pygraphviz.AGraph(string=graph.draw(format="xdot", prog="dot").decode())


def steps(heights):
    return sorted({round(a - b, 2) for a, b in zip(heights, heights[1:])})


def top(node):
    numbers = node.attr["_draw_"].split(" p ")[1].split()[1:]
    return max(float(one) for one in numbers[1::2])


high = [row for row in range(ROWS) if float(xdot.get_node(row).attr["pos"].split(",")[1]) > 1e5]
attributes = steps([float(xdot.get_node(row).attr["pos"].split(",")[1]) for row in high])
shapes = steps([top(xdot.get_node(row)) for row in high])
print(f"{len(high)} rows beyond 100,000 points; steps of pos {attributes}, of shapes {shapes}")
if attributes != [70.0, 80.0] or shapes != [72.0]:
    sys.exit("behaviour has changed: positions have other digits")
print("as seen: five digits in attributes, two decimals in shapes")
PY
