"""How often the body of a Loop or Scan runs, as far as the file tells.

Rules: https://onnx.ai/onnx/operators/onnx__Loop.html and onnx__Scan.html.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from gallery.model import Body, Model, Operator

_MOST = 2**31

Value = npt.NDArray[Any] | None


def trip_count(model: Model, operator: Operator) -> int | None:
    """Number of trips of a Loop or Scan; None if it is not known."""
    if operator.type == "Loop" and operator.bodies:
        endless = not _fed(operator, 0)
        again_ = again(model, operator.bodies[0])
        limit, begins = _value(model, operator, 0), _value(model, operator, 1)
        return known_trips(limit, begins, again_, endless, operator.bodies[0].trips)
    if operator.type == "Scan":
        first = len(operator.inputs) - int(operator.attributes.get("num_scan_inputs", 1))
        axes = operator.attributes.get("scan_input_axes") or (0,)
        sizes = model.tensors[operator.inputs[first]].sizes if _fed(operator, first) else None
        if sizes is not None and -len(sizes) <= axes[0] < len(sizes):
            return sizes[axes[0]]
    return None


def known_trips(
    limit: Value, begins: Value, again: Value, endless: bool, counted: int | None = None
) -> int | None:
    """Number of trips of a Loop, or the most if its condition may end it; None if not known.

    Args:
        limit: The most trips.
        begins: The condition before the first trip.
        again: The condition after each trip, if it is always the same.
        endless: Whether the loop has no limit but its condition.
        counted: The most trips that the condition allows (`Body.trips`).
    """
    if begins is not None and begins.size == 1 and not begins.reshape(()):
        return 0
    most = None
    if limit is not None and limit.size == 1 and int(limit.reshape(())) < _MOST:
        # A limit below 0 is reached at once.
        most = max(int(limit.reshape(())), 0)
    if counted is not None:
        most = counted if most is None else min(most, counted)
    if again is not None and again.size == 1 and not again.reshape(()):
        return 1 if endless else None if most is None else min(most, 1)
    return most


def again(model: Model, body: Body) -> Value:
    """The condition that the body of a Loop hands out, if it is the same on each trip."""
    condition = body.outputs[0] if body.outputs else -1
    return model.tensors[condition].value if condition >= 0 else None


def _value(model: Model, operator: Operator, slot: int) -> Value:
    return model.tensors[operator.inputs[slot]].value if _fed(operator, slot) else None


def _fed(operator: Operator, slot: int) -> bool:
    return 0 <= slot < len(operator.inputs) and operator.inputs[slot] >= 0
