"""What a browser loads of real pages, in bytes on the wire, from a host that compresses nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from tests.browser.chromium import Browser
from tests.conftest import run_gallery
from tests.publishing.sample_exhibits import make_index, make_pictures
from tests.serving import served

pytestmark = pytest.mark.browser

_ROOT = Path(__file__).parents[2]
_IMAGES = (".avif", ".webp", ".png", ".jpg", ".svg")


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A sample model with all that a page shows; the poster is a download."""
    folder = tmp_path_factory.mktemp("real")
    for name in ("resnet18.onnx", "resnet18.md"):
        shutil.copy(_ROOT / "models" / name, folder / name)
    (folder / "gallery.toml").write_text("[variants]\nposter = false\n")
    site = tmp_path_factory.mktemp("built") / "site"
    # The site that CI builds first has most of it, if it was made by this version.
    last = _ROOT / "site"
    reuse = ("--reuse", last) if (last / "results.json").is_file() else ()
    result = run_gallery("build", folder, "-o", site, *reuse)
    assert result.returncode == 0, result.stderr
    with served(site) as address:
        yield address


def _loaded(browser: Browser, address: str, *, all_images: bool) -> dict[str, int]:
    """Bytes of each address that a page asks for, all its pictures scrolled in or not."""
    browser.open(address, 1440, 900)
    if all_images:
        for image in browser.driver.find_elements(By.TAG_NAME, "img"):
            browser.driver.execute_script("arguments[0].loading = 'eager'", image)
    browser.until(
        "document.readyState === 'complete' && [...document.images]"
        ".every((image) => image.complete || image.loading === 'lazy')"
    )
    return browser.weights()


def _scripts(weights: dict[str, int]) -> int:
    return sum(size for address, size in weights.items() if address.endswith(".js"))


def test_a_model_page_is_light_before_the_viewer(browser: Browser, gallery: str) -> None:
    weights = _loaded(browser, f"{gallery}resnet18/index.html", all_images=True)
    assert any(address.endswith(_IMAGES) for address in weights)
    assert any(address.endswith(".js") for address in weights)
    assert not [address for address in weights if "viewer" in address]
    assert sum(weights.values()) < 1_000_000
    assert 0 < _scripts(weights) < 60_000


def test_an_index_of_a_thousand_models_is_light(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("thousand")
    first, *_ = make_index(1000, make_pictures(folder / "pictures"), folder)
    with served(folder) as address:
        weights = _loaded(browser, address + first, all_images=False)
    assert any(address.endswith("index.html") for address in weights)
    assert sum(n for name, n in weights.items() if not name.endswith(_IMAGES)) < 300_000
    assert 0 < _scripts(weights) < 60_000
