"""How ONNX Runtime's mixtures of experts lay out their weights, and which sizes follow.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertSlots:
    """Positions of the inputs of a mixture of experts, for its first, second and third product."""

    weights: tuple[int, int, int]
    biases: tuple[int, int, int]
    scales: tuple[int, int, int] = (-1, -1, -1)
    zero_points: tuple[int, int, int] = (-1, -1, -1)
    router_weights: int = -1


EXPERT_SLOTS: Mapping[str, ExpertSlots] = {
    "MoE": ExpertSlots(weights=(2, 4, 6), biases=(3, 5, 7)),
    "QMoE": ExpertSlots(
        weights=(2, 5, 8),
        biases=(4, 7, 10),
        scales=(3, 6, 9),
        zero_points=(11, 12, 13),
        router_weights=14,
    ),
    "MoEPacked": ExpertSlots(weights=(2, 4, 3), biases=(-1, -1, -1), router_weights=5),
}
"""By operator type of the domain com.microsoft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertSizes:
    """Sizes of a mixture of experts.

    Attributes:
        tokens: Number of tokens.
        hidden: Size of a token.
        experts: Number of experts.
        chosen: Number of experts that a token goes to.
        inner: Size of what the second product reads.
        first: Size of what the first product makes: `inner`, or twice that where a gate lies
            beside.
        gated: Whether a third product makes the gate.
        biases: Whether the first, second and third product have one.
    """

    tokens: int
    hidden: int
    experts: int
    chosen: int
    inner: int
    first: int
    gated: bool
    biases: tuple[bool, bool, bool]


def expert_sizes(
    kind: str, attributes: Mapping[str, Any], shapes: Mapping[int, tuple[int, ...]]
) -> ExpertSizes | None:
    """The sizes of a mixture of experts, or None where its inputs contradict each other.

    Args:
        kind: One of `EXPERT_SLOTS`.
        attributes: Its attributes.
        shapes: Sizes of its inputs, by position.
    """
    slots = EXPERT_SLOTS[kind]
    data, router = shapes.get(0, ()), shapes.get(1, ())
    first, second = (shapes.get(slot, ()) for slot in slots.weights[:2])
    if len(data) not in (2, 3) or len(router) != 2 or len(first) != 3 or len(second) != 3:
        return None
    hidden, experts = data[-1], router[1]
    if kind == "QMoE":
        # Two 4-bit floats of a byte may belong to two outputs: their scales tell the number.
        scales = shapes.get(slots.scales[0], ())
        floats = attributes.get("quant_type") in ("fp4", "nvfp4", "wfp4afp8")
        made = scales[1] if floats and len(scales) == 3 else first[1]
    elif kind == "MoEPacked":
        # Bytes lie along what a product reads, so that outputs alone can be counted.
        made = first[1]
    else:
        # Older files say the sizes of a matrix the other way round, which ONNX Runtime still reads.
        turned = first[2] != hidden and first[1] == hidden
        made = first[2] if turned else first[1]
    fused = int(attributes.get("swiglu_fusion", 0)) > 0
    gate = activation(kind, attributes) in ("swiglu", "geglu")
    chosen = int(attributes.get("k", 1))
    if not 0 < chosen <= experts or (fused and gate and made % 2):
        return None
    return ExpertSizes(
        tokens=prod(data[:-1]),
        hidden=hidden,
        experts=experts,
        chosen=chosen,
        inner=made // 2 if fused and gate else made,
        first=made,
        gated=slots.weights[2] in shapes,
        biases=(slots.biases[0] in shapes, slots.biases[1] in shapes, slots.biases[2] in shapes),
    )


def activation(kind: str, attributes: Mapping[str, Any]) -> str:
    """The function between the products."""
    return str(attributes.get("activation_type", "swiglu" if kind == "MoEPacked" else "relu"))


def bits(attributes: Mapping[str, Any], number: int) -> int:
    """Bits of a weight of QMoE's product 1, 2 or 3; 0 where the attributes make no sense."""
    kind = str(attributes.get("quant_type", "int"))
    if kind == "fp8":
        return 8
    if kind in ("fp4", "nvfp4", "wfp4afp8"):
        return 4
    every = attributes.get("expert_weight_bits", 4)
    width = attributes.get(f"fc{number}_expert_weight_bits", every)
    return int(width) if width in (2, 3, 4, 8) else 0
