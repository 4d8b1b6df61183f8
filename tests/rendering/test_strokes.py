"""The raster: against a slow drawing without tiles, and the same whatever the number of cores."""

from __future__ import annotations

import dataclasses
import tracemalloc

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.rendering.raster.frame import bounds
from gallery.rendering.raster.strokes import (
    FAINTEST,
    Palette,
    Strokes,
    draw,
    draw_several,
    edge_light,
    mean_light,
    single_light,
)
from gallery.rendering.raster.tiles import TILE
from tests.strategies import compute_graph


def _strokes(points: object, edges: list[tuple[int, int]], **changes: object) -> Strokes:
    place = np.asarray(points, np.float32).reshape(-1, 2)
    graph = compute_graph(len(place), edges)
    colors = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    made = Strokes(
        indptr=graph.indptr,
        sources=graph.sources,
        points=place,
        index=(np.arange(len(place)) % 3).astype(np.uint16),
        colors=colors,
        line=1.3,
        dot=1.7,
        dot_light=2.0,
        fade=0.6,
        reach=24.0,
        gradient=True,
    )
    return dataclasses.replace(made, **changes)


def _slow(strokes: Strokes, width: int, height: int) -> np.ndarray:
    """Each edge and vertex on the whole canvas, pixel by pixel."""
    light = np.zeros((height, width, 4))
    for v in range(len(strokes.points)):
        for e in range(strokes.indptr[v], strokes.indptr[v + 1]):
            _slow_line(light, strokes, int(strokes.sources[e]), v)
        if strokes.dot > 0:
            x, y = strokes.points[v].astype(float)
            rows, columns = np.mgrid[:height, :width] + 0.5
            near = 1 - ((columns - x) ** 2 + (rows - y) ** 2) / strokes.dot**2
            cover = strokes.dot_light * np.maximum(near, 0) ** 2
            cover *= strokes.gains[v] if strokes.gains is not None else 1
            cover *= strokes.sparks[v] if strokes.sparks is not None else 1
            tone = np.append(strokes.colors[strokes.index[v]], 1)
            light += cover[:, :, None] * tone
    return light


def _slow_line(light: np.ndarray, strokes: Strokes, a: int, b: int) -> None:
    start, end = strokes.points[a].astype(float), strokes.points[b].astype(float)
    length = float(np.hypot(*(end - start)))
    weight = (
        1.0 if length <= strokes.reach else max((strokes.reach / length) ** strokes.fade, FAINTEST)
    )
    if strokes.gains is not None:
        weight *= 1 + (float(strokes.gains[b]) - 1) * weight
    axis = 0 if abs(end[0] - start[0]) >= abs(end[1] - start[1]) else 1
    along = abs(end[axis] - start[axis])
    if along == 0:
        return
    half = strokes.line / 2 * length / along
    tones = strokes.colors[strokes.index[[a, b]]]
    for u in range(light.shape[1 - axis]):
        low = max(u, min(start[axis], end[axis]))
        high = min(u + 1, max(start[axis], end[axis]))
        if high <= low:
            continue
        t = ((low + high) / 2 - start[axis]) / (end[axis] - start[axis])
        across = start[1 - axis] + t * (end[1 - axis] - start[1 - axis])
        tone = np.append(tones[0] * (1 - t) + tones[1] * t, 1) * weight * (high - low)
        w = np.arange(light.shape[axis])
        cover = np.clip(np.minimum(w + 1, across + half) - np.maximum(w, across - half), 0, None)
        if axis == 0:
            light[:, u] += cover[:, None] * tone
        else:
            light[u] += cover[:, None] * tone


coordinates = st.floats(-40, 190, width=32)


@pytest.mark.parametrize("dot", [0.6, 1.4, 3.2])
def test_dots_of_any_size_at_the_border_too(dot: float) -> None:
    points = np.random.default_rng(3).uniform(-2, 42, (200, 2))
    points = points[(np.abs(points - 20) < 20 - dot).all(axis=1)]
    strokes = _strokes(points, [], dot=dot)
    np.testing.assert_allclose(draw(strokes, (40, 0, 40)), _slow(strokes, 40, 40), atol=2e-4)


