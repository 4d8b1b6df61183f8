"""The recipes' metadata; the recipes themselves need packages that no environment here has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.collection.make import Recipe, read, recipes, table

NAMES = [recipe.name for recipe in recipes()]


@pytest.mark.parametrize("recipe", recipes(), ids=NAMES)
def test_every_package_is_pinned(recipe: Recipe) -> None:
    assert recipe.dependencies
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", package) for package in recipe.dependencies)


@pytest.mark.parametrize("recipe", recipes(), ids=NAMES)
def test_recipes_come_after_those_whose_files_they_read(recipe: Recipe) -> None:
    before = NAMES[: NAMES.index(recipe.name)]
    assert set(recipe.reads) <= set(before)


def test_the_same_packages_make_the_same_environment() -> None:
    by_packages: dict[tuple[str, ...], set[str]] = {}
    for recipe in recipes():
        by_packages.setdefault(tuple(sorted(recipe.dependencies)), set()).add(recipe.environment)
    assert all(len(names) == 1 for names in by_packages.values())
    assert len(set().union(*by_packages.values())) == len(by_packages)


def test_a_recipe_without_metadata_is_named(tmp_path: Path) -> None:
    path = tmp_path / "plain.py"
    path.write_text('"""No metadata."""\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"plain\.py has no inline script metadata"):
        read(path)


def test_the_table_counts_files_and_bytes(tmp_path: Path) -> None:
    for name, size in (("one/a.onnx", 10), ("one/a.json", 99), ("two/b.onnx", 5)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(bytes(size))
    lines = [line.split() for line in table(tmp_path, {"one": True, "two": False})]
    assert lines == [["one", "1", "10"], ["two", "1", "5", "incomplete"], ["all", "2", "15"]]
