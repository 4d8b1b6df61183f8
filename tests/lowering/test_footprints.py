"""Footprints of straight relations by formula are those that are measured on blocks."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.relations import AxisRule, fixed, per_axis, same, window
from gallery.lowering.tiling.footprints import footprint

SPACE = (1, 7, 12)
RULES: st.SearchStrategy[AxisRule] = st.one_of(
    st.builds(fixed, st.integers(-2, 9), st.integers(-2, 20)),
    st.builds(same, st.integers(0, 2), st.integers(-3, 3)),
    st.builds(window, st.integers(0, 2), st.integers(0, 4), st.integers(0, 3), st.integers(1, 5)),
)


@given(rules=st.lists(RULES, max_size=3), sizes=st.tuples(*[st.integers(0, 30)] * 3))
@settings(max_examples=150, deadline=None)
def test_the_formula_agrees_with_the_measure(
    rules: list[AxisRule], sizes: tuple[int, int, int]
) -> None:
    shape = sizes[: len(rules)]
    relation = per_axis(shape, rules)
    part = Part(shape=SPACE, rank=3, makes=(), reads=())
    by_formula = footprint(part, Read(tensor=0, relation=relation), shape)
    measured = Read(tensor=0, relation=relation.__call__)
    assert by_formula == footprint(part, measured, shape)
