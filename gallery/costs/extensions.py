"""Costs of the operators of onnxruntime-extensions: most only move text, images or sound."""

from __future__ import annotations

from gallery.contrib.extensions import COMPUTED, DOMAINS, OUTPUTS
from gallery.costs.contrib_fused import inverse as inverse_
from gallery.costs.reduction import fourier_operations
from gallery.costs.registry import Cost, UnknownError, View, costs, plain

_MOVES = tuple(kind for kind in OUTPUTS if kind not in COMPUTED)


def moves(view: View) -> Cost:
    """Nothing: text is taken apart or put together, images and sound are decoded."""
    assert view.operator.type in _MOVES
    return plain(0)


def blur(view: View) -> Cost:
    """A product and a sum for each position of two kernels, one after the other."""
    kernel = view.tensor(1).value
    if kernel is None:
        raise UnknownError("kernel_size")
    return plain(view.made() * sum(2 * int(one) - 1 for one in kernel.reshape(-1)))


def opposite(view: View) -> Cost:
    """Two comparisons for each element."""
    return plain(2 * view.read())


def segments(view: View) -> Cost:
    """An addition for each element."""
    return plain(view.read())


def spectrum(view: View) -> Cost:
    """A product with the window, 5 N log2 N, and two squares, a sum and a root for each bin."""
    points, frames = view.tensor(1).value, view.out()[-1]
    if points is None:
        raise UnknownError("n_fft")
    size = int(points.reshape(-1)[0])
    return plain(frames * (size + fourier_operations(size) + 4 * view.out()[-2]))


for _domain in DOMAINS:
    costs(*_MOVES, domain=_domain)(moves)
    costs("GaussianBlur", domain=_domain)(blur)
    costs("Inverse", domain=_domain)(inverse_)
    costs("NegPos", domain=_domain)(opposite)
    costs("SegmentSum", domain=_domain)(segments)
    costs("StftNorm", domain=_domain)(spectrum)
