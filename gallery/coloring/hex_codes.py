"""Colours as they are written in settings, styles and drawings; apart from what needs numba."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.errors import RenderError

Colors = npt.NDArray[np.uint8]


def from_hex(text: str) -> Colors:
    """The 8-bit colour of "#rrggbb" or "#rgb": uint8 (3,).

    Raises:
        RenderError: The text is not a colour.
    """
    digits = text.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    try:
        if len(digits) != 6 or not text.startswith("#"):
            raise ValueError(text)
        return np.frombuffer(bytes.fromhex(digits), np.uint8)
    except ValueError as error:
        found = f"{text!r} is not a colour"
        raise RenderError(found, hint='write it as "#rrggbb"') from error
