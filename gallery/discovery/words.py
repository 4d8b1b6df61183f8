"""Finds the words about a model: its sidecar, or else the nearest model card above it.

Hubs lay a repository out as NET/README.md, the card, with NET/model.onnx or NET/onnx/model.onnx.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

CARD_NAMES = ("README.md", "readme.md", "Readme.md")
"""Names of a model card, in the order in which they are looked for."""


def words_path(model: Path, directory: Path, ignored: Callable[[Path], bool]) -> Path | None:
    """The Markdown file with the words about a model, or None.

    A card in the models directory itself is about the collection, not about a model.

    Args:
        model: The model's path.
        directory: The models directory that it is in.
        ignored: Whether the patterns of the models directory ignore a path.
    """
    sidecar = model.with_suffix(".md")
    if os.path.lexists(sidecar):
        return sidecar
    folder = model.parent
    while folder != directory:
        for name in CARD_NAMES:
            card = folder / name
            if os.path.lexists(card) and not ignored(card):
                return card
        folder = folder.parent
    return None