@settings(deadline=None, max_examples=12)
@given(st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=12), st.data())
def test_tiles_show_nowhere(points: list[tuple[float, float]], data: st.DataObject) -> None:
    ends = st.integers(0, len(points) - 1)
    edges = data.draw(st.lists(st.tuples(ends, ends), max_size=12))
    strokes = _strokes(points, edges, line=data.draw(st.sampled_from([0.6, 1.3, 4.0])))
    width, height = TILE + 37, TILE + 20
    found = draw(strokes, (width, 0, height))
    assert found == pytest.approx(_slow(strokes, width, height), abs=2e-3)


@pytest.mark.parametrize("hubs", [False, True])
def test_gains_and_sparks_are_those_of_the_reader(hubs: bool) -> None:
    random = np.random.default_rng(5)
    points = random.uniform(8, 56, (12, 2))
    strokes = _strokes(
        points,
        [(int(a), int(b)) for a, b in random.integers(0, 12, (20, 2)) if a != b],
        gains=random.uniform(0.3, 3, 12).astype(np.float32),
        sparks=random.uniform(1, 6, 12).astype(np.float32) if hubs else None,
    )
    assert draw(strokes, (64, 0, 64)) == pytest.approx(_slow(strokes, 64, 64), abs=2e-3)


def test_memory_to_draw_a_vertex() -> None:
    """Its point on the canvas, and first its tile and then its number among those of the tile."""
    many = 300_000
    points = np.random.default_rng(6).uniform(10, 54, (many, 2)).astype(np.float32)
    ones = np.ones(many, np.float32)
    strokes = dataclasses.replace(_strokes(points[:1], []), points=points, gains=ones, sparks=ones)
    strokes = dataclasses.replace(
        strokes, indptr=np.zeros(many + 1, np.int64), index=np.zeros(many, np.uint16)
    )
    strokes = dataclasses.replace(strokes, spans=strokes.known_spans())
    draw(strokes, (64, 0, 64))
    tracemalloc.start()
    try:
        draw(strokes, (64, 0, 64))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak / many < 8 + 4 + 4 + 2


def test_the_light_of_a_line_is_length_times_width() -> None:
    strokes = _strokes([[20.25, 30.5], [35.5, 30.5]], [(0, 1)], dot=0.0, line=2.0)
    light = draw(strokes, (64, 0, 64))
    assert light[:, :, 3].sum() == pytest.approx(15.25 * 2, rel=1e-4)


def test_light_adds_up() -> None:
    points = [[10, 10], [30, 40], [50, 12], [12, 44]]
    both = draw(_strokes(points, [(0, 1), (2, 3)], dot=0.0), (64, 0, 64))
    one = draw(_strokes(points, [(0, 1)], dot=0.0), (64, 0, 64))
    other = draw(_strokes(points, [(2, 3)], dot=0.0), (64, 0, 64))
    assert both == pytest.approx(one + other, abs=1e-5)


def test_an_edge_runs_from_its_sources_colour_to_its_readers() -> None:
    strokes = _strokes([[8, 16.5], [56, 16.5]], [(0, 1)], dot=0.0)
    row = draw(strokes, (64, 0, 32))[16]
    assert row[9, 0] > 20 * row[9, 1]
    assert row[54, 1] > 20 * row[54, 0]
    plain = draw(dataclasses.replace(strokes, gradient=False), (64, 0, 32))[16]
    assert plain[:, 0].max() == 0
    assert plain[9, 1] == pytest.approx(plain[54, 1])


def test_long_edges_are_fainter_but_never_gone() -> None:
    assert edge_light(10, 24.0, 0.6) == 1
    assert edge_light(96, 24.0, 0.5) == pytest.approx(0.5)
    assert edge_light(1e9, 24.0, 0.6) == FAINTEST
    strokes = _strokes([[0, 0], [0, 24], [96, 24]], [(0, 1), (1, 2)])
    found = single_light(strokes.known_spans(), strokes.reach, 0.5, None) / 0.7
    assert found == pytest.approx(0.5)
    alone = _strokes([[0, 0]], [])
    assert single_light(alone.known_spans(), alone.reach, alone.fade, None) == 0.7


@given(st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=30))
def test_bounds_are_the_least_and_the_most(points: list[tuple[float, float]]) -> None:
    places = np.array(points, np.float32)
    low, high = bounds(places)
    assert low.tolist() == places.min(axis=0).tolist()
    assert high.tolist() == places.max(axis=0).tolist()


