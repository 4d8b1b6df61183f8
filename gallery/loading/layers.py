"""The layer tree: the named scope that each operator belongs to.

There are three sources, and the first that names enough operators is used: the metadata that
exporters attach to nodes, the names of the nodes, and the names of parameters and outputs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gallery.model import Layer

Scope = tuple[tuple[str, str], ...]
"""Names from the root down, each with the class of its module or ""."""

_DEEPEST = 32
_LONGEST = 65_536
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The names of an operator and of its tensors, from which its layer may follow.

    Attributes:
        name: Name of the node, or "".
        metadata: Metadata of the node.
        calls: Name and type of each function call around it, outermost first.
        parameters: Names of the parameters that it reads.
        outputs: Names of the tensors that it makes.
        sources: Positions of the operators that make its inputs, in input order.
    """

    name: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    calls: Scope = ()
    parameters: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    sources: tuple[int, ...] = ()


def layer_tree(namings: Sequence[Naming]) -> tuple[tuple[Layer, ...], list[int]]:
    """The layers, parents first, and the layer of each operator."""
    scopes = _scopes(namings)
    root = _root_type(namings)
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
    if len(names) < 2:
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


def name_scope(name: str) -> Scope | None:
    """The layer in a node's name, or None if the name holds none.

    >>> name_scope("/layer1/layer1.0/conv1/Conv")
    (('layer1', ''), ('0', ''), ('conv1', ''))
    >>> name_scope("layer1.0.conv1")
    (('layer1', ''), ('0', ''), ('conv1', ''))
    """
    if "/" in name:
        parts: list[str] = []
        above = ""
        for part in name.split("/")[:-1]:
            own = part.removeprefix(f"{above}.") if above else part
            parts += [p for p in (own.split(".") if own != part or above == "" else [own]) if p]
            above = part
    elif "." in name:
        parts = [part for part in name.split(".") if part]
    else:
        return None
    return tuple((part, "") for part in parts) or None


def _scopes(namings: Sequence[Naming]) -> list[Scope]:
    wanted = max(len(namings) // 3, 1)
    ways = (
        [metadata_scope(naming.metadata) for naming in namings],
        [name_scope(naming.name) for naming in namings],
        [_parameter_scope(naming) or _output_scope(naming) for naming in namings],
    )
    counts = [sum(scope is not None for scope in way) for way in ways]
    limits = (1, wanted, 1)
    chosen = next((w for w, n, k in zip(ways, counts, limits, strict=True) if n >= k), None)
    known: list[Scope] = []
    own: list[bool] = []
    for position, naming in enumerate(namings):
        scope = chosen[position] if chosen is not None else None
        own.append(scope is not None and chosen is ways[2])
        known.append(naming.calls or _inherited(naming, known, own) if scope is None else scope)
    return known


def _inherited(naming: Naming, known: Sequence[Scope], own: Sequence[bool]) -> Scope:
    """The layer of an operator whose names give none: the innermost around all that it reads.

    If layers come from parameter names, the layer of a convolution holds that operator alone, and
    what follows it belongs to the enclosing layer.
    """
    sources = [
        known[source][:-1] if own[source] and len(known[source]) > 1 else known[source]
        for source in naming.sources
        if source < len(known)
    ]
    scope = sources[0] if sources else ()
    for other in sources[1:]:
        scope = _common(scope, other)
    return scope


def _common(one: Scope, other: Scope) -> Scope:
    length = 0
    for (a, _), (b, _) in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return one[:length]


def _parameter_scope(naming: Naming) -> Scope | None:
    for name in naming.parameters:
        parts = [part for part in re.split(r"[./]", name)[:-1] if part]
        if parts:
            return tuple((part, "") for part in parts)
    return None


def _output_scope(naming: Naming) -> Scope | None:
    for name in naming.outputs:
        if "/" in name:
            return name_scope(name)
    return None


def _root_type(namings: Sequence[Naming]) -> str:
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
