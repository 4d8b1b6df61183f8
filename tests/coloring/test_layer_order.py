"""Places of layers on a palette."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gallery.coloring.layer_order import tree_places
from gallery.model import Layer


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[Layer], np.ndarray]:
    layers = [Layer(name="", path="", parent=-1)]
    for index in range(1, draw(st.integers(1, 25))):
        parent = draw(st.integers(0, index - 1))
        layers.append(Layer(name=str(index), path=f"p/{index}", parent=parent))
    owners = draw(st.lists(st.integers(0, len(layers) - 1), min_size=1, max_size=60))
    return layers, np.array(owners, np.int32)


@given(trees())
def test_places_lie_within_the_parents_stretch(tree: tuple[list[Layer], np.ndarray]) -> None:
    layers, owners = tree
    found = tree_places(layers, owners)
    assert ((found.place >= 0) & (found.place <= 1)).all()
    assert found.counts[0] == len(owners)
    for head in found.heads:
        assert found.counts[head] > 0


@given(trees())
def test_layers_with_vertices_have_places_of_their_own(
    tree: tuple[list[Layer], np.ndarray],
) -> None:
    layers, owners = tree
    found = tree_places(layers, owners)
    used = found.place[np.unique(owners)]
    assert len(np.unique(np.round(used, 12))) == len(used)


def test_relatives_stand_close_and_great_layers_far_in_order_of_execution() -> None:
    layers = [Layer(name="", path="", parent=-1)]
    for stage in range(3):
        layers.append(Layer(name=f"s{stage}", path=f"s{stage}", parent=0))
        top = len(layers) - 1
        for block in range(4):
            layers.append(Layer(name=str(block), path=f"s{stage}/{block}", parent=top))
    leaves = [layer for layer in range(len(layers)) if layers[layer].name.isdigit()]
    owners = np.repeat(np.array(leaves, np.int32), 10)
    found = tree_places(layers, owners)
    places = found.place[leaves].reshape(3, 4)
    assert (np.diff(places.ravel()) > 0).all()
    within = np.diff(places, axis=1).max()
    between = (places[1:, 0] - places[:-1, -1]).min()
    assert between > 2 * within
    assert [layers[head].name for head in found.heads] == ["s0", "s1", "s2"]


def test_a_single_child_beside_an_empty_one_is_no_fork() -> None:
    layers = [
        Layer(name="", path="", parent=-1),
        Layer(name="model", path="model", parent=0),
        Layer(name="a", path="model/a", parent=1),
        Layer(name="b", path="model/b", parent=1),
        Layer(name="empty", path="empty", parent=0),
    ]
    found = tree_places(layers, np.array([2, 2, 3], np.int32))
    assert found.heads == (2, 3)
