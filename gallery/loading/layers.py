"""The layer tree: the named scope that each operator belongs to.

There are three sources, and the first that names enough operators is used: the metadata that
exporters attach to nodes, the names of the nodes, and the names of parameters and outputs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gallery.loading.scope_names import Scope, common, name_scope
from gallery.loading.weight_scopes import Weights, weight_scopes
from gallery.model import Layer

_NORM = re.compile(r"(^|/)(Fused)?BatchNorm[^/;]*$", re.IGNORECASE)
_RULE = "pkg.onnxscript.rewriter.rule_name"
_NO_MODULE = "_empty_nn_module_stack_from_metadata_hook"
"""What PyTorch's exporter writes for an operator that a pass of its own added."""

_SOURCES = ("metadata", "nodes", "tensors")
_DEEPEST = 32
_LONGEST = 65_536
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The names of an operator and of its tensors, from which its layer may follow.

    Attributes:
        name: Name of the node, or "".
        type: Operator type.
        metadata: Metadata of the node.
        calls: Name and type of each function call around it, outermost first.
        parameters: Names of the parameters that it reads.
        outputs: Names of the tensors that it makes.
        sources: Positions of the operators that make its inputs, in input order.
    """

    name: str = ""
    type: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    calls: Scope = ()
    parameters: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    sources: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What names say about the layers.

    Attributes:
        scopes: The scope of each operator.
        given: Whether the scope is in names of the operator itself, not of what it reads.
        source: "metadata", "nodes", "tensors" (parameters and outputs), or "" if nothing names any.
    """

    scopes: list[Scope]
    given: list[bool]
    source: str


def layer_tree(namings: Sequence[Naming]) -> tuple[tuple[Layer, ...], list[int]]:
    """The layers that names tell, parents first, and the layer of each operator."""
    return tree(named_scopes(namings).scopes, root_type(namings))


def tree(scopes: Sequence[Scope], root: str = "") -> tuple[tuple[Layer, ...], list[int]]:
    """The layers of scopes, parents first, and the layer of each operator.

    Args:
        scopes: Of each operator.
        root: Class of the whole model, or "".
    """
    layers = [Layer(name="", path="", parent=-1, type=root)]
    index: dict[tuple[str, ...], int] = {(): 0}
    found: list[int] = []
    for scope in scopes:
        at = 0
        path: tuple[str, ...] = ()
        for name, kind in _shallow(scope):
            path = (*path, name)
            if path not in index:
                index[path] = len(layers)
                layers.append(Layer(name=name, path="/".join(path), parent=at, type=kind))
            at = index[path]
            if kind and not layers[at].type:
                old = layers[at]
                layers[at] = Layer(name=old.name, path=old.path, parent=old.parent, type=kind)
        found.append(at)
    return tuple(layers), found


def metadata_scope(metadata: Mapping[str, str]) -> Scope | None:
    """The layer that PyTorch's exporter recorded for a node, or None.

    Scopes are dotted paths from the root, each below the one before; the last is the operator.

    >>> metadata_scope({"namespace": ": a.Net/layer1: b.Stack/layer1.0: b.Conv/conv2d: aten"})
    (('layer1', 'Stack'), ('0', 'Conv'))
    """
    names = _listed(metadata.get("pkg.torch.onnx.name_scopes", ""))
    kinds = _listed(metadata.get("pkg.torch.onnx.class_hierarchy", ""))
    if len(names) < 2 or len(names) != len(kinds):
        pairs = [part.rpartition(": ") for part in _split(metadata.get("namespace", ""))]
        names = [name.removesuffix(":").strip() for name, _, _ in pairs]
        kinds = [kind for _, _, kind in pairs]
    if len(names) < 2 or _NO_MODULE in names:
        return None
    scope: list[tuple[str, str]] = []
    above = ""
    for name, kind in zip(names[:-1], kinds, strict=False):
        own = name.removeprefix(f"{above}.") if above else name
        parts = [part for part in own.split(".") if part]
        if name == above:
            continue
        scope += [(part, "") for part in parts]
        if parts:
            scope[-1] = (parts[-1], kind.rpartition(".")[2])
        above = name
    return tuple(scope)


def named_scopes(namings: Sequence[Naming]) -> Named:
    """The scope of each operator by the first source that names enough of them."""
    weights = weight_scopes([(naming.type, naming.parameters) for naming in namings])
    chosen, source = _chosen(list(zip(namings, weights, strict=True)))
    known: list[Scope] = []
    own: list[bool] = []
    for position, naming in enumerate(namings):
        scope = chosen[position] if chosen is not None else None
        own.append(scope is not None and source == "tensors")
        if scope is None:
            scope = naming.calls or _inherited(position, namings, known, own)
        known.append(scope)
    given = [chosen is not None and scope is not None for scope in chosen or ()]
    given = given or [False] * len(namings)
    return Named(
        scopes=_with_consumers(namings, known, given),
        given=given,
        source=source,
    )


