"""What goes into the cache comes out the same; fingerprints change with the code."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gallery import fingerprint
from gallery.cache import Cache
from gallery.coloring import color
from gallery.costs.facts import facts
from gallery.costs.storage import facts_of, facts_value
from gallery.graph import ComputeGraph
from gallery.lowering import lower
from gallery.lowering.storage import load_graph, save_graph
from gallery.pipeline.build import planned
from gallery.pipeline.options import BuildOptions
from gallery.pipeline.products import SCANS
from gallery.pipeline.stages import Stages
from gallery.placement import layout
from gallery.placement.storage import load_layout, save_layout
from gallery.placement.types import Layout
from gallery.rendering.labels import overlay, storage
from gallery.rendering.labels.labels import PlacedName
from gallery.rendering.labels.overlay import names_for, names_svg
from gallery.rendering.labels.storage import names_of, names_value
from gallery.schema import MismatchError
from gallery.settings.values import GallerySettings
from tests.conftest import NET
from tests.onnx_text import loaded, write
from tests.rendering.scans import layered, ring


def assert_same(one: object, other: object, name: str) -> None:
    if isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        assert one.dtype == other.dtype, name
        np.testing.assert_array_equal(one, other, name)
    elif isinstance(one, tuple) and any(isinstance(part, np.ndarray) for part in one):
        assert isinstance(other, tuple)
        for a, b in zip(one, other, strict=True):
            assert_same(a, b, name)
    else:
        # Compute sets compare by identity; what they print is all that they hold.
        assert repr(one) == repr(other), name


@pytest.mark.parametrize("passes", ["forward", "training"])
def test_graph_and_layout_come_back(tmp_path: Path, passes: str) -> None:
    graph = lower(loaded(tmp_path, NET), vertices=100, passes=passes)
    cache = Cache(tmp_path / "cache")
    path = cache.temporary(".npz")
    value = json.loads(json.dumps(save_graph(graph, path)))
    back = load_graph(value, path)
    for name in ComputeGraph.__slots__:
        assert_same(getattr(graph, name), getattr(back, name), name)
    placed = layout(graph)
    path = cache.temporary(".npy")
    entry = cache.put("ab", save_layout(placed, path), {"npy": path})
    again = load_layout(entry.value, entry.files["npy"].path, back)
    np.testing.assert_array_equal(placed.positions, again.positions)
    assert (placed.engine, placed.fallback, placed.seed) == (
        again.engine,
        again.fallback,
        again.seed,
    )


def test_places_of_names_come_back_and_only_colours_follow_the_palette() -> None:
    placed = ring(layered())
    names = names_for(placed, 640, 0.045)
    assert any(one.lead for one in names)
    assert names_of(json.loads(json.dumps(names_value(names)))) == names
    for palette in ("ember", "fire"):
        coloring = color(placed.graph, "layer", palette=palette)
        kept = names_svg(placed, coloring, 640, margin=0.045, names=names)
        assert kept == names_svg(placed, coloring, 640, margin=0.045)


def test_another_palette_finds_the_places_of_names_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models"
    write(models, NET)
    cache, drew = Cache(tmp_path / "cache"), list[int]()

    def noted(placed: Layout, size: int, margin: float) -> tuple[PlacedName, ...]:
        drew.append(size)
        return names_for(placed, size, margin)

    monkeypatch.setattr(overlay, "names_for", noted)

    def names(palette: str, cache: Cache) -> list[str]:
        settings = GallerySettings()
        settings = replace(settings, scan=replace(settings.scan, vertices=500, palette=palette))
        (plan,) = planned(models, settings, BuildOptions())
        entry = Stages(plan, cache, lambda _: None).entry(SCANS, "names")
        return [entry.files[name].sha256 for name in sorted(entry.files)]

    names("ember", cache)
    assert len(drew) > 1
    drew.clear()
    kept = names("fire", cache)
    assert drew == []
    assert kept == names("fire", Cache(tmp_path / "anew"))
    drew.clear()
    monkeypatch.setattr(storage, "names_of", lambda value: value["damaged"])
    names("lagoon", cache)
    assert len(drew) > 1


def test_facts_come_back(tmp_path: Path) -> None:
    found = facts(loaded(tmp_path, NET), 100)
    assert facts_of(json.loads(json.dumps(facts_value(found)))) == found


def test_a_fingerprint_follows_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "one.py": "from gallery.two import (\n    thing,\n    other)\n",
        "two.py": "def f():\n    from gallery.deep import three\n",
        "deep/__init__.py": "",
        "deep/three.py": "",
        "apart.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(fingerprint, "_ROOT", tmp_path)

    def now() -> str:
        for cached in vars(fingerprint).values():
            if hasattr(cached, "cache_clear"):
                cached.cache_clear()
        return fingerprint.fingerprint("gallery.one")

    try:
        before = now()
        assert now() == before
        (tmp_path / "apart.py").write_text("x = 1")
        assert now() == before
        for name in ("one.py", "two.py", "deep/__init__.py", "deep/three.py"):
            (tmp_path / name).write_text(files[name] + "x = 1\n")
            after = now()
            assert after != before, name
            before = after
    finally:
        monkeypatch.undo()
        now()


GRAPHS = {
    "vertex_kind": lambda arrays, _: arrays["vertex_kind"].fill(9),
    "vertex_pass": lambda arrays, _: arrays["vertex_pass"].fill(3),
    "gradient_of": lambda arrays, _: arrays["gradient_of"].fill(1 << 30),
    "back_edges": lambda arrays, _: arrays.update(back_edges=np.full((1, 2), 1 << 30, np.int32)),
    "levels": lambda arrays, _: arrays["level0"].fill(1 << 30),
    "operators": lambda _, value: value["operators"][0].__setitem__(2, 1 << 30),
    "layers": lambda _, value: value["layers"][0].__setitem__(2, 7),
    "sets": lambda _, value: value["sets"][0].__setitem__(2, [1 << 40]),
    r"sets\[0\]": lambda _, value: value["sets"][0].__setitem__(2, [0]),
    r"sets\[1\]": lambda _, value: value["sets"][1].__setitem__(7, 1.5),
    "an object": lambda _, value: value.update(evil=1),
}


@pytest.mark.parametrize("found", GRAPHS)
def test_a_graph_from_elsewhere_points_nowhere_else(tmp_path: Path, found: str) -> None:
    graph = lower(loaded(tmp_path, NET), vertices=100, passes="training")
    path = tmp_path / "graph.npz"
    value = json.loads(json.dumps(save_graph(graph, path)))
    arrays = dict(np.load(path))
    GRAPHS[found](arrays, value)
    np.savez(path, **arrays)
    with pytest.raises(MismatchError, match=found):
        load_graph(value, path)


def test_a_graph_does_not_grow_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "graph.npz"
    value = json.loads(json.dumps(save_graph(lower(loaded(tmp_path, NET), vertices=100), path)))
    np.savez_compressed(path, **dict(np.load(path)))
    with pytest.raises(MismatchError, match="stored arrays"):
        load_graph(value, path)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "layout.npy"
    np.save(path, np.array([{"a": 1}], object), allow_pickle=True)
    graph = lower(loaded(tmp_path, NET), vertices=100)
    value = {"skeleton": "sfdp", "engine": "sfdp", "fallback": "", "seed": 1, "arrangement": "free"}
    with pytest.raises(ValueError, match="pickle"):
        load_layout(value, path, graph)
