"""Mutated models: whatever the bytes, `load` returns a model or raises LoadError.

`GALLERY_FUZZ` sets how many are tried; `tests.benchmarks.fuzz` takes them through all stages.
"""

import os
from pathlib import Path

import pytest

from gallery.costs.facts import facts
from gallery.errors import LoadError
from gallery.loading.load import load
from tests.mutants import TEXTS, mutants
from tests.onnx_text import parse, write

TRIALS = int(os.environ.get("GALLERY_FUZZ", "600"))


def attempt(path: Path) -> str:
    try:
        model = load(path)
    except LoadError as error:
        return error.found if error.hint else "no hint"
    facts(model, path.stat().st_size)
    return ""


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("ways", ["bytes", "structure"])
def test_mutated_models_load_or_say_why(tmp_path, text, ways):
    outcomes = set()
    for content in mutants(parse(text), ways, TRIALS // 4, f"{ways} {text[:9]}"):
        path = write(tmp_path, content)
        try:
            outcomes.add(attempt(path))
        except Exception:
            print(repr(content))
            raise
    assert "no hint" not in outcomes
    assert "" in outcomes  # some mutations must do no harm, or the test shows little
    assert len(outcomes) > 1
