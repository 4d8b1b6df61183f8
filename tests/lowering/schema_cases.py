"""Cases of operators that the texts of their schemas judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gallery.costs.facts import facts
from tests.lowering import by_schema, changes
from tests.lowering.cases import Case
from tests.lowering.operator_cases import judged
from tests.lowering.runtime_cases import check_types, runtime_case

Row = tuple[str, Mapping[str, Any], Mapping[str, Any], by_schema.Function, int, float]
"""A line of a table of cases: the call, feeds, held values, function, MACs and least precision."""


@dataclass(frozen=True)
class SchemaCase:
    """An operator, what its schema makes of its inputs, and what is expected of it.

    `macs` are its multiply-accumulates. `precision` is the least part of the edges into its parts
    that have to be true ones.
    """

    case: Case
    schema: by_schema.Schema
    macs: int
    precision: float

    @classmethod
    def of(cls, row: Row, folder: Path) -> SchemaCase:
        """That of a line of a table; its file goes to a folder."""
        call, feeds, held, function, macs, precision = row
        case = runtime_case(folder, call, dict(feeds), dict(held))
        count = len(case.model.outputs)  # A model may leave out the last outputs.
        values = {name: np.asarray(one) for name, one in held.items()}
        schema = by_schema.Schema(lambda given: function(given)[:count], values)
        return cls(case, schema, macs, precision)

    def check(self, session: changes.Session, patch: pytest.MonkeyPatch) -> None:
        """Check types, MACs, and that parts read what they depend on, and little else."""
        patch.setattr(changes, "NAN_SPREADS", changes.NAN_SPREADS | {self.case.operator})
        check_types(self.case, session)
        assert facts(self.case.model, 0).macs == self.macs
        tally = judged(self.case, budgets=(8000, 40), session=session)
        assert (tally.misses, tally.unknown) == ([], set())
        fine = judged(self.case, budgets=(8000,), session=session)
        assert fine.precision >= self.precision
