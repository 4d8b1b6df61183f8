"""The program that runs one Graphviz engine: DOT on standard input, positions on standard output.

It is started as a file, in a process of its own (see `graphviz_engines`), so that an engine that
never ends or crashes harms nobody; it imports nothing of this package, to start quickly.
"""

import sys

import pygraphviz


def main() -> None:
    """Write "node x y" for each node of the graph on standard input; the engine is argument 1."""
    drawn = pygraphviz.AGraph(string=sys.stdin.read())
    drawn.layout(prog=sys.argv[1])
    for node in drawn.nodes():
        x, y = node.attr["pos"].rstrip("!").split(",")[:2]
        sys.stdout.write(f"{node} {x} {y}\n")


if __name__ == "__main__":
    main()
