"""Which operators the name of a runtime's event stands for.

Runtimes name what they fuse after one operator (`conv/MatMulAddFusion`), one tensor (`relu_nchwc`)
or all of it (`conv1 + relu1`, `PWN(a, b)`, `{ForeignNode[first...last]}`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from gallery.model import Model

APART = frozenset(
    {
        "ReorderInput",
        "ReorderOutput",
        "MemcpyFromHost",
        "MemcpyToHost",
    }
)
"""Types of nodes that ONNX Runtime adds to change the layout or the place of data."""

_ADDED = re.compile(
    r"^(Reformatting CopyNode|shuffle between |copy_|gemm_(in|out)put_reshape)", re.IGNORECASE
)
"""Names of what TensorRT and ONNX Runtime add around operators; the last ones stand around a Gemm
that was a MatMul."""
_SUFFIXES = re.compile(
    r"(_nchwc|_fused\w*|_fusion\w*|_quant\w*|_matmul_transpose\w*|_token_\d+|_cast_?\d*)$", re.I
)
_PARTS = re.compile(r"\s*[+,]\s+|\s+\+\s*|,")
_WRAPPED = re.compile(r"^\s*(?:PWN|PointWiseNetwork)\s*\((.*)\)\s*$", re.DOTALL)
_SPAN = re.compile(
    r"^\s*\{?\s*(?:ForeignNode|Myelin\w*)?\s*\[(.+?)\.\.\.(.+?)\]\s*\}?\s*$", re.DOTALL
)
_LONGEST_NAME = 100_000
_DEEPEST = 4


class Names:
    """The operators of a model by the names that runtimes call them."""

    def __init__(self, model: Model) -> None:
        """Index a model."""
        self._model = model
        self._operators: dict[str, list[int]] = defaultdict(list)
        self._tensors: dict[str, int] = {}
        self._layers: dict[str, list[int]] = defaultdict(list)
        for index, operator in enumerate(model.operators):
            self._operators[operator.name].append(index)
            for tensor in operator.outputs:
                if tensor >= 0:
                    self._tensors[model.tensors[tensor].name] = index
            layer = operator.layer
            while layer > 0:
                self._layers[_dotted(model.layers[layer].path)].append(index)
                layer = model.layers[layer].parent

    def find(self, name: str, depth: int = 0) -> tuple[int, ...]:
        """The operators that a name stands for, ascending; none if it is not known.

        Args:
            name: Of an event, operator, tensor or layer.
            depth: How often the name was taken apart.
        """
        if len(name) > _LONGEST_NAME or depth > _DEEPEST:
            return ()
        known = self._exactly(name)
        if known:
            return known
        shorter = _SUFFIXES.sub("", name)
        if shorter != name and (known := self._exactly(shorter)):
            return known
        if (span := _SPAN.match(name)) and (ends := self._between(*span.groups(), depth=depth)):
            return ends
        if wrapped := _WRAPPED.match(name):
            return self.find(wrapped.group(1), depth + 1)
        parts = [part for part in _PARTS.split(name) if part]
        if len(parts) > 1:
            return tuple(sorted({one for part in parts for one in self.find(part, depth + 1)}))
        above, slash, _ = name.rpartition("/")
        return self._exactly(above, layers=False) if slash else ()

    def _exactly(self, name: str, *, layers: bool = True) -> tuple[int, ...]:
        if name in self._operators:
            return tuple(self._operators[name])
        if name in self._tensors:
            return (self._tensors[name],)
        return tuple(self._layers.get(_dotted(name), ())) if layers else ()

    def _between(self, first: str, last: str, *, depth: int) -> tuple[int, ...]:
        """All operators that read what the first makes and feed the last."""
        starts, ends = self.find(first, depth + 1), self.find(last, depth + 1)
        if not starts or not ends:
            return tuple(sorted({*starts, *ends}))
        before = closure(self._model, ends, frozenset())
        after = set(starts)
        made = {t for one in starts for t in self._model.operators[one].outputs if t >= 0}
        for index in range(min(starts) + 1, max(ends) + 1):
            operator = self._model.operators[index]
            if not made.isdisjoint(operator.inputs):
                after.add(index)
                made.update(tensor for tensor in operator.outputs if tensor >= 0)
        return tuple(sorted(after & before)) or tuple(sorted({*starts, *ends}))


def is_apart(name: str, kind: str) -> bool:
    """Whether an event is of something that a runtime added to change the layout of data."""
    return kind in APART or _ADDED.match(name) is not None


def makers(model: Model) -> Mapping[int, int]:
    """The operator that makes each tensor."""
    return {
        tensor: index
        for index, operator in enumerate(model.operators)
        for tensor in operator.outputs
        if tensor >= 0
    }


def closure(
    model: Model,
    ends: Iterable[int],
    stops: frozenset[int],
    made_by: Mapping[int, int] | None = None,
) -> set[int]:
    """Operators that others come from, with those; nothing at or before a stop.

    Args:
        model: The model.
        ends: Where to begin, whether they are stops or not.
        stops: Operators not to pass.
        made_by: From `makers`, or None.
    """
    made_by = makers(model) if made_by is None else made_by
    found = set(ends)
    waiting = list(found)
    while waiting:
        operator = model.operators[waiting.pop()]
        for tensor in operator.inputs:
            one = made_by.get(tensor, -1)
            if one >= 0 and one not in found and one not in stops:
                found.add(one)
                waiting.append(one)
    return found


def _dotted(path: str) -> str:
    return path.replace("/", ".").strip(".")
