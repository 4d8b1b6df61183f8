"""Sizes of sheets and screens as users write them: "A3", "A3-landscape", "3840x2160"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gallery.settings.formats import LARGEST

PAPERS = {"A0": (841, 1189), "A1": (594, 841), "A2": (420, 594), "A3": (297, 420), "A4": (210, 297)}
"""Width and height in millimetres of sheets of ISO 216."""
LANDSCAPE = "-landscape"
"""Ending of a sheet that lies on its side."""
SMALLEST = 200
"""Smallest side of a screen in pixels."""

FILM_LARGEST = 4096
"""Largest side of a film in pixels."""

_SCREEN = re.compile(r"([1-9]\d{2,4})[x×]([1-9]\d{2,4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A sheet of paper.

    Attributes:
        name: "A0" to "A4".
        width: Width in millimetres.
        height: Height in millimetres.
    """

    name: str
    width: int
    height: int

    @property
    def landscape(self) -> bool:
        """Whether it is wider than high."""
        return self.width > self.height


def paper(text: str) -> Paper | None:
    """The sheet of a name, or None if there is none.

    >>> paper("A3-landscape")
    Paper(name='A3', width=420, height=297)
    """
    name = text.removesuffix(LANDSCAPE)
    if name not in PAPERS:
        return None
    width, height = PAPERS[name]
    if text == name:
        return Paper(name=name, width=width, height=height)
    return Paper(name=name, width=height, height=width)


def paper_named(text: str) -> Paper:
    """The sheet of a name that `check_paper` let pass.

    Raises:
        ValueError: There is none.
    """
    found = paper(text)
    if found is None:
        raise ValueError(f"{text!r} is not {_PAPERS}")
    return found


def screen(text: str) -> tuple[int, int] | None:
    """Width and height in pixels of a screen, or None if the text does not say them.

    >>> screen("3840x2160")
    (3840, 2160)
    """
    found = _SCREEN.fullmatch(text)
    if not found:
        return None
    width, height = int(found[1]), int(found[2])
    return (
        (width, height) if SMALLEST <= min(width, height) <= max(width, height) <= LARGEST else None
    )


def check_paper(value: object) -> str:
    """A sheet's name, its letter in any case."""
    text = _upper(value)
    if not paper(text):
        raise ValueError(_PAPERS)
    return text


def check_screen(value: object) -> str:
    """The size of a screen, written with an x."""
    text = str(value).replace("×", "x") if isinstance(value, str) else ""
    if not screen(text):
        raise ValueError(_SCREENS)
    return text


def check_either(value: object) -> str:
    """A sheet's name or the size of a screen."""
    for check in (check_paper, check_screen):
        try:
            return check(value)
        except ValueError:
            continue
    raise ValueError(f"{_PAPERS}, or {_SCREENS}")


def film_size(value: object) -> tuple[int, int]:
    """Width and height of a film; both are even, as encoders halve the colours' sides.

    >>> film_size("1920x1080")
    (1920, 1080)
    """
    size = screen(str(value).replace("×", "x"))
    if size is None or max(size) > FILM_LARGEST or size[0] % 2 or size[1] % 2:
        raise ValueError(_FILMS)
    return size


def check_film(value: object) -> str:
    """The size of a film, written with an x."""
    width, height = film_size(value)
    return f"{width}x{height}"


def _upper(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return text[:1].upper() + text[1:].lower()


_PAPERS = f'a paper size ({", ".join(PAPERS)}, or one of them with "{LANDSCAPE}")'
_FILMS = f'an even width and height in pixels from {SMALLEST} to {FILM_LARGEST}, as "1920x1080"'
_SCREENS = f'a width and a height in pixels from {SMALLEST} to {LARGEST}, such as "3840x2160"'
