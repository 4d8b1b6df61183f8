"""Reads an ONNX file as a `Model`: operators, shapes and layers, but no weights."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from gallery.errors import DiscoverError, LoadError
from gallery.files import open_regular, read_at
from gallery.loading.container_shapes import container_shapes
from gallery.loading.fields import BrokenError
from gallery.loading.flat import Flat
from gallery.loading.flatten import domain, flatten
from gallery.loading.layers_of_model import layers_of
from gallery.loading.not_onnx import not_onnx, refuse_other_formats
from gallery.loading.shapes import Inference, infer
from gallery.loading.sizes.candidates import unknowns
from gallery.loading.sizes.misfits import Misfit
from gallery.loading.sizes.notes import inference_notes, size_notes
from gallery.loading.sizes.search import Choice, choose
from gallery.loading.sizes.symbols import Binding, Symbol, symbols
from gallery.loading.types import dims_of, dtype_of
from gallery.loading.values import pairs, text_of
from gallery.loading.wire import Slim, check_nesting, slim
from gallery.model import Model, Operator, Shape, Tensor

_NAMED = 5
_LARGEST = 2**36
"""The largest size of a dimension: times a split into 2^26 blocks it still fits 64 bits."""

_MOST_ELEMENTS = 2**60

logger = logging.getLogger(__name__)


def load(
    path: Path,
    *,
    dims: Mapping[str, int] | None = None,
    default_dim: int = 0,
    shared: Collection[str] = (),
) -> Model:
    """Read the operator graph of an ONNX file.

    Payloads of more than a few KiB are skipped and external data is never opened, so the cost
    depends on the operators, not on the weights. Symbolic dimensions of the inputs are given sizes,
    functions are inlined, control flow is flattened, and shapes are inferred; whatever is assumed
    or stays unknown is noted in `Model.warnings`.

    Args:
        path: The file.
        dims: Sizes of symbolic dimensions, by name; "input[axis]" stands for one alone, whether it
            has a name or not.
        default_dim: Size of all other symbolic dimensions; 0 chooses for each a size that is usual
            for its role and at which the shapes of all operators fit together.
        shared: Those names in `dims` that are meant for other models as well: no warning says that
            this one does not have them.

    Raises:
        LoadError: The file cannot be read as an ONNX model, or a size is out of range.
    """
    path = Path(path)
    name, sizes = path.stem, dict(dims or {})
    for key, size in (*sizes.items(), ("default_dim", default_dim or 1)):
        if not 1 <= size <= _LARGEST:
            hint = f"give a size from 1 to {_LARGEST:,}"
            raise LoadError(f"the size of {key} is {size:,}", name, hint)
    started = time.perf_counter()
    try:
        kept = _read(path)
        proto = _parse(path, kept)
        wanted = _Wanted(sizes=sizes, default=default_dim, shared=shared)
        model = _model(name, proto, kept, wanted)
    except (LoadError, DiscoverError) as error:
        raise LoadError(error.found, name, error.hint) from error
    seconds = time.perf_counter() - started
    logger.info("load %s: %d operators in %.2f s", name, len(model.operators), seconds)
    return model


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Sizes of open dimensions, as given to `load`."""

    sizes: Mapping[str, int]
    default: int
    shared: Collection[str]


def _read(path: Path) -> Slim:
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        head = b""
        try:
            head = read_at(file.fileno(), 4096, 0)
            refuse_other_formats(file.fileno(), head, size)
            return slim(file.fileno(), size)
        except BrokenError as error:
            raise not_onnx(head, size, error) from error
        except OSError as error:
            reason = error.strerror or "unknown reason"
            raise LoadError(f"the file cannot be read ({reason})", hint="check the disk") from error


def _parse(path: Path, kept: Slim) -> onnx.ModelProto:
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(kept.content)
    except DecodeError as error:
        raise _undecoded(path) from error
    if not proto.HasField("graph"):
        found = "the file holds no graph"
        raise LoadError(found, hint="export the model again; the file may be cut short")
    if not proto.graph.node:
        found = "the graph has no operators"
        raise LoadError(found, hint="export the whole model")
    return proto


