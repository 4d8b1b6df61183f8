"""The backward pass: the adjoint graph, vertex by vertex, and the parameter updates.

Reverse-mode differentiation of a graph reverses every edge (Griewank, Walther: Evaluating
Derivatives, 2nd ed., SIAM 2008, chapter 3). Vertex v' multiplies what it gets from the gradients
of v's readers by the derivative of v, for which it may need what v read or made:

    u -> v -> w      forward         v' reads w', and u or v where its derivative needs them
    u' <- v' <- w'   backward        the loss L is in between: outputs -> L -> their gradients

If v has more than `FAN_IN` readers, their gradients are summed by a tree of reduce vertices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.jit import kernel
from gallery.lowering.edges import DIFFERENTIABLE, SAVED, Edges
from gallery.lowering.tiling.traffic import FAN_IN


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forward:
    """What the adjoint needs to know about a forward graph of n vertices.

    Attributes:
        edges: The edges with their flags.
        parameter: bool (n,), parameter vertices that are trained.
        through: bool (n,), vertices that a gradient can flow through.
        own: bool (n,), vertices whose derivative needs their own output.
        outputs: int32 (k,), ascending, vertices that make the model's outputs.
    """

    edges: Edges
    parameter: npt.NDArray[np.bool_]
    through: npt.NDArray[np.bool_]
    own: npt.NDArray[np.bool_]
    outputs: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Extent:
    """How many vertices the backward pass of a forward graph of n vertices has.

    Attributes:
        has: bool (n,), vertices that have a gradient.
        readers: int32 (n,), how many gradients are summed for each of these.
        trees: int32 (n,), how many vertices that takes beside the gradient's own.
        vertices: Number of vertices of the whole training step.
    """

    has: npt.NDArray[np.bool_]
    readers: npt.NDArray[np.int32]
    trees: npt.NDArray[np.int32]
    vertices: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Training:
    """The whole graph of a training step.

    Attributes:
        indptr: int64 (N + 1,), forward, loss, gradients and updates.
        sources: int32 (m,).
        gradient_of: int32 (N,), the forward vertex that a vertex differentiates or updates, or -1.
        sums: bool (N,), reduce vertices that sum gradients; `gradient_of` gives the forward vertex
            that the sum is for.
        loss: Number of the loss vertex; the gradients follow it, then the updates.
        first_update: Number of the first update vertex.
    """

    indptr: npt.NDArray[np.int64]
    sources: npt.NDArray[np.int32]
    gradient_of: npt.NDArray[np.int32]
    sums: npt.NDArray[np.bool_]
    loss: int
    first_update: int


def extent(forward: Forward) -> Extent:
    """How many vertices a loss, the backward pass and the updates add to a forward graph."""
    edges = forward.edges
    n = len(edges.indptr) - 1
    graph = (edges.indptr, edges.sources, edges.flags)
    has = _with_gradient(*graph, forward.parameter, forward.through, _marked(forward))
    readers = _readers(*graph, has)
    trees = _trees(readers)
    later = has.sum() + trees.sum() + (has & forward.parameter).sum()
    return Extent(has=has, readers=readers, trees=trees, vertices=n + 1 + int(later))


def _marked(forward: Forward) -> npt.NDArray[np.bool_]:
    """Whether each vertex makes an output of the model: bool (n,)."""
    is_output = np.zeros(len(forward.parameter), bool)
    is_output[forward.outputs] = True
    return is_output


def training(forward: Forward, size: Extent) -> Training:
    """Add the loss, the backward pass and the updates to a forward graph.

    Args:
        forward: The graph.
        size: Its `extent`.
    """
    edges, is_output = forward.edges, _marked(forward)
    n = len(edges.indptr) - 1
    graph = (edges.indptr, edges.sources, edges.flags)
    has, readers, trees = size.has, size.readers, size.trees
    differentiated = np.flatnonzero(has)[::-1].astype(np.int32)
    updated = np.flatnonzero(has & forward.parameter).astype(np.int32)
    gradient = np.full(n, -1, np.int32)
    gradient[differentiated] = n + np.cumsum(1 + trees[differentiated], dtype=np.int64)
    first_update = n + 1 + len(differentiated) + int(trees[differentiated].sum())
    counts = np.zeros(size.vertices, np.int64)
    counts[:n] = np.diff(edges.indptr)
    counts[n] = len(forward.outputs)
    _count(*graph, gradient, forward.own, is_output, readers, trees, counts)
    counts[first_update:] = 2
    indptr = np.concatenate(([0], np.cumsum(counts)))
    sources = np.empty(int(indptr[-1]), np.int32)
    m = len(edges.sources)
    sources[:m] = edges.sources
    sources[m : m + len(forward.outputs)] = forward.outputs
    cursor = _fill(*graph, gradient, forward.own, is_output, readers, trees, indptr, sources)
    _reverse(*graph, gradient, cursor, sources)
    tail = sources[indptr[first_update] :].reshape(-1, 2)
    tail[:, 0] = updated
    tail[:, 1] = gradient[updated]
    gradient_of = np.full(len(counts), -1, np.int32)
    gradient_of[n + 1 : first_update] = np.repeat(differentiated, 1 + trees[differentiated])
    gradient_of[first_update:] = updated
    sums = np.zeros(len(counts), bool)
    sums[n + 1 : first_update] = True
    sums[gradient[differentiated]] = False
    return Training(
        indptr=indptr,
        sources=sources,
        gradient_of=gradient_of,
        sums=sums,
        loss=n,
        first_update=first_update,
    )


def _trees(readers: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Number of reduce vertices that sum the gradients of so many readers: int32 (n,).

    The last sum is done by the gradient vertex itself.

    >>> _trees(np.array([3, 8, 9, 65], np.int32)).tolist()
    [0, 0, 2, 11]
    """
    trees = np.zeros(len(readers), np.int32)
    left = np.flatnonzero(readers > FAN_IN)
    many = readers[left]
    while len(left):
        many = -(-many // FAN_IN)
        trees[left] += many
        left, many = left[many > FAN_IN], many[many > FAN_IN]
    return trees


@kernel
def _with_gradient(indptr, sources, flags, parameter, through, is_output):  # type: ignore[no-untyped-def]
    """Vertices on a differentiable path from a parameter to the loss."""
    n = len(indptr) - 1
    influenced = parameter.copy()
    for v in range(n):
        if through[v]:
            for e in range(indptr[v], indptr[v + 1]):
                if flags[e] & DIFFERENTIABLE and influenced[sources[e]]:
                    influenced[v] = True
                    break
    reaches = is_output & (through | parameter)
    for v in range(n - 1, -1, -1):
        if reaches[v] and through[v]:
            for e in range(indptr[v], indptr[v + 1]):
                if flags[e] & DIFFERENTIABLE:
                    reaches[sources[e]] = True
    return influenced & reaches


@kernel
def _readers(indptr, sources, flags, has):  # type: ignore[no-untyped-def]
    """Number of readers of each vertex that send it a gradient."""
    readers = np.zeros(len(has), np.int32)
    for v in range(len(has)):
        if has[v]:
            for e in range(indptr[v], indptr[v + 1]):
                if flags[e] & DIFFERENTIABLE and has[sources[e]]:
                    readers[sources[e]] += 1
    return readers


@kernel
def _count(indptr, sources, flags, gradient, own, is_output, readers, trees, counts):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """Count the edges of each gradient vertex and of the sums before it, level by level."""
    for v in range(len(gradient)):
        if gradient[v] < 0:
            continue
        many, node = readers[v], gradient[v] - trees[v]
        while many > FAN_IN:
            few = (many + FAN_IN - 1) // FAN_IN
            for j in range(few):
                counts[node + j] = min(FAN_IN, many - j * FAN_IN)
            node += few
            many = few
        saved = 0
        for e in range(indptr[v], indptr[v + 1]):
            saved += (flags[e] & SAVED) > 0
        counts[gradient[v]] = saved + own[v] + is_output[v] + many


@kernel
def _fill(indptr, sources, flags, gradient, own, is_output, readers, trees, out_indptr, out):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """Fill in what each gradient reads except its readers; return where the readers go.

    Saved blocks, the vertex's own block and the loss come first. The rows of the sums are just
    before that of their gradient, so that all that they read is contiguous: the readers, then the
    sums themselves, of which the gradient reads those that are left.
    """
    n = len(indptr) - 1
    first = np.zeros(n, np.int64)
    for v in range(n):
        if gradient[v] < 0:
            continue
        at = out_indptr[gradient[v]]
        for e in range(indptr[v], indptr[v + 1]):
            if flags[e] & SAVED:
                out[at] = sources[e]
                at += 1
        if own[v]:
            out[at] = v
            at += 1
        if is_output[v]:
            out[at] = n
            at += 1
        first[v] = at
        if trees[v]:
            node, left = gradient[v] - trees[v], out_indptr[gradient[v] + 1] - at
            first[v] = out_indptr[node]
            run = first[v] + readers[v]
            out[run : run + trees[v] - left] = np.arange(node, gradient[v] - left)
            out[at : at + left] = np.arange(gradient[v] - left, gradient[v])
    return first


@kernel
def _reverse(indptr, sources, flags, gradient, cursor, out):  # type: ignore[no-untyped-def]
    """Reverse every edge along which a gradient flows, last reader first (IN, OUT: cursor)."""
    for v in range(len(gradient) - 1, -1, -1):
        if gradient[v] < 0:
            continue
        for e in range(indptr[v], indptr[v + 1]):
            u = sources[e]
            if flags[e] & DIFFERENTIABLE and gradient[u] >= 0:
                out[cursor[u]] = gradient[v]
                cursor[u] += 1
