"""Numbers formatted for people; unknown ones say so and are never 0."""

from __future__ import annotations

from gallery.publishing.parts.clean import shorten

NBSP = "\u00a0"
_COUNTS = ("", "k", "M", "B", "T", "Q")
_UNITS = ("", "k", "M", "G", "T", "P", "E")


def _scaled(value: float, prefixes: tuple[str, ...]) -> tuple[str, str]:
    """Three significant digits and their prefix."""
    step = 0
    scaled = float(value)
    while step + 1 < len(prefixes) and float(f"{scaled:.3g}") >= 1000:
        scaled /= 1000
        step += 1
    places = 2 if float(f"{scaled:.2f}") < 10 else 1 if float(f"{scaled:.1f}") < 100 else 0
    digits = f"{scaled:.{places}f}"
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return digits, prefixes[step]


def exact(value: int | None, unknown: str = "unknown") -> str:
    """Every digit, in groups of three.

    >>> exact(25557032)
    '25,557,032'
    """
    return unknown if value is None else f"{value:,}"


def count(value: int | None, unknown: str = "unknown") -> str:
    r"""Three significant digits from 10,000 up, every digit below.

    >>> count(25557032), count(911), count(None)
    ('25.6\xa0M', '911', 'unknown')
    """
    if value is None:
        return unknown
    if abs(value) < 10_000:
        return f"{value:,}"
    digits, prefix = _scaled(value, _COUNTS)
    return f"{digits}{NBSP}{prefix}" if prefix else digits


def quantity(value: float | None, unit: str, unknown: str = "unknown") -> str:
    r"""A quantity with an SI prefix before its unit.

    >>> quantity(4_089_184_256, "MACs")
    '4.09\xa0GMACs'
    """
    if value is None:
        return unknown
    digits, prefix = _scaled(value, _UNITS)
    return f"{digits}{NBSP}{prefix}{unit}"


def size(value: int | None, unknown: str = "unknown") -> str:
    r"""Bytes in decimal multiples, as disks and browsers count them.

    >>> size(102_228_128)
    '102\xa0MB'
    """
    return quantity(value, "B", unknown)


def shape(sizes: tuple[int | str | None, ...] | None, unknown: str = "unknown") -> str:
    """A tensor's shape; an unknown dimension is a question mark.

    >>> shape((1, 3, "height", None)), shape(())
    ('1 × 3 × height × ?', 'scalar')
    """
    if sizes is None:
        return unknown
    if not sizes:
        return "scalar"
    return " × ".join("?" if one is None else shorten(str(one), 40) for one in sizes)
