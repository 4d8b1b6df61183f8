"""Says which sizes were assumed for open dimensions, and which contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from gallery.loading.sizes.misfits import Misfit
from gallery.loading.sizes.search import Choice
from gallery.loading.sizes.symbols import Symbol, unused
from gallery.text import counted

_SHOWN = 8


def size_notes(found: Sequence[Symbol], dims: Iterable[str], choice: Choice) -> list[str]:
    """Notes for `Model.warnings`.

    Args:
        found: The open dimensions of the inputs.
        dims: Names of sizes that the user chose for this model.
        choice: All sizes.
    """
    notes = []
    unknown = unused(found, dims)
    if unknown:
        names = list(dict.fromkeys(name for one in found for name in one.names))
        there = f"the dimensions that can be set are {_some(names)}" if names else "none can be set"
        notes.append(f"no input has the dimension {_some(unknown)}; {there}")
    assumed = choice.assumed
    if any(size != 1 for size in assumed.values()):
        name = max(assumed, key=lambda name: assumed[name])
        quote = "" if re.fullmatch(r"[\w.-]+", name) else "'"
        hint = f"--dim {quote}{name[:60]}=SIZE{quote} or dims in the front matter set others"
        notes.append(f"assumed sizes: {_listed(assumed)}; {hint}")
    shapes = choice.binding.shapes
    empty = [one.where for one in found if one.size == 0 and shapes[one.input, one.axis]]
    if empty:
        said = f"{_some(empty)} {'has' if len(empty) == 1 else 'have'} the size 0"
        notes.append(
            f"the file says that {said}, as some exporters write for a size that is open; "
            "nothing would be computed with it"
        )
    negative = {one.where: one.size for one in found if one.size is not None and one.size < 0}
    if negative:
        notes.append(
            "the file gives dimensions of inputs negative sizes, as some exporters do where a "
            f"size is open; they are taken so: {_listed(negative)}"
        )
    if choice.contradictions:
        notes.append(_misfit_note(found, choice))
    return notes


def inference_notes(misfits: Iterable[Misfit]) -> list[str]:
    """A note for each type whose inference failed for another reason than sizes."""
    failed: dict[str, str] = {}
    for wrong in misfits:
        if not wrong.of_sizes and not wrong.avoidable:
            failed.setdefault(wrong.type, " ".join(wrong.found.split())[:200])
    return [f"shape inference failed for {kind}: {why}" for kind, why in sorted(failed.items())]


def _misfit_note(found: Sequence[Symbol], choice: Choice) -> str:
    first = choice.contradictions[0]
    where = f"{first.type} {first.name[:60]!r}: {' '.join(first.found.split())[:200]}"
    count = len(choice.contradictions)
    also = f" (and {counted(count - 1, 'more operator')})" if count > 1 else ""
    if not found:
        return f"the sizes in the file contradict each other at {where}{also}"
    sizes = _listed(choice.binding.sizes)
    if not choice.assumed:
        return f"the chosen sizes ({sizes}) do not fit together at {where}{also}; choose others"
    chosen = {n: size for n, size in choice.binding.sizes.items() if n not in choice.assumed}
    beside = f" beside the chosen {_listed(chosen)}" if chosen else ""
    tries = counted(choice.tries, "try", "tries")
    do = "does" if len(choice.binding.sizes) == 1 else "do"
    return (
        f"no sizes that fit{beside} were found in {tries}; {sizes} {do} not fit at "
        f"{where}{also}; set sizes with --dim or with dims in the front matter"
    )


def _listed(sizes: Mapping[str, int]) -> str:
    shown = [f"{name[:60]} {size:,}" for name, size in list(sizes.items())[:_SHOWN]]
    return ", ".join(shown) + (f" and {len(sizes) - _SHOWN} more" if len(sizes) > _SHOWN else "")


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:60]) for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
