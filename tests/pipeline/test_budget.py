"""The vertex budget "auto" grows with the limits, up to a million, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gallery.discovery.discover import ModelFile
from gallery.pipeline import budget as budgets
from gallery.pipeline.budget import LEAST, MOST, budget
from gallery.pipeline.plan import ModelPlan, plan_of
from gallery.settings import values
from gallery.settings.choices import AUTO
from gallery.settings.front_matter import words_of
from gallery.settings.values import GallerySettings, Limits, ScanSettings


def test_a_number_is_what_it_says() -> None:
    assert budget(7, 10, Limits(seconds=1), 4) == 7
    assert budgets.AUTO == AUTO


def test_the_usual_limits_allow_a_million() -> None:
    assert [budget(AUTO, operators, Limits()) for operators in (1, 700, 10**6)] == [MOST] * 3
    assert budget(AUTO, 700, Limits(), 4) == MOST // 4


@pytest.mark.parametrize("limits", [Limits(seconds=1e-9), Limits(memory=1)])
def test_a_tight_limit_gives_the_least(limits: Limits) -> None:
    assert budget(AUTO, 0, limits) == LEAST


def test_between_them_it_follows_time_memory_and_operators() -> None:
    in_time = [budget(AUTO, 100, Limits(seconds=s)) for s in range(10, 601, 10)]
    in_memory = [budget(AUTO, 100, Limits(memory=m << 20)) for m in range(100, 4000, 40)]
    few, many = (budget(AUTO, operators, Limits(seconds=100)) for operators in (10, 1600))
    for found in (in_time, in_memory):
        assert found == sorted(found)
        assert (found[0], found[-1]) == (LEAST, MOST)
        assert len(set(found)) > 5
    assert few > many


def _plan(sidecar: str = "", **limits: float) -> ModelPlan:
    file = ModelFile(
        path=Path("a.onnx"), relative="a.onnx", slug="a", digest="a", sidecar_text=sidecar
    )
    scan = ScanSettings(vertices=AUTO)
    return plan_of(file, replace(GallerySettings(scan=scan), limits=Limits(**limits)), {})  # type: ignore[arg-type]


def _key(plan: ModelPlan) -> str:
    return plan.stage_key("lower", plan.scans[0].scan)


def test_what_it_depends_on_is_in_the_key() -> None:
    keys = [_key(_plan()), _key(_plan(seconds=60)), _key(_plan(memory=1)), _key(_plan().smaller())]
    assert len(set(keys)) == 4
    fixed = "---\nvertices: 500\n---\n"
    assert _key(_plan(fixed)) == _key(_plan(fixed, seconds=60))


def test_scans_with_other_skeletons_keep_their_own() -> None:
    plan = _plan()
    found = {one.key: one.scan.vertices for one in plan.scans}
    assert found["hero"] == AUTO
    assert found["skeleton-circo"] == values.VariantSettings().vertices
    again = plan.smaller().smaller()
    assert (again.scans[0].scan.vertices, again.part) == (AUTO, 16)


def test_it_is_written_as_a_word() -> None:
    assert words_of("---\nvertices: auto\n---\n").front.vertices == AUTO
    assert words_of("---\nvertices: most\n---\n").notes == (
        "vertices is 'most', not a whole number from 1 to 100000000, or \"auto\"",
    )
