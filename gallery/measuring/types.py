"""What is measured: tables as files hold them, and numbers per operator as pictures show them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A kind of number in a table.

    Attributes:
        name: Its name in the file, or "" for time.
        unit: "s" for time, which is shared out among operators; "" for any other number.
    """

    name: str
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The numbers of one event, layer or operator of a runtime.

    Attributes:
        name: Its name in the runtime.
        type: Its type in the runtime, or "".
        numbers: One for each column of the table, or None.
        operators: Indices in `Model.operators` if they are known already.
    """

    name: str
    type: str = ""
    numbers: tuple[float | None, ...]
    operators: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of measurements.

    Attributes:
        columns: What is measured.
        rows: Each name once.
        device: What was measured, as the file tells, or "".
        run: Seconds of a whole run, or 0 if unknown.
        traced: Whether the operators of the rows are certain, as the program measured itself.
        whole: Whether all that ran is listed, so that operators without a row were fused into
            those that read them.
        digest: SHA-256 of the model that was measured, as the file tells, or "".
        notes: What was left out, in sentences.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    device: str = ""
    run: float = 0.0
    whole: bool = False
    traced: bool = False
    digest: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A number that operators have.

    Attributes:
        attribute: What to colour by: "measured", "measured:DEVICE" or "metric:NAME".
        title: What it is, in a few words.
        unit: "s" for time, or "".
        source: Name of the file that it comes from, or "" if it was measured by the build.
        device: What was measured, or "".
        values: One for each of `Model.operators`; None where nothing is known. Times are those of
            the forward pass without what runs within the operator's bodies.
        total: Sum of all times of a run, in seconds; 0 for other numbers.
        apart: Share of it in what the runtime added, such as changes of layout; in seconds.
        lost: Share of it that belongs to no operator, in seconds.
        run: Seconds of a whole run, or 0 if unknown.
    """

    attribute: str
    title: str
    unit: str
    source: str
    device: str
    values: tuple[float | None, ...]
    total: float = 0.0
    apart: float = 0.0
    lost: float = 0.0
    run: float = 0.0


class MeasurementError(Exception):
    """Why measurements cannot be used, as a clause without a full stop."""


class MeasuringLimitError(MeasurementError):
    """A run has reached a limit of time or memory."""