def _chosen(
    pairs: Sequence[tuple[Naming, Weights | None]],
) -> tuple[Sequence[Scope | None] | None, str]:
    """The scope that each operator is given by the first source that names enough, and which."""
    wanted = max(len(pairs) // 3, 1)
    ways = (_metadata_or_weights, 1), (_name_or_weights, wanted), (_weights_or_output, 1)
    for (way, least), source in zip(ways, _SOURCES, strict=True):
        scopes = [way(naming, read) for naming, read in pairs]
        if sum(map(bool, scopes)) >= least:
            return scopes, source
    return None, ""


def _inherited(
    position: int, namings: Sequence[Naming], known: Sequence[Scope], own: Sequence[bool]
) -> Scope:
    """The layer of an operator whose names give none: the innermost around all that it reads.

    If layers come from parameter names, the layer of a convolution holds that operator alone, and
    what follows it belongs to the enclosing layer. What follows a call belongs to the caller.
    """
    calls = namings[position].calls
    scopes = []
    for source in namings[position].sources:
        if source >= len(known):
            continue
        scope = known[source]
        if namings[source].calls != calls:
            scope = common(scope, calls)
        elif own[source] and len(scope) > 1:
            scope = scope[:-1]
        scopes.append(scope)
    found = scopes[0] if scopes else ()
    for other in scopes[1:]:
        found = common(found, other)
    return found


def _with_consumers(
    namings: Sequence[Naming], known: list[Scope], given: Sequence[bool]
) -> list[Scope]:
    """The same, with each DequantizeLinear of a weight in the layer of what reads it."""
    readers: dict[int, set[Scope]] = {}
    for naming, scope in zip(namings, known, strict=True):
        for source in naming.sources:
            readers.setdefault(source, set()).add(scope)
    return [
        next(iter(readers[position]))
        if naming.type == "DequantizeLinear"
        and not (naming.sources or given[position])
        and len(readers.get(position, ())) == 1
        else scope
        for position, (naming, scope) in enumerate(zip(namings, known, strict=True))
    ]


def _metadata_or_weights(naming: Naming, read: Weights | None) -> Scope | None:
    """The layer in the metadata, but that of the weights for a convolution with a folded norm.

    The rewriter gives the convolution the metadata of the BatchNormalization that it folds in.
    """
    scope = metadata_scope(naming.metadata)
    folded = "BatchNorm" in naming.metadata.get(_RULE, "")
    return _beside(scope, read) if scope and folded and read else scope


def _name_or_weights(naming: Naming, read: Weights | None) -> Scope | None:
    """The layer in the name; that of the weights where a norm left its name on a convolution."""
    scope = name_scope(naming.name, naming.type)
    folded = "Conv" in naming.type and _NORM.search(naming.name)
    return _beside(scope, read) if scope and folded and read else scope


def _beside(norm: Scope, read: Weights) -> Scope:
    """The layer of weights that a norm's were folded into.

    If another operator read the weights before, their name is no proof: the layer with that last
    name beside the norm, or what is around the norm if that would be the other's.
    """
    if read.alone:
        return read.scope
    if len(read.scope) != len(norm) or read.scope[:-1] == norm[:-1]:
        return norm[:-1]
    return (*norm[:-1], read.scope[-1])


def _weights_or_output(naming: Naming, read: Weights | None) -> Scope | None:
    """The layer of the weights, or else the one in the name of an output."""
    return (read.scope if read else None) or _output_scope(naming)


def _output_scope(naming: Naming) -> Scope | None:
    for name in naming.outputs:
        if "/" in name:
            return name_scope(name, naming.type)
    return None


def root_type(namings: Sequence[Naming]) -> str:
    """Class of the whole model as the metadata tell it, or ""."""
    for naming in namings:
        kinds = _listed(naming.metadata.get("pkg.torch.onnx.class_hierarchy", ""))
        if kinds:
            return kinds[0].rpartition(".")[2]
    return ""


def _shallow(scope: Scope) -> Scope:
    return scope[:_DEEPEST]


def _listed(text: str) -> list[str]:
    """The strings in the printed form of a Python list."""
    if len(text) > _LONGEST:
        return []
    return [single or double for single, double in _QUOTED.findall(text)]


def _split(text: str) -> list[str]:
    return text.split("/") if text and len(text) <= _LONGEST else []
