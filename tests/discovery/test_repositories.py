"""Repositories as people lay them out are found, grouped and planned with no edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from gallery.pipeline.build import planned
from gallery.pipeline.options import BuildOptions
from gallery.settings.values import GallerySettings
from tests.discovery.repositories import REPOSITORIES


@pytest.mark.parametrize("name", REPOSITORIES)
def test_a_repository_is_planned_as_its_models(name: str, tmp_path: Path) -> None:
    one = REPOSITORIES[name]
    one.write(tmp_path / name)
    plans = planned(tmp_path, GallerySettings(), BuildOptions())
    assert [plan.failure for plan in plans] == [None] * len(one.models)
    heads = [plan.file for plan in plans if not plan.file.group.lead]
    assert len(heads) == one.pages, [head.relative for head in heads]
    parts = sorted((head.group.rank, head.group.role) for head in heads if head.group.whole)
    assert tuple(role for _, role in parts) == one.parts
