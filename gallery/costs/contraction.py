"""Costs of operators that multiply and sum: convolutions and matrix products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from gallery.costs.registry import Cost, UnknownError, View, contraction, costs, plain


@costs("Conv", "ConvInteger")
def conv(view: View) -> Cost:
    """Output elements times the input channels per group times the kernel size.

    The weight is (out channels, in channels / group, *kernel); a bias adds one operation each.
    """
    made, weight = view.made(), view.shape(1)
    bias = view.operator.type == "Conv" and view.has(2)
    return contraction(made * prod(weight[1:]), made if bias else 0)


@costs("QLinearConv")
def qlinear_conv(view: View) -> Cost:
    """As Conv, plus a scale, a rounding and a zero point per output element."""
    made, weight = view.made(), view.shape(3)
    return contraction(made * prod(weight[1:]), made * (3 + view.has(8)))


@costs("CausalConvWithState")
@costs("CausalConvWithState", domain="com.microsoft")
def causal_conv(view: View) -> Cost:
    """Output elements times the kernel size, plus 5 per element for an activation."""
    made = view.made()
    active = 5 if view.get("activation", "none") not in ("", "none") else 0
    return contraction(made * prod(view.shape(1)[2:]), made * (active + view.has(2)))


@costs("ConvTranspose")
def conv_transpose(view: View) -> Cost:
    """Input elements times the output channels per group times the kernel size.

    The weight is (in channels, out channels / group, *kernel).
    """
    weight = view.shape(1)
    return contraction(view.read(0) * prod(weight[1:]), view.made() if view.has(2) else 0)


@costs("DeformConv")
def deform_conv(view: View) -> Cost:
    """As Conv, plus a bilinear interpolation (7) and a mask (1) per value read."""
    made, weight = view.made(), view.shape(1)
    positions = made // max(weight[0], 1) * view.shape(0)[1] * prod(weight[2:])
    extra = positions * (7 + view.has(4)) + (made if view.has(3) else 0)
    return contraction(made * prod(weight[1:]), extra)


@costs("Gemm")
def gemm(view: View) -> Cost:
    """Rows times columns times the reduced dimension; C adds one operation per element."""
    made = view.made()
    reduced = view.shape(0)[0 if view.get("transA", 0) else 1]
    return contraction(made * reduced, made if view.has(2) else 0)


@costs("MatMul", "MatMulInteger")
def matmul(view: View) -> Cost:
    """Output elements times the last dimension of A."""
    return contraction(view.made() * _last(view, 0))


@costs("QLinearMatMul")
def qlinear_matmul(view: View) -> Cost:
    """As MatMul, plus a scale, a rounding and a zero point per output element."""
    made = view.made()
    return contraction(made * _last(view, 0), 3 * made)


@costs("Einsum")
def einsum(view: View) -> Cost:
    """The products of its operands pair by pair, in the order that takes the fewest.

    A pair takes as many multiply-accumulates as there are values of all of its indices. A single
    operand is only summed; one that is only moved costs nothing.
    """
    equation = str(view.get("equation", "")).replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms = [_indices(term, view.shape(slot)) for slot, term in enumerate(left.split(","))]
    sizes: dict[str, int] = {}
    for slot, letters in enumerate(terms):
        for letter, size in zip(letters, view.shape(slot), strict=True):
            sizes[letter] = max(sizes.get(letter, 1), size)
    space = prod(sizes.values())
    if any(not view.read(slot) for slot in range(len(terms))):
        return plain(0)
    if len(terms) == 1:
        return plain(space if view.made() < space else 0)
    if len(terms) > _MOST_OPERANDS:
        raise UnknownError(equation)
    every = [letter for letters in terms for letter in set(letters)]
    named = set(right) if arrow else {one for one in every if every.count(one) == 1}
    kept = named | {letter for letter in sizes if letter.startswith("...")}
    return contraction(_fewest(terms, kept, sizes))


_MOST_OPERANDS = 12


def _indices(term: str, shape: tuple[int, ...]) -> list[str]:
    """Names of the dimensions of an operand; those of an ellipsis are matched from the right."""
    before, dots, after = term.partition("...")
    if len(before) + len(after) > len(shape) or (not dots and len(term) != len(shape)):
        raise UnknownError(term)
    middle = len(shape) - len(before) - len(after)
    return [*before, *(f"...{middle - k}" for k in range(middle)), *after]


def _fewest(terms: Sequence[Sequence[str]], kept: set[str], sizes: Mapping[str, int]) -> int:
    """Fewest multiply-accumulates of all orders of pairs, by sets of operands (as bits)."""
    count = len(terms)
    held = [
        {letter for k, letters in enumerate(terms) if which >> k & 1 for letter in letters}
        for which in range(1 << count)
    ]
    whole = (1 << count) - 1
    # What a product of some operands still has: what the others or the result need.
    left = [held[which] & (held[whole ^ which] | kept) for which in range(1 << count)]
    for k, letters in enumerate(terms):
        left[1 << k] = set(letters)
    least = [0] * (1 << count)
    for which in range(1, 1 << count):
        if which & (which - 1):
            part = (which - 1) & which
            prices = []
            while part:
                other = which ^ part
                if part > other:
                    pair = prod(sizes[letter] for letter in left[part] | left[other])
                    prices.append(least[part] + least[other] + pair)
                part = (part - 1) & which
            least[which] = min(prices)
    return least[whole]


def _last(view: View, slot: int) -> int:
    shape = view.shape(slot)
    return shape[-1] if shape else 1
