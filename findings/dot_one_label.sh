#!/usr/bin/env bash
# One label on one edge makes dot place all edges about ten times more slowly.
#
# Expected: a label costs the edge that bears it one more place to keep free.
# Found (Graphviz 14.1.5 in pygraphviz 2.0.4): a chain of 60 rows with 90 long edges beside it takes
# about ten times the processor time as soon as a single edge has a label. For labels, dot halves the
# gap between ranks and doubles the length of every edge in ranks, so that labels have ranks of their
# own: each long edge passes twice as many virtual nodes, whether it has a label or not, and the time
# to order and place those grows faster than their number. It shows in the drawing: the gap between
# two rows changes although nothing else does.
# For a program such as ours: sizes of tensors as labels of arrows made dot run into its time limit
# on networks with many skips, such as DenseNet. Count the rows that arrows pass, and beyond a limit
# draw the texts yourself.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pygraphviz==2.0.4

"$work/venv/bin/python" - <<'PY'
import random
import sys
import time

import pygraphviz

ROWS, LONG = 60, 90


def drawn(labels):
    chance = random.Random(1)
    graph = pygraphviz.AGraph(directed=True)
    graph.node_attr.update(shape="box", fixedsize="true", label="")
    for row in range(ROWS):
        graph.add_edge(row, row + 1)
    pairs = set()
    while len(pairs) < LONG:
        first = chance.randrange(ROWS - 20)
        pairs.add((first, min(ROWS, first + chance.randrange(5, ROWS))))
    for number, pair in enumerate(sorted(pairs)):
        graph.add_edge(*pair, **({"label": "x", "fontsize": "1"} if number < labels else {}))
    started = time.process_time()
    graph.layout("dot")
    return time.process_time() - started


without, with_one = drawn(0), drawn(1)
print(f"with one label among {ROWS + LONG} edges, {with_one / without:.1f} times the processor time")
if with_one < 3 * without:
    sys.exit("behaviour has changed: a label no longer costs the other edges")
print("as seen: one label costs all edges")
PY