@pytest.mark.parametrize("sample", [50_000, 700])
def test_the_mean_light_is_that_of_each_some_edges(
    sample: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gallery.rendering.raster.strokes._SAMPLE", sample)
    strokes = _crowd()
    step = max(len(strokes.sources) // sample, 1)
    readers = np.repeat(np.arange(len(strokes.points)), np.diff(strokes.indptr))
    apart = (strokes.points[readers] - strokes.points[strokes.sources])[::step]
    length = np.hypot(*apart.T.astype(float)).sum() * step
    area = np.ptp(strokes.points, axis=0).prod() / 2
    assert mean_light(strokes) == pytest.approx(length * strokes.line / area, rel=1e-5)


def _crowd() -> Strokes:
    rng = np.random.default_rng(4)
    points = rng.uniform(-20, 500, (400, 2)).astype(np.float32)
    edges = [tuple(pair) for pair in rng.integers(0, 400, (3000, 2)).tolist()]
    return _strokes(points, edges)


def _readers(strokes: Strokes) -> np.ndarray:
    return np.repeat(np.arange(len(strokes.points), dtype=np.int32), np.diff(strokes.indptr))


@pytest.mark.parametrize("cores", [1, 2, 3, 7])
def test_the_number_of_cores_does_not_show(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = draw(_crowd(), (480, 0, 480)).tobytes()
    monkeypatch.setattr(numba, "get_num_threads", lambda: cores)
    assert draw(_crowd(), (480, 0, 480)).tobytes() == expected


def test_threads_do_not_show() -> None:
    before = numba.get_num_threads()
    expected = draw(_crowd(), (480, 0, 480)).tobytes()
    try:
        numba.set_num_threads(1)
        assert draw(_crowd(), (480, 0, 480)).tobytes() == expected
    finally:
        numba.set_num_threads(before)


@pytest.mark.parametrize("line", [0.4, 1.3, 4.0])
@pytest.mark.parametrize("gradient", [False, True])
def test_each_of_several_colourings_is_drawn_as_if_alone(line: float, gradient: bool) -> None:
    # More vertices and edges in a tile than are drawn at a time, and tables of all lengths.
    rng = np.random.default_rng(5)
    points = rng.uniform(0, 100, (1200, 2)).astype(np.float32)
    edges = [tuple(pair) for pair in rng.integers(0, 1200, (2400, 2)).tolist()]
    strokes = _strokes(points, edges, line=line, gradient=gradient)
    strokes = dataclasses.replace(strokes, strands=np.array(edges[::60], np.int32))
    palettes = [
        Palette(
            rng.integers(0, many, len(points), np.uint16),
            rng.uniform(size=(many, 3)).astype(np.float32),
            None,
        )
        for many in (1, 7, 300, 2)
    ]
    window = (110, 0, 110)
    for palette, found in zip(palettes, draw_several(strokes, palettes, window), strict=True):
        alone = dataclasses.replace(strokes, index=palette.rows, colors=palette.colors)
        assert found.tobytes() == draw(alone, window).tobytes()


def test_strips_join_without_a_seam() -> None:
    crowd = _crowd()
    strands = np.stack([crowd.sources[::40], _readers(crowd)[::40]], axis=1)
    strokes = dataclasses.replace(crowd, strands=strands)
    whole = draw(strokes, (480, 0, 480))
    assert np.abs(whole - draw(crowd, (480, 0, 480))).max() > 0.1
    parts = [draw(strokes, (480, top, 96)) for top in range(0, 480, 96)]
    assert np.concatenate(parts) == pytest.approx(whole, abs=2e-3)


def test_a_sample_has_about_the_light_of_the_whole() -> None:
    whole = draw(_crowd(), (480, 0, 480))[:, :, 3].sum()
    sample = draw(_crowd(), (480, 0, 480), 4)[:, :, 3].sum()
    assert sample == pytest.approx(whole, rel=0.08)


def test_parts_of_long_edges_are_the_same_light_in_whatever_lots(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points = np.random.default_rng(4).uniform(0, 1400, (40, 2))
    strokes = _strokes(points, [(k, k + 1) for k in range(39)], dot=0.0)
    whole = draw(strokes, (1400, 200, 900))
    monkeypatch.setattr("gallery.rendering.raster.parts.MOST_PARTS", 7)
    lots = draw(strokes, (1400, 200, 900))
    assert whole.max() > 0
    np.testing.assert_allclose(lots, whole, rtol=1e-4, atol=1e-5)
