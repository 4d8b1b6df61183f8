"""One operator, and what it costs."""

import numpy as np

from gallery.costs import cost
from gallery.costs.registry import Cost
from gallery.model import Model, Operator, Tensor


def of(shapes, outputs, kind, domain="", version=20, values=None, **attributes) -> Cost | None:
    """Cost of one operator on tensors of these shapes.

    None stands for an input that is left out and for an output of an unknown shape, ... for an
    output that is left out; `values` are those of the inputs that are known, by position.
    """
    known = {slot: np.array(value) for slot, value in (values or {}).items()}
    tensors = [
        Tensor(name=str(i), dtype="float", shape=None if s is ... else s, value=known.get(i))
        for i, s in enumerate([*shapes, *outputs])
    ]
    inputs = tuple(i if shape is not None else -1 for i, shape in enumerate(shapes))
    operator = Operator(
        name="o",
        type=kind,
        domain=domain,
        version=version,
        inputs=inputs,
        outputs=tuple(-1 if shape is ... else len(shapes) + i for i, shape in enumerate(outputs)),
        attributes=attributes,
    )
    model = Model(
        name="m",
        digest="",
        operators=(operator,),
        tensors=tuple(tensors),
        layers=(),
        inputs=(),
        outputs=(),
    )
    return cost(model, operator)
