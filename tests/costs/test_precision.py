"""Multiply-accumulates by the type of what is multiplied, as the weights are stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from gallery.costs.facts import facts
from gallery.loading.load import load
from tests.discovery.small_networks import network


@pytest.mark.parametrize(
    ("kind", "precision", "dtype"),
    [
        ("text", "fp32", "float"),
        ("text", "fp16", "float16"),
        ("text", "int8", "int8"),
        ("text", "uint8", "uint8"),
        ("text", "qdq", "int8"),
        ("text", "q4", "uint4"),
        ("text", "q4f16", "uint4"),
        ("image", "qdq", "int8"),
        ("image", "fp16", "float16"),
    ],
)
def test_macs_count_by_the_type_of_the_weights(
    tmp_path: Path, kind: str, precision: str, dtype: str
) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(network(kind, precision))
    found = facts(load(path), path.stat().st_size)
    path.write_bytes(network(kind))
    assert found.macs_by_dtype == {dtype: facts(load(path), 0).macs}
    assert found.macs == sum(found.macs_by_dtype.values())


def test_types_are_counted_apart(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(network("audio", "int8"))
    found = facts(load(path), 0).macs_by_dtype
    assert list(found) == ["int8"]
    path.write_bytes(network("audio", "q4"))
    found = facts(load(path), 0).macs_by_dtype
    assert list(found) == ["float", "uint4"]
    assert found["float"] > found["uint4"] > 0
