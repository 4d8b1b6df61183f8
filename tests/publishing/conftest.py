"""Shared fixtures of the site's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gallery.publishing import Exhibit, ImageFile, Site, SiteSettings, publish
from tests.publishing.sample_exhibits import make_gallery, make_pictures


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImageFile, ...]:
    """Small picture files."""
    return make_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="session")
def exhibits(tmp_path_factory: pytest.TempPathFactory) -> list[Exhibit]:
    """A gallery with everything in it."""
    return make_gallery(tmp_path_factory.mktemp("exhibits"))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, exhibits: list[Exhibit]) -> Site:
    """That gallery, published."""
    folder = tmp_path_factory.mktemp("site")
    settings = SiteSettings(
        title="Nets & <co>", description="To look at.", base_url="https://example.org/nets"
    )
    return publish(exhibits, folder, settings=settings)


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Site]:
    """Publish some exhibits into a new directory."""

    def run(exhibits: list[Exhibit], name: str = "site", **settings: object) -> Site:
        chosen = SiteSettings(**settings)  # type: ignore[arg-type]
        return publish(exhibits, tmp_path / name, settings=chosen)

    return run
