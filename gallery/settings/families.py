"""A palette for each family of networks, so that relatives look alike and a gallery is composed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from gallery.settings.choices import FAMILY_PALETTES

_SALT = "39275"
"""Of numbers tried, one by which CNNs are warm and transformers cool."""


def folded(family: str) -> str:
    """A family's name as it is compared: "CNN" and "cnn" are one family."""
    return family.casefold()


def family_palettes(
    families: Iterable[str], chosen: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The palette of each family: different ones, as long as there are enough.

    Each family ranks the palettes by a hash, and among all wishes the one with the smallest hash is
    granted first. So the order of the families does not matter, and another family changes the
    palettes of few others. Families for which none is left have that of their first wish.

    Args:
        families: Names, in any order and more than once; "" is none.
        chosen: Palettes by family that the user wants; no other family gets them.

    Returns:
        Palettes by `folded` name, also of families in `chosen` alone.
    """
    found = {folded(name): palette for name, palette in (chosen or {}).items()}
    waiting = sorted({folded(name) for name in families if name} - found.keys())
    taken = set(found.values())
    wishes = [
        (_rank(name, palette), name, palette) for name in waiting for palette in FAMILY_PALETTES
    ]
    for _, name, palette in sorted(wishes):
        if name not in found and palette not in taken:
            found[name] = palette
            taken.add(palette)
    for name in waiting:
        first = min(FAMILY_PALETTES, key=lambda palette: _rank(name, palette))
        found.setdefault(name, first)
    return found


def _rank(family: str, palette: str) -> bytes:
    return hashlib.sha256(f"{_SALT}\0{family}\0{palette}".encode(errors="replace")).digest()
