"""Topological order of the operators of one graph."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

import onnx

from gallery.errors import LoadError
from gallery.loading.values import text_of


def order(nodes: Sequence[onnx.NodeProto]) -> Sequence[onnx.NodeProto]:
    """The nodes of one graph, each after those whose outputs it or its bodies read.

    Of the nodes that could come next, the first in the file does, so that a sorted file keeps its
    order. This is Kahn's algorithm (https://doi.org/10.1145/368996.369025) with a heap.

    Raises:
        LoadError: The nodes form a cycle.
    """
    maker: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for name in node.output:
            if name:
                maker.setdefault(name, index)
    reads = [{maker[name] for name in needs(node) if name in maker} for node in nodes]
    if all(not sources or max(sources) < index for index, sources in enumerate(reads)):
        return nodes
    readers: list[list[int]] = [[] for _ in nodes]
    waiting = [len(sources) for sources in reads]
    for index, sources in enumerate(reads):
        for source in sources:
            readers[source].append(index)
    ready = [index for index, count in enumerate(waiting) if not count]
    done: list[int] = []
    while ready:
        done.append(heapq.heappop(ready))
        for reader in readers[done[-1]]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, reader)
    if len(done) < len(nodes):
        raise _cycle(nodes, reads, waiting)
    return [nodes[index] for index in done]


def needs(node: onnx.NodeProto) -> Iterable[str]:
    """The names that a node reads, itself or in its bodies; in order, without duplicates."""
    found = dict.fromkeys(name for name in node.input if name)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs) if _holds_graph(attribute) else ():
            found.update(dict.fromkeys(_free(graph)))
    return found


def _holds_graph(attribute: onnx.AttributeProto) -> bool:
    return attribute.HasField("g") or bool(attribute.graphs)


def _free(graph: onnx.GraphProto) -> Iterable[str]:
    made = {value.name for value in graph.input}
    made.update(tensor.name for tensor in graph.initializer)
    made.update(tensor.values.name for tensor in graph.sparse_initializer)
    for node in graph.node:
        made.update(node.output)
    read = [name for node in graph.node for name in needs(node)]
    read += [value.name for value in graph.output]
    return [name for name in read if name not in made]


def _cycle(
    nodes: Sequence[onnx.NodeProto], reads: Sequence[set[int]], waiting: Sequence[int]
) -> LoadError:
    # Walking back from a waiting node through waiting nodes must arrive at one seen before.
    at = next(index for index, count in enumerate(waiting) if count)
    seen: set[int] = set()
    while at not in seen:
        seen.add(at)
        at = min(source for source in reads[at] if waiting[source])
    node = nodes[at]
    name, kind = text_of(node.name), text_of(node.op_type)
    found = f"the operators form a cycle through {name or kind!r} ({kind})"
    return LoadError(found, hint="export the model again; an ONNX graph must be acyclic")
