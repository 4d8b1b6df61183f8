"""What to call a model that nobody gave a title."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from gallery.discovery.components import role_of
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
    >>> title_from("acme/net/onnx/decoder_model_merged.onnx"), title_from("zoo/unet.onnx")
    ('acme/net (decoder merged)', 'unet')
    """
    path = PurePosixPath(address)
    stem = path.name[: -len(SUFFIX)] if path.name.lower().endswith(SUFFIX) else path.name
    folders = [one for one in path.parts[:-1] if one.lower() not in _PLAIN_FOLDERS]
    variant = _variant(stem)
    if variant is None or not folders:
        return stem
    return "/".join(folders[-2:]) + (f" ({variant})" if variant else "")


def _variant(stem: str) -> str | None:
    """What a file name says of a variant or a component of a model that it does not name itself."""
    if plain := _PLAIN_STEM.fullmatch(stem):
        return plain[1] or ""
    whole, role = role_of(stem) or (stem, "")
    return role if not whole and "model" in stem.lower() else None