def _undecoded(path: Path) -> LoadError:
    """Why protobuf could not decode a file whose top-level fields are sound."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        head = read_at(file.fileno(), 4096, 0)
        try:
            check_nesting(file.fileno(), size)
        except BrokenError as error:
            return not_onnx(head, size, error)
        except LoadError as error:
            return error
    found = "the file is damaged: protobuf cannot decode it"
    return LoadError(found, hint="export or download the model again")


def _model(name: str, proto: onnx.ModelProto, kept: Slim, wanted: _Wanted) -> Model:
    held = {tensor.name for tensor in proto.graph.initializer}
    held.update(tensor.values.name for tensor in proto.graph.sparse_initializer)
    fed = [value for value in proto.graph.input if value.name not in held]
    found = symbols(fed)
    flat = flatten(proto)
    state, choice = _inferred(proto, flat, found, wanted)
    tensors = _tensors(flat)
    _check_sizes(tensors)
    layers, layer_of, layers_found = layers_of(flat)
    return Model(
        name=name,
        digest=kept.digest,
        operators=_operators(flat, layer_of),
        tensors=tensors,
        layers=layers,
        layers_found=layers_found,
        inputs=flat.inputs,
        outputs=tuple(index for index in flat.outputs if index >= 0),
        ir_version=proto.ir_version,
        opsets={domain(opset.domain): opset.version for opset in proto.opset_import},
        producer=f"{text_of(proto.producer_name)} {text_of(proto.producer_version)}".strip(),
        metadata=pairs(proto.metadata_props),
        bindings=dict(choice.binding.sizes),
        assumed=tuple(choice.assumed),
        functions=len(flat.inlined),
        warnings=(
            *size_notes(
                found, [name for name in wanted.sizes if name not in wanted.shared], choice
            ),
            *_warnings(proto, kept, state, tensors),
        ),
    )


def _inferred(
    proto: onnx.ModelProto,
    flat: Flat,
    found: Sequence[Symbol],
    wanted: _Wanted,
) -> tuple[Inference, Choice]:
    """Infer all types at sizes of the open dimensions that fit, or else at the usual ones."""
    before = [(value.kind, value.declared, value.value) for value in flat.values]
    made: list[tuple[Binding, Inference]] = []

    def attempt(binding: Binding) -> Sequence[Misfit]:
        for value, (kind, declared, payload) in zip(flat.values, before, strict=True):
            value.kind, value.declared, value.value = kind, declared, payload
        made[:] = [(binding, infer(flat, proto, binding))]
        return made[0][1].misfits

    sizes = wanted.sizes
    if wanted.default:
        names = {name for one in found for name in one.names}
        sizes = {**dict.fromkeys(names, wanted.default), **sizes}
    choice = choose(unknowns(found, flat, sizes), attempt, len(flat.steps))
    if made[0][0] is not choice.binding:
        attempt(choice.binding)
    return made[0][1], choice


def _tensors(flat: Flat) -> tuple[Tensor, ...]:
    shapes = container_shapes(flat)
    return tuple(
        Tensor(
            name=value.name,
            dtype=dtype_of(value.kind),
            shape=shapes[index] if index in shapes else _shape(value.kind),
            is_parameter=value.is_parameter,
            value=value.value,
            behind=value.behind,
        )
        for index, value in enumerate(flat.values)
    )


def _shape(kind: onnx.TypeProto | None) -> Shape:
    """The shape of a tensor; a map is a single value."""
    return () if kind is not None and kind.HasField("map_type") else dims_of(kind)


def _check_sizes(tensors: Sequence[Tensor]) -> None:
    """Refuse shapes that no machine can hold: sums over them would overflow 64 bits."""
    for tensor in tensors:
        sizes = [size for size in tensor.shape or () if isinstance(size, int)]
        if max(sizes, default=0) > _LARGEST or math.prod(sizes) > _MOST_ELEMENTS:
            found = f"the tensor {tensor.name[:80]!r} has the shape {tensor.shape}"
            hint = (
                f"correct the shape; no dimension may be above {_LARGEST:,}, and no tensor may "
                f"have more than {_MOST_ELEMENTS:,} elements"
            )
            raise LoadError(found, hint=hint)


def _operators(flat: Flat, layer_of: Sequence[int]) -> tuple[Operator, ...]:
    return tuple(
        Operator(
            name=step.name,
            type=step.type,
            domain=step.domain,
            version=step.version,
            inputs=step.inputs,
            outputs=step.outputs,
            attributes=step.attributes,
            layer=layer,
            bodies=step.bodies,
            owner=step.owner,
        )
        for step, layer in zip(flat.steps, layer_of, strict=True)
    )


def _warnings(
    proto: onnx.ModelProto, kept: Slim, state: Inference, tensors: Sequence[Tensor]
) -> tuple[str, ...]:
    flat = state.flat
    notes: list[str] = []
    newest = onnx.defs.onnx_opset_version()
    opset = max((o.version for o in proto.opset_import if o.domain in ("", "ai.onnx")), default=0)
    if not proto.opset_import:
        notes.append("the file imports no operator set; version 1 is assumed")
    if opset > newest:
        notes.append(f"opset {opset} is newer than {newest}, the newest that is supported here")
    if kept.training:
        notes.append("the training information in the file is ignored")
    if not flat.inputs and all(step.type in ("Constant", "Identity") for step in flat.steps):
        # PyTorch's TorchScript exporter writes such a file of a network that reads `.data`.
        notes.append("the file has no network: nothing but constants, and no inputs")
    if flat.missing:
        missing = list(dict.fromkeys(flat.missing))
        notes.append(f"operators read tensors that nothing makes: {_some(missing)}")
    negative = [
        value.name
        for value in flat.values
        if value.source is not None and any(size < 0 for size in value.source.dims)
    ]
    if negative:
        notes.append(f"initializers have negative sizes, which are unknown here: {_some(negative)}")
    unknown = [
        step.name
        for step in flat.steps
        if any(i >= 0 and not _known(tensors[i].shape) for i in step.outputs)
    ]
    if unknown:
        count = f"{len(unknown)} of {len(flat.steps)}"
        notes.append(f"the output shapes of {count} operators are not known: {_some(unknown)}")
    return (*notes, *dict.fromkeys([*inference_notes(state.misfits), *state.warnings]))


def _known(shape: Shape) -> bool:
    return shape is not None and all(isinstance(size, int) for size in shape)


def _some(names: list[str]) -> str:
    shown = ", ".join(repr(name[:60]) for name in names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
