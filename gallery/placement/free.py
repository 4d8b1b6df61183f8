"""The free arrangement: Graphviz lays out the operators, then all vertices from coarse to fine."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from gallery.errors import LayoutError
from gallery.graph import ComputeGraph
from gallery.numerics.elementary import raised
from gallery.placement.distances import DoubleArray, hops
from gallery.placement.forces import Anchors, Forces, relax
from gallery.placement.form import Form, form_of
from gallery.placement.graph_levels import Finest, FloatArray, IntArray, Level, finest
from gallery.placement.graphviz_engines import ENGINES, Started, started
from gallery.placement.hierarchy import Hierarchy, hierarchy, reads_of
from gallery.placement.noise import scattered, scattered_around
from gallery.placement.orientation import oriented
from gallery.placement.remembered import remembered
from gallery.placement.settings import LayoutSettings
from gallery.placement.skeleton import Skeleton
from gallery.placement.skeleton import skeleton as operator_skeleton
from gallery.placement.stages import resolutions
from gallery.placement.stress import Bodies, DrawnBodies, draw
from gallery.placement.types import Layout

_log = logging.getLogger(__name__)

_MOST_OPERATORS = 1600
"""Most operators to draw by stress, pair by pair; with more, layers are drawn instead."""

_FEW_OPERATORS = 200
"""With fewer operators, their blocks are drawn pair by pair."""

_KEEP = {"sfdp": 0.0, "neato": 0.2, "fdp": 0.3}
_KEEP_OTHERS = 0.75
"""How much of a skeleton's distances is kept: most for engines that do not aim at distances."""

_DENSE = 1_000_000
"""With more vertices, single ones are not seen."""


def free_layout(
    graph: ComputeGraph,
    *,
    skeleton: str = "sfdp",
    seed: int = 1,
    seconds: float = 20.0,
    settings: LayoutSettings | None = None,
) -> Layout:
    """Place every vertex, whatever its pass; arguments and errors as for `layout`."""
    settings = settings or LayoutSettings()
    if skeleton not in ENGINES:
        found = f"there is no skeleton {skeleton!r}"
        raise LayoutError(found, graph.model, f"choose one of {', '.join(ENGINES)}")
    if not graph.vertices:
        nothing = np.empty((0, 2), np.float32)
        return Layout(graph=graph, positions=nothing, skeleton=skeleton, engine=skeleton, seed=seed)
    with started(skeleton, seconds, "nodes") as engine, ThreadPoolExecutor(1) as aside:
        start = time.perf_counter()
        sizes = hierarchy(graph, _MOST_OPERATORS)
        _log.info("levels: %.2f s", time.perf_counter() - start)
        # Not needed before the bodies have places, and Graphviz runs on one core.
        whole = aside.submit(finest, reads_of(graph))
        sizes, drawing, of_operators = _drawn(graph, sizes, engine, seed, settings)
    coarser = [level.whole() for level in sizes.levels[1:]]
    levels: list[Level | Finest] = [whole.result(), *coarser]
    parents = list(sizes.parents)
    ancestors = sizes.ancestors()
    del sizes, whole
    positions = _refine(levels, parents, ancestors, drawing, settings, np.random.default_rng(seed))
    # Axis by axis: the smallest of each column takes NumPy fifty times as long.
    middle = [(column.min() + column.max()) / 2 for column in positions.T]
    positions -= np.array(middle, np.float32)
    return Layout(
        graph=graph,
        positions=positions,
        skeleton=skeleton,
        engine=of_operators.engine,
        fallback=of_operators.fallback,
        seed=seed,
    )


def _drawn(
    graph: ComputeGraph,
    sizes: Hierarchy,
    engine: Started,
    seed: int,
    settings: LayoutSettings,
) -> tuple[Hierarchy, DrawnBodies, Skeleton]:
    """Levels, the places of the vertices of the last one, and the skeleton that these are from."""
    start = time.perf_counter()
    form = form_of(graph, sizes)
    bodies = Hierarchy(levels=(*sizes.levels[:-1], form.bodies()), parents=sizes.parents)
    of_operators = operator_skeleton(graph, bodies, engine, seed)
    _log.info("skeleton by %s: %.2f s", of_operators.engine, time.perf_counter() - start)
    start = time.perf_counter()
    places = of_operators.positions
    if form.bodies().vertices < _FEW_OPERATORS:
        sizes, places = _unfolded(sizes, places, np.random.default_rng(seed))
        form = form_of(graph, sizes)
    drawing = _bodies_drawn(
        form.sizes,
        resolutions(graph, form.member, form.body(), form.bodies().vertices),
        places,
        keep=_KEEP.get(of_operators.engine, _KEEP_OTHERS),
        seed=seed,
        settings=settings,
    )
    drawing = _oriented(form, drawing)
    _log.info("operators: %d, %.2f s", len(drawing.places), time.perf_counter() - start)
    return sizes, drawing, of_operators


