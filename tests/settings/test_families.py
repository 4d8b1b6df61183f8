"""Which palette each family of a gallery has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gallery.settings.choices import FAMILY_PALETTES, PALETTES
from gallery.settings.families import family_palettes

NAMES = st.lists(st.text(min_size=1).map(str.casefold), max_size=20, unique=True)


@given(NAMES.flatmap(lambda names: st.tuples(st.just(names), st.permutations(names))))
def test_the_order_of_families_does_not_matter(orders: tuple[list[str], list[str]]) -> None:
    one, other = orders
    assert family_palettes(one) == family_palettes([*other, *one, ""])


@given(NAMES)
def test_families_differ_as_long_as_there_are_palettes(names: list[str]) -> None:
    found = family_palettes(names)
    assert found.keys() == set(names)
    assert len(set(found.values())) == min(len(names), len(FAMILY_PALETTES))


def test_another_family_changes_few_others() -> None:
    for count in range(1, 16):
        changed = 0
        for turn in range(50):
            names = [f"{turn}-{number}" for number in range(count)]
            before, after = family_palettes(names), family_palettes([*names, f"{turn}-new"])
            changed += sum(before[name] != after[name] for name in names)
        assert changed / 50 < 2


def test_a_palette_that_is_wanted_for_a_family_is_given_to_no_other() -> None:
    names = [str(number) for number in range(len(FAMILY_PALETTES))]
    found = family_palettes(names[1:], {"0": "lagoon", "A": "fire"})
    assert (found["0"], found["a"]) == ("lagoon", "fire")
    assert len(set(found.values())) == len(found)


def test_the_palettes_of_families_exist() -> None:
    assert set(FAMILY_PALETTES) <= set(PALETTES)
    assert len(set(FAMILY_PALETTES)) == len(FAMILY_PALETTES) >= 8
