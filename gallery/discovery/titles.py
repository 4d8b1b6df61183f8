"""What to call a model that nobody gave a title."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from gallery.discovery.components import role_of
from gallery.discovery.slugs import SUFFIX

_PLAIN_FOLDERS = frozenset(("", "onnx", "model", "models", "weights", "checkpoints", "export"))
"""Folders, in lower case, whose names say nothing of a model."""

_PLAIN_STEM = re.compile(r"(?:model|network|onnx-model|onnx)(?:[._-]+(\w.*))?", re.IGNORECASE)
"""A file name that says nothing but, perhaps, which variant of a model it is."""


_DEEPEST = 32
"""Most folders of a title."""


def told_apart(paths: Iterable[str], title: Callable[[str, int], str]) -> dict[str, str]:
    """A title of each path, with as many more of its folders as tell it from the others.

    Args:
        paths: Any number of times each.
        title: `title_from` or `title_of_whole`.

    >>> told_apart(["a/x/det.onnx", "b/y/det.onnx", "b/y/rec.onnx"], title_from)
    {'a/x/det.onnx': 'x/det', 'b/y/det.onnx': 'y/det', 'b/y/rec.onnx': 'rec'}
    """
    found = {path: title(path, 0) for path in paths}
    same: dict[str, list[str]] = defaultdict(list)
    for path, short in found.items():
        same[short].append(path)
    for alike in same.values():
        if len(alike) > 1:
            deepest = min(max(path.count("/") for path in alike), _DEEPEST)
            for more in range(1, deepest + 1):
                found |= {path: title(path, more) for path in alike}
                if len({found[path] for path in alike}) == len(alike):
                    break
    return found


def title_of_whole(path: str, more: int = 0) -> str:
    """A title for what several models are components of.

    Args:
        path: See `gallery.discovery.components.Component.whole`.
        more: How many more folders to name.

    >>> title_of_whole("acme/whisper/onnx/"), title_of_whole("speech/tiny"), title_of_whole("")
    ('acme/whisper', 'speech/tiny', 'model')
    """
    parts = [one for one in path.split("/") if one.lower() not in _PLAIN_FOLDERS]
    return "/".join(parts[-2 - more :]) or "model"


def title_from(address: str, more: int = 0) -> str:
    """A title from a path: the file's name, or the folder's where that says more.

    Args:
        address: Path of the file, with "/" as the separator.
        more: How many more folders to name.

    >>> title_from("zoo/resnet50.onnx"), title_from("net/onnx/model.onnx")
    ('resnet50', 'net')
    >>> title_from("acme/net/onnx/model_fp16.onnx"), title_from("model.onnx")
    ('acme/net (fp16)', 'model')
    >>> title_from("acme/net/onnx/decoder_model_merged.onnx"), title_from("zoo/unet.onnx")
    ('acme/net (decoder merged)', 'unet')
    >>> title_from("pack/small/det.onnx", 1), title_from("a/b/c/model.onnx", 1)
    ('small/det', 'a/b/c')
    """
    path = PurePosixPath(address)
    stem = path.name[: -len(SUFFIX)] if path.name.lower().endswith(SUFFIX) else path.name
    folders = [one for one in path.parts[:-1] if one.lower() not in _PLAIN_FOLDERS]
    variant = _variant(stem)
    if variant is None or not folders:
        return "/".join([*folders[max(len(folders) - more, 0) :], stem])
    return "/".join(folders[-2 - more :]) + (f" ({variant})" if variant else "")


def _variant(stem: str) -> str | None:
    """What a file name says of a variant or a component of a model that it does not name itself."""
    if plain := _PLAIN_STEM.fullmatch(stem):
        return plain[1] or ""
    whole, role = role_of(stem) or (stem, "")
    return role if not whole and "model" in stem.lower() else None
