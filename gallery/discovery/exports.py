"""Which files are exports of one model, in several precisions or for several operator sets.

The name of a file or of its folder says so (`gallery.discovery.precisions`). A bare number at the
end of a name ("resnet50-v1-12") is believed if it is the version of the file's operator set and if
the structures agree; and below one model card, files of one structure that differ in precision or
operator set are exports of one model under any name.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gallery.discovery.components import role_of
from gallery.discovery.discover import ModelFile
from gallery.discovery.precisions import ExportName, export_name
from gallery.errors import DiscoverError
from gallery.files import read_regular

if TYPE_CHECKING:
    from gallery.loading.topology import Topology

MOST_COMPARED = 40
"""Most files below one card whose structures are compared; names alone count among more."""

_NUMBERED = re.compile(r"(.*?)[-_]([1-9]|[1-3]\d)", re.DOTALL)
"""A name with a number that may be the version of an operator set, of which there are some 30."""
_POINTERS = (b"version https://git-lfs.github", b"# xet version ")
_LARGEST_POINTER = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    """The exports of one model.

    Attributes:
        base: Path of the model without what names the export.
        lead: The file whose scan is made.
        words: The file whose words are the model's.
        labels: What tells each file from the others, by its path; the lead's comes first.
    """

    base: str
    lead: str
    words: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A file with its name, divided."""

    file: ModelFile
    name: ExportName


_Read = Callable[[ModelFile], "Topology | None"]


def exports(
    files: Sequence[ModelFile],
    wanted: Callable[[ModelFile], str],
    seconds: float = math.inf,
) -> list[Exports]:
    """The models of which there are several exports.

    Args:
        files: From `discover`.
        wanted: The label of the export whose scan a file's words or the settings ask for, or "".
        seconds: How long reading a file's structure may take.
    """

    @cache
    def read(path: Path) -> Topology | None:
        # Most builds compare no files, and must not wait for ONNX.
        from gallery.loading.topology import topology  # noqa: PLC0415

        return topology(path, seconds)

    def topology_of(file: ModelFile) -> Topology | None:
        return read(file.path)

    found: dict[str, list[_Named]] = defaultdict(list)
    for file in files:
        if file.problem is None:
            name = export_name(file.address or file.relative)
            found[name.base].append(_Named(file=file, name=name))
    groups = [part for members in found.values() for part in _by_card(members)]
    groups = _with_numbered(groups, topology_of)
    groups = _with_alike(groups, topology_of)
    parts = [_with_shared_words(members) for members in groups]
    return [_chosen(members, wanted, topology_of) for members in parts if len(members) > 1]


def has_own_words(file: ModelFile) -> bool:
    """Whether the file's words are its sidecar's, not those of a card that others share."""
    return bool(file.sidecar) and PurePosixPath(file.sidecar).name == file.path.stem + ".md"


def is_pointer(file: ModelFile) -> bool:
    """Whether a pointer of Git LFS or Xet stands for the file."""
    if not 0 < file.bytes <= _LARGEST_POINTER:
        return False
    try:
        return read_regular(file.path, _LARGEST_POINTER).startswith(_POINTERS)
    except DiscoverError:
        return False


def _by_card(members: Sequence[_Named]) -> list[list[_Named]]:
    """The members, apart where several cards describe them: a card is about one model."""
    cards = dict.fromkeys(one.file.sidecar for one in members if not has_own_words(one.file))
    if len(cards) < 2:
        return [list(members)]
    own = [[one] for one in members if has_own_words(one.file)]
    return [*own, *([one for one in members if one.file.sidecar == card] for card in cards)]


def _with_numbered(groups: Sequence[list[_Named]], read: _Read) -> list[list[_Named]]:
    """The groups, those joined whose names differ by the version of the operator set."""
    numbered: dict[tuple[str, str], list[list[_Named]]] = defaultdict(list)
    others = []
    for members in groups:
        match = _NUMBERED.fullmatch(members[0].name.base)
        if match:
            numbered[match[1], _card(members)].append(members)
        else:
            others.append(members)
    for (base, _), several in numbered.items():
        told = [members for members in several if len(several) > 1 and _tells_opset(members, read)]
        first = read(told[0][0].file) if told else None
        same = [members for members in told if _same(first, read(members[0].file))]
        others += [members for members in several if members not in same]
        if same:
            others.append([_with_opset(base, one) for members in same for one in members])
    return others


