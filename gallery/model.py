"""What the program knows about a model: operators, tensors and layers, but no weights.

Operators are in topological order. The operators of a control-flow body (If, Loop, Scan and
model-defined ones) are in the same list, before the operator that owns them:

    operators   Conv  Relu  [Gemm  Softmax]  If  Add
                            └ body "then_branch" of If
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

# What plans a build needs some names of here, and must not wait for NumPy.
if TYPE_CHECKING:
    import numpy.typing as npt

Dimension = int | str | None
"""A size, the name of an unbound symbolic dimension, or None where nothing is known."""

Shape = tuple[Dimension, ...] | None
"""The shape of a tensor, or None where not even the rank is known."""


WHOLE = 16 << 20
"""Largest file that is read and digested whole, in bytes; of a larger one, weights are left out."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A list or tensor of an attribute that was left in the file: only its length is known.

    >>> len(Unread(5000))
    5000
    """

    length: int

    def __len__(self) -> int:
        """Number of elements."""
        return self.length


@lru_cache(maxsize=4096)
def _sizes(shape: Shape) -> tuple[int, ...] | None:
    """The shape if every size is known; kept, as it is asked for many times."""
    if shape is None or not all(isinstance(size, int) for size in shape):
        return None
    return cast(tuple[int, ...], shape)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tensor:
    """An ONNX value.

    Attributes:
        name: The name in the file (unique in the model after scoping).
        dtype: ONNX element type in lower case ("float", "int64", "float16", ...), or "".
        shape: Sizes, see `Shape`.
        is_parameter: Whether it is an initializer (a weight or a constant in the file).
        value: The payload if the file holds it and it is small (at most 4 KiB), else None.
            Read-only.
        behind: Of an initializer that may be a table of biases that was looked up in advance, the
            number of elements of that table, else None.
    """

    name: str
    dtype: str = ""
    shape: Shape = None
    is_parameter: bool = False
    value: npt.NDArray[Any] | None = None
    behind: int | None = None

    @property
    def sizes(self) -> tuple[int, ...] | None:
        """The shape if every size is known, else None."""
        return _sizes(self.shape)

    @property
    def elements(self) -> int | None:
        """The number of elements, or None if it is not known."""
        sizes = self.sizes
        if sizes is None:
            return None
        count = 1
        for size in sizes:
            count *= size
        return count


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A subgraph of a control-flow operator.

    Attributes:
        name: The attribute that holds it ("then_branch", "body", ...).
        operators: Range of indices of its operators, including those of the bodies nested in it.
        inputs: Tensors that the owner binds on each trip (none for If).
        outputs: Tensors that the owner reads at the end of each trip.
        trips: The most trips of a Loop that its condition allows, if that ends it by counting.
    """

    name: str
    operators: range
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    trips: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """An ONNX node.

    Attributes:
        name: The name in the file, or one made from type and position.
        type: The ONNX operator type ("Conv").
        domain: The operator set ("" is ONNX's own).
        version: The version of that operator set that the model imports.
        inputs: Index of each input tensor; -1 for an omitted input.
        outputs: Index of each output tensor; -1 for an omitted output.
        attributes: Value of each attribute that is not a graph: int, float, str, tuples of them, a
            read-only array for a small tensor or a long list of integers; an `Unread` for other
            long lists and large tensors.
        layer: Index of the layer that holds it.
        bodies: Subgraphs, in file order.
        owner: Index of the control-flow operator whose body holds it, or -1.
    """

    name: str
    type: str
    domain: str = ""
    version: int = 0
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    layer: int = 0
    bodies: tuple[Body, ...] = ()
    owner: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A named scope that holds operators; layer 0 is the whole model.

    Attributes:
        name: Its own part of the path ("conv1").
        path: The names from the root to it, joined by "/" ("" for the whole model).
        parent: Index of the enclosing layer (-1 for the whole model); less than its own index.
        type: Class of the module that it was exported from, or "".
    """

    name: str
    path: str
    parent: int
    type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """An operator graph.

    Attributes:
        name: The file's stem, unique in a gallery.
        digest: In hexadecimal, the SHA-256 of the file, as `sha256sum` prints it; of a file of more
            than 16 MiB that of its size and of all but the large weights, which are never read.
        operators: In topological order (see the module's docstring).
        tensors: All values, including those of bodies.
        layers: The layer tree, parents first.
        layers_found: Whether the layers are named by their place in the structure of the graph
            ("stage 2", "block 3"), as no names in the file tell modules.
        inputs: Tensors that the caller feeds (not the initializers).
        outputs: Tensors that the caller gets.
        ir_version: Version of the file format.
        opsets: Version of each imported operator set, by domain.
        producer: Name and version of the program that wrote the file, or "".
        metadata: The file's own metadata.
        bindings: Size to which each symbolic dimension was bound, by name.
        assumed: Those names in `bindings` whose size nobody chose.
        functions: Number of model-local functions that were inlined.
        warnings: Notes on what is unknown, assumed or left out.
    """

    name: str
    digest: str
    operators: tuple[Operator, ...]
    tensors: tuple[Tensor, ...]
    layers: tuple[Layer, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    ir_version: int = 0
    opsets: Mapping[str, int] = field(default_factory=dict)
    producer: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    bindings: Mapping[str, int] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()
    functions: int = 0
    layers_found: bool = False
    warnings: tuple[str, ...] = ()


def dtype_bytes(dtype: str) -> float:
    """Bytes per element of an ONNX element type: 0.5 for 4-bit types, 4 for unknown ones.

    >>> dtype_bytes("float16"), dtype_bytes("int4")
    (2.0, 0.5)
    """
    return _BYTES.get(dtype, 4.0)


_BYTES: Mapping[str, float] = {
    **dict.fromkeys(("int2", "uint2"), 0.25),
    **dict.fromkeys(("int4", "uint4", "float4e2m1"), 0.5),
    **dict.fromkeys(("float6e2m3", "float6e3m2"), 0.75),
    **dict.fromkeys(("bool", "int8", "uint8", "float8e4m3fn", "float8e4m3fnuz"), 1.0),
    **dict.fromkeys(("float8e5m2", "float8e5m2fnuz", "float8e8m0"), 1.0),
    **dict.fromkeys(("int16", "uint16", "float16", "bfloat16"), 2.0),
    **dict.fromkeys(("int32", "uint32", "float"), 4.0),
    **dict.fromkeys(("int64", "uint64", "double", "complex64"), 8.0),
    "complex128": 16.0,
}


def freeze(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same array, made read-only."""
    import numpy as np  # noqa: PLC0415

    array = np.asarray(array)
    array.setflags(write=False)
    return array
