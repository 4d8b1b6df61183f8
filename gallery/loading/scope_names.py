"""The layer in a name, as exporters, converters and optimisers write names of nodes and tensors.

/layer1/layer1.0/conv1/Conv            PyTorch             layer1, 0, conv1
layer1.0.conv1.weight_DequantizeLinear ORT's quantiser     layer1, 0, conv1
InsertedPrecisionFreeCast_/fc1/MatMul  ORT's optimiser     fc1
fused /fc1/MatMul                      ORT's optimiser     fc1
net/b1/relu;net/b1/bn/Fused            TensorFlow Lite     net, b1
p2o.Conv.0, Conv.35                    Paddle2ONNX         none: type and number
"""

from __future__ import annotations

import re

Scope = tuple[tuple[str, str], ...]
"""Names from the root down, each with the class of its module or ""."""

_CALLS = re.compile(r"^((Stateful)?PartitionedCall(_\d+)?/)+")
"""What TensorFlow's saved models put in front of every name."""

_FUSED = re.compile(r"^fused |^\w+_(?=/)|(/\w*Fusion\w*|/duplicated\w*)?/?$")
"""What ONNX Runtime's optimiser puts around the name of a node that it replaces."""

_QUANTISED = re.compile(r"_(Dynamic)?(De)?[qQ]uantizeLinear(_\w*)?$|_quant$|_quantized$")
"""What ONNX Runtime's quantiser puts behind the name of a tensor or of a node."""


_READ = re.compile(r"/ReadVariableOp(_\d+)?(:\d+)?$|_(weights|bias)_fused_bn(__\d+)?(:\d+)?$")
"""What TensorFlow and tf2onnx put behind the name of the operator that reads a weight."""

_CONVERTED = re.compile(r"(p2o\.)?(helper|pd_op)\.|(p2o\.)?auto\.cast\.\d")
"""How the names begin that Paddle2ONNX gives to results of operators and to its own constants."""

_HOLDERS = ("torch_params", "_torch_params")
"""Where Keras on PyTorch keeps all parameters of a layer."""


def name_scope(name: str, kind: str = "") -> Scope | None:
    """The layer in a node's name, or None if the name holds none.

    Args:
        name: Of the node.
        kind: The operator's type; a name made of it and a number holds no layer.

    >>> name_scope("/layer1/layer1.0/conv1/Conv")
    (('layer1', ''), ('0', ''), ('conv1', ''))
    >>> name_scope("layer1.0.conv1")
    (('layer1', ''), ('0', ''), ('conv1', ''))
    >>> name_scope("p2o.Conv.0", "Conv")
    """
    scopes = [_scope(part.strip(), kind) for part in name.split(";") if part.strip()]
    found = scopes[0] if scopes else None
    for other in scopes[1:]:
        found = common(found or (), other or ())
    return found or None


def tensor_scope(name: str) -> Scope | None:
    """The layer in the name of a parameter, or None if the name holds none.

    >>> tensor_scope("layer1.0.weight")
    (('layer1', ''), ('0', ''))
    """
    if _CONVERTED.match(name):
        return None
    plain = _READ.sub("", _CALLS.sub("", _QUANTISED.sub("", name)))
    parts = [part for part in re.split(r"[./]", plain)[:-1] if part and part not in _HOLDERS]
    return tuple((part, "") for part in parts) or None


def common(one: Scope, other: Scope) -> Scope:
    """The layer around two others."""
    length = 0
    for (a, _), (b, _) in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return one[:length]


def _scope(name: str, kind: str) -> Scope | None:
    plain = _FUSED.sub("", _CALLS.sub("", name))
    if _QUANTISED.search(plain) and "/" not in plain:
        return tensor_scope(plain)
    if "/" in plain:
        parts: list[str] = []
        above = ""
        for part in plain.split("/")[:-1]:
            own = part.removeprefix(f"{above}.") if above else part
            parts += [p for p in (own.split(".") if own != part or above == "" else [own]) if p]
            above = part
    elif "." in plain:
        parts = _without_number([part for part in plain.split(".") if part], kind)
    else:
        return None
    return tuple((part, "") for part in parts) or None


def _without_number(parts: list[str], kind: str) -> list[str]:
    """The parts before the operator's type and its number, without Paddle2ONNX's mark."""
    end = len(parts)
    while end and parts[end - 1].isdigit():
        end -= 1
    if kind and 0 < end < len(parts) and parts[end - 1] == kind:
        parts = parts[: end - 1]
    if parts[:1] != ["p2o"]:
        return parts
    return [] if parts[1:2] == ["helper"] else parts[1:]
