"""From a runtime's table to numbers per operator.

What a runtime fused has one time, which is shared out among the operators in it by their work:
those that the row names and, where a table lists all that ran, those before them that no row names.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from gallery.costs import cost
from gallery.measuring.files import attribute_of
from gallery.measuring.names import Names, closure, is_apart, makers
from gallery.measuring.types import Column, Measurement, Row, Table
from gallery.model import Model
from gallery.text import cut, printable

_LEAST = 0.5
"""Least share of the rows, or of the time, that must belong to a model's operators."""

_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The numbers of a table, by operator.

    Attributes:
        measurements: One for each column that fits the model.
        notes: What does not fit and what was left out, in sentences.
    """

    measurements: tuple[Measurement, ...] = ()
    notes: tuple[str, ...] = ()


def join(table: Table, model: Model, *, source: str, device: str) -> Joined:
    """Give a table's numbers to the operators of a model.

    Args:
        table: From a file or a run.
        model: The model.
        source: Name of the file, or "".
        device: A word that tells several measurements of a model apart, or "".
    """
    names, who = Names(model), source or "the measurement"
    found = [_operators_of(row, names, traced=table.traced) for row in table.rows]
    notes = [f"{who}: {note}" for note in table.notes] + _unmatched(table, found, who)
    if table.digest not in ("", model.digest):
        told = "it was measured on another file than this; operators are joined by their names"
        notes.append(f"{who}: {told}")
    made: list[Measurement] = []
    for number, column in enumerate(table.columns):
        if column.unit:
            one = _shared(table, number, found, model)
            fits = one.lost <= (1 - _LEAST) * (one.total - one.apart)
        else:
            values = _averaged(table, number, found, len(model.operators))
            one = Measurement(attribute="", title="", unit="", source="", device="", values=values)
            known = [bool(ops) for ops in found]
            fits = sum(known) >= _LEAST * len(known)
        if not fits or all(value is None for value in one.values):
            told = "its names do not fit the model, so it is not used; is it of another version?"
        elif column.unit and not one.total:
            told = "all its times are 0, so they are not used"
        else:
            made.append(_named(one, column, table, source, device))
            continue
        notes.append(f"{who}: {told}")
    return Joined(measurements=tuple(made), notes=tuple(dict.fromkeys(notes)))


def _operators_of(row: Row, names: Names, *, traced: bool) -> tuple[int, ...] | None:
    """The operators of a row; None if it is of what the runtime added."""
    if is_apart(row.name, row.type):
        return None
    if traced:
        return row.operators
    by_name = names.find(row.name)
    # Of several operators with one name, the file tells which.
    if row.operators and set(row.operators) <= set(by_name):
        return row.operators
    return by_name


def _shared(
    table: Table, number: int, found: Sequence[tuple[int, ...] | None], model: Model
) -> Measurement:
    """Times, shared out by work."""
    work = [_work(model, index) for index in range(len(model.operators))]
    named = frozenset(one for operators in found for one in operators or ())
    made_by = makers(model)
    parts: dict[int, list[float]] = defaultdict(list)
    lost: list[float] = []
    apart: list[float] = []
    for row, operators in zip(table.rows, found, strict=True):
        seconds = row.numbers[number]
        if seconds is None:
            continue
        if operators is None:
            apart.append(seconds)
        elif not operators:
            lost.append(seconds)
        else:
            group = sorted(closure(model, operators, named, made_by) if table.whole else operators)
            whole = math.fsum(work[one] for one in group)
            for one in group:
                share = work[one] / whole if whole else 1 / len(group)
                parts[one].append(seconds * share)
    values = [math.fsum(parts[n]) if n in parts else None for n in range(len(model.operators))]
    sums = math.fsum(value for value in values if value is not None)
    return Measurement(
        attribute="",
        title="",
        unit="s",
        source="",
        device="",
        values=tuple(values),
        total=math.fsum([sums, *lost, *apart]),
        apart=math.fsum(apart),
        lost=math.fsum(lost),
        run=table.run,
    )


def _work(model: Model, index: int) -> float:
    done = cost(model, model.operators[index])
    return float(done.flops) if done else 0.0


def _averaged(
    table: Table, number: int, found: Sequence[tuple[int, ...] | None], count: int
) -> tuple[float | None, ...]:
    """Numbers that are not shared out: each operator has the mean of those given to it."""
    parts: dict[int, list[float]] = defaultdict(list)
    for row, operators in zip(table.rows, found, strict=True):
        value = row.numbers[number]
        if value is not None:
            for one in operators or ():
                parts[one].append(value)
    return tuple(math.fsum(parts[n]) / len(parts[n]) if n in parts else None for n in range(count))


def _unmatched(table: Table, found: Sequence[tuple[int, ...] | None], who: str) -> list[str]:
    """A note on the rows that belong to no operator."""
    lost = [row.name for row, operators in zip(table.rows, found, strict=True) if operators == ()]
    if not lost:
        return []
    shown = ", ".join(repr(cut(printable(name), 60)) for name in lost[:_NAMED])
    more = f" and {len(lost) - _NAMED:,} more" if len(lost) > _NAMED else ""
    belong = "belongs" if len(lost) == 1 else "belong"
    of = f"{len(lost):,} of {len(table.rows):,} names {belong} to no operator: {shown}{more}"
    return [f"{who}: {of}"]


def _named(one: Measurement, column: Column, table: Table, source: str, device: str) -> Measurement:
    on = f", {cut(printable(device), 40)}" if device else ""
    told = f"{device} ({table.device})" if source and device and table.device else table.device
    told = told or device
    title = "measured time" if column.unit else cut(printable(column.name), 60)
    return Measurement(
        attribute=attribute_of(column, device),
        title=title + on,
        unit=column.unit,
        source=source,
        device=cut(printable(told), 160),
        values=one.values,
        total=one.total,
        apart=one.apart,
        lost=one.lost,
        run=one.run,
    )
