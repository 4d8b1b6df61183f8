"""The models that come with the onnx package load and lower without error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from gallery.errors import LoadError
from gallery.loading.load import load
from gallery.lowering import lower

_DATA = Path(onnx.__file__).parent / "backend" / "test" / "data"
_MODELS = sorted(
    path
    for folder in ("light", "simple", "pytorch-operator", "pytorch-converted", "real")
    for path in (_DATA / folder).rglob("*.onnx")
)


def _named(path: Path) -> str:
    return "/".join(path.relative_to(_DATA).parts[-2:])


def test_there_are_about_a_hundred() -> None:
    if not _MODELS:
        pytest.skip("this onnx package has no models in it")
    assert len(_MODELS) > 80


@pytest.mark.parametrize("path", _MODELS, ids=_named)
def test_it_lowers(path: Path) -> None:
    try:
        model = load(path)
    except LoadError as error:
        assert "no operators" in error.found  # noqa: PT017  an identity of inputs to outputs
        return
    graph = lower(model, vertices=500)
    readers = graph.readers()
    assert graph.vertices > 0
    assert (graph.sources < readers).all()
    made = [o for o in model.outputs if len(graph.producers(o))]
    assert made or not np.any(graph.sources)