def _card(members: Sequence[_Named]) -> str:
    return next((one.file.sidecar for one in members if not has_own_words(one.file)), "")


def _tells_opset(members: Sequence[_Named], read: _Read) -> bool:
    """Whether the number at the end of a name is the version of the operator set."""
    match, known = _NUMBERED.fullmatch(members[0].name.base), read(members[0].file)
    return match is not None and known is not None and known.opset == int(match[2])


def _with_opset(base: str, one: _Named) -> _Named:
    number = one.name.base[len(base) + 1 :]
    label = f"{one.name.label} opset {number}".strip()
    return replace(one, name=ExportName(base=base, label=label))


def _with_alike(groups: Sequence[list[_Named]], read: _Read) -> list[list[_Named]]:
    """The groups, those joined that are of one structure below one card, but differ otherwise."""
    below: dict[str, list[list[_Named]]] = defaultdict(list)
    for members in groups:
        below[_card(members)].append(members)
    joined: list[list[_Named]] = []
    for card, several in below.items():
        if not card or not 1 < len(several) <= MOST_COMPARED:
            joined += several
            continue
        kept: list[list[_Named]] = []
        for members in sorted(several, key=lambda one: (one[0].name.rank, one[0].file.relative)):
            mine = read(members[0].file)
            role = role_of(members[0].name.base)
            others = (one for one in kept if role_of(one[0].name.base) == role)
            home = next((one for one in others if _alike(read(one[0].file), mine)), None)
            if home is None:
                kept.append(list(members))
            else:
                home += [_under(home[0], one) for one in members]
        joined += kept
    return joined


def _alike(one: Topology | None, other: Topology | None) -> bool:
    """Whether two files are exports of one network that differ in precision or operator set."""
    if one is None or other is None or not one.same_network(other):
        return False
    return (one.precision, one.opset) != (other.precision, other.opset)


def _under(head: _Named, one: _Named) -> _Named:
    """The file as an export of the model of another; its own name is its label."""
    label = PurePosixPath(one.file.relative).stem
    return replace(one, name=ExportName(base=head.name.base, label=label))


def _same(one: Topology | None, other: Topology | None) -> bool:
    return one is not None and other is not None and one.same_network(other)


def _with_shared_words(members: Sequence[_Named]) -> list[_Named]:
    """The members but those whose author describes each apart from the others."""
    own = [one for one in members if has_own_words(one.file)]
    if len(own) < 2:
        return list(members)
    first = min(own, key=_order)
    return [one for one in members if one is first or not has_own_words(one.file)]


def _order(one: _Named) -> tuple[bool, bool, int, int, str]:
    """Files that are there, then those with words of their own, then by precision and opset."""
    numbers = re.findall(r"opset ?(\d+)", one.name.label)
    newest = -int(numbers[-1]) if numbers else 0
    own = not has_own_words(one.file)
    return is_pointer(one.file), own, one.name.rank, newest, one.file.relative


def _chosen(members: Sequence[_Named], wanted: Callable[[ModelFile], str], read: _Read) -> Exports:
    """The exports in their order: a damaged file, of which no scan can be made, does not lead."""
    ordered = sorted(members, key=_order)
    asked = [one for one in ordered if _plain(wanted(one.file)) == _plain(one.name.label) != ""]
    ordered.sort(key=lambda one: one not in asked[:1])
    words = next((one for one in ordered if has_own_words(one.file)), ordered[0])
    sound = next((one for one in ordered if read(one.file) is not None), ordered[0])
    ordered.sort(key=lambda one: one is not sound)
    labels = [one.name.label for one in ordered]
    return Exports(
        base=ordered[0].name.base,
        lead=ordered[0].file.relative,
        words=words.file.relative,
        labels={
            one.file.relative: label if labels.count(label) == 1 else one.file.path.stem
            for one, label in zip(ordered, labels, strict=True)
        },
    )


def _plain(label: str) -> str:
    return " ".join(re.split(r"[\s_.-]+", label.strip().lower()))
