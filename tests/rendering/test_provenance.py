"""The version that files name does not depend on how the program was installed."""

from __future__ import annotations

import pytest

from gallery.rendering import provenance


def test_a_checkout_that_is_not_installed_has_the_same_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed = provenance.software()
    assert installed.startswith("gallery-of-networks 0.")

    def missing(name: str) -> str:
        raise provenance.PackageNotFoundError(name)

    monkeypatch.setattr(provenance, "version", missing)
    provenance.software.cache_clear()
    try:
        assert provenance.software() == installed
    finally:
        provenance.software.cache_clear()
