"""What to call a model that nobody gave a title."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from gallery.discovery.slugs import SUFFIX

_PLAIN_FOLDERS = frozenset(("", "onnx", "model", "models", "weights", "checkpoints", "export"))
"""Folders, in lower case, whose names say nothing of a model."""

_PLAIN_STEM = re.compile(r"(?:model|network|onnx-model|onnx)(?:[._-]+(\w.*))?", re.IGNORECASE)
"""A file name that says nothing but, perhaps, which variant of a model it is."""


def title_of_whole(path: str) -> str:
    """A title for what several models are components of.

    Args:
        path: See `gallery.discovery.components.Component.whole`.

    >>> title_of_whole("acme/whisper/onnx/"), title_of_whole("speech/tiny"), title_of_whole("")
    ('acme/whisper', 'speech/tiny', 'model')
    """
    parts = [one for one in path.split("/") if one.lower() not in _PLAIN_FOLDERS]
    return "/".join(parts[-2:]) or "model"


def title_from(address: str) -> str:
    """A title from a path: the file's name, or the folder's where that says more.

    Args:
        address: Path of the file, with "/" as the separator.

    >>> title_from("zoo/resnet50.onnx"), title_from("net/onnx/model.onnx")
    ('resnet50', 'net')
    >>> title_from("acme/net/onnx/model_fp16.onnx"), title_from("model.onnx")
    ('acme/net (fp16)', 'model')
    """
    path = PurePosixPath(address)
    stem = path.name[: -len(SUFFIX)] if path.name.lower().endswith(SUFFIX) else path.name
    plain = _PLAIN_STEM.fullmatch(stem)
    folders = [one for one in path.parts[:-1] if one.lower() not in _PLAIN_FOLDERS]
    if plain is None or not folders:
        return stem
    variant = f" ({plain[1]})" if plain[1] else ""
    return "/".join(folders[-2:]) + variant