_hops = remembered(hops)  # All skeletons of a model have the same.


@remembered
def _bodies_drawn(
    sizes: Hierarchy,
    resolution: DoubleArray,
    places: FloatArray,
    *,
    keep: float,
    seed: int,
    settings: LayoutSettings,
) -> DrawnBodies:
    """What `draw` makes of the last of the levels of a form."""
    bodies = Bodies(level=sizes.levels[-1].whole(), hops=_hops(sizes), resolution=resolution)
    return draw(bodies, places, keep=keep, seed=seed, settings=settings)


def _unfolded(
    sizes: Hierarchy, positions: FloatArray, random: np.random.Generator
) -> tuple[Hierarchy, FloatArray]:
    """Levels that end at blocks of operators, as there are few operators.

    So a network of few, large operators (the time steps of a recurrent one are a single operator)
    gets a distinctive shape too. The blocks start at the places of their operators.
    """
    fits = [level.vertices <= _MOST_OPERATORS for level in sizes.levels]
    last = fits.index(True)
    start = positions[sizes.ancestors()[last]]
    start += (scattered(len(start), random) * (0.01 * start.std())).astype(np.float32)
    return Hierarchy(levels=sizes.levels[: last + 1], parents=sizes.parents[:last]), start


def _oriented(form: Form, drawing: DrawnBodies) -> DrawnBodies:
    """The drawing, turned by the order of execution."""
    body, charge = form.body(), form.bodies().charge
    order = np.bincount(body, np.arange(len(body)), len(charge)) / np.bincount(
        body, minlength=len(charge)
    )
    radius = np.sqrt(drawing.area / np.pi * charge).astype(np.float32)
    # A copy of the places, as others may still be made from the same drawing.
    return replace(drawing, places=oriented(drawing.places.copy(), order, charge, radius))


def _refine(
    levels: list[Level | Finest],
    parents: list[IntArray],
    bodies: list[IntArray],
    drawing: DrawnBodies,
    settings: LayoutSettings,
    random: np.random.Generator,
) -> FloatArray:
    """Positions on the finest level, from the places of the bodies.

    Takes each level out of the lists before the next finer one is relaxed: those of a large graph
    would take up much memory. `bodies` are the vertices' ancestors in the last level.
    """
    positions = places = drawing.places
    push = drawing.area * (1 + settings.hold) / np.pi
    forces = Forces(hold=settings.hold, push=push, reach=settings.reach)
    margin = 2 + 3 * float(np.sqrt(push * levels[-1].charge.max()))
    coarser = max(len(levels) - 2, 1)
    dense = levels[0].vertices > _DENSE
    finest = settings.dense_steps if dense else settings.fine_steps
    bodies.pop()
    while parents:
        start = time.perf_counter()
        room = np.sqrt(push * levels.pop().charge)
        level, number = levels[-1], len(levels) - 1
        positions = _spread(positions, parents.pop(), room, random)
        share = number / coarser
        steps = round(finest * float(raised(settings.steps / finest, share)))
        anchors = Anchors(places=places, body=bodies.pop(), margin=margin)
        positions = relax(level, positions, anchors, forces, steps)
        _log.info(
            "level %d: %d vertices, %d edges, %d steps, %.2f s",
            number,
            level.vertices,
            level.ends // 2,
            steps,
            time.perf_counter() - start,
        )
    return positions


def _spread(
    positions: FloatArray, parents: IntArray, room: FloatArray, random: np.random.Generator
) -> FloatArray:
    """Initial positions on a finer level: around the parent, within its space."""
    return scattered_around(positions, parents, np.float32(0.7) * room.astype(np.float32), random)
