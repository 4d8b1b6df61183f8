"""The models as a catalogue that `onnx.hub` reads, ONNX_HUB_MANIFEST.json.

Its keys are those of the catalogue of https://github.com/onnx/models; paths are relative to the
models directory, so it belongs beside the models.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gallery.costs.facts import Facts, TensorFact
from gallery.discovery.catalogue import CATALOGUE
from gallery.publishing.exhibit import Exhibit
from gallery.publishing.parts.clean import clean
from gallery.publishing.views import ModelView

__all__ = ["CATALOGUE", "catalogue"]

_FIRST = 7
"""Version of the operator set of ONNX 1.2; from there on, each release of ONNX has a new one."""


def catalogue(models: Sequence[ModelView]) -> list[dict[str, Any]]:
    """An entry for each file that could be read, sorted by path.

    Args:
        models: In any order.
    """
    entries = [entry for model in models for entry in _entries(model)]
    return sorted(entries, key=lambda one: str(one["model_path"]))


def _entries(model: ModelView) -> Iterator[dict[str, Any]]:
    labels = {one.slug: one.label for one in model.exports}
    for one in (model.exhibit, *model.exhibit.exports):
        name = model.title if one is model.exhibit else f"{model.title}-{labels[one.slug]}"
        if one.facts:
            yield _entry(one, one.facts, name, model.tags)


def _entry(exhibit: Exhibit, facts: Facts, name: str, tags: Sequence[str]) -> dict[str, Any]:
    opset = facts.opsets.get("ai.onnx", 0)
    path, digest, size = exhibit.archive
    archive = {
        "model_with_data_path": clean(path),
        "model_with_data_sha": clean(digest),
        "model_with_data_bytes": size,
    }
    return {
        "model": name,
        "model_path": clean(exhibit.path),
        "onnx_version": _release(opset),
        "opset_version": opset,
        "metadata": {
            # Of a large file the weights are not read, so its digest is not that of the file.
            **({"model_sha": facts.digest} if facts.digest_is_whole else {}),
            "model_bytes": facts.file_bytes,
            "tags": list(tags),
            "io_ports": {
                "inputs": [_port(one) for one in facts.inputs],
                "outputs": [_port(one) for one in facts.outputs],
            },
            **(archive if path else {}),
        },
    }


def _port(tensor: TensorFact) -> dict[str, Any]:
    return {
        "name": clean(tensor.name),
        "shape": [clean(one) if isinstance(one, str) else one for one in tensor.shape or ()],
        "type": f"tensor({clean(tensor.dtype) or 'undefined'})",
    }


def _release(opset: int) -> str:
    """The first release of ONNX that has a version of the operator set.

    >>> _release(13), _release(3)
    ('1.8', '1.1')
    """
    return f"1.{opset - 5}" if opset >= _FIRST else "1.1"
