"""Names of the exports of one model, which differ in precision or operator set.

model.onnx  model_fp16.onnx  model_q4f16.onnx  fp16/model.onnx  model_qint8_avx512_vnni.onnx
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from gallery.discovery.slugs import SUFFIX

_PRECISION = re.compile(
    r"fp(?:4|8|16|32|64)|float(?:8|16|32|64)?|half|b(?:f|float)16"
    r"|(?:q?u?int(?:2|4|8|16)|q[2-8])(?:f(?:16|32))?|[2-8]bits?|w\d{1,2}a\d{1,2}"
    r"|quant(?:i[sz]ed)?|qdq|bnb4|nf4|awq|gptq|hqq|o[1-4]|optimi[sz]ed|simplified"
    r"|op(?:set)?\d{1,2}",
    re.IGNORECASE,
)
"""A part of a name that says in which precision a model is, how it was quantised, or for what."""

_QUALIFIER = re.compile(
    r"cpu|cuda|gpu|dml|directml|webgpu|mobile|npu|and|arm64|avx2|avx512|vnni|amx|ppc64le|tensorrt"
    r"|rtn|kquant|block|acc|level|group|dynamic|static|weights?|only|asym|sym|per|channel|tensor",
    re.IGNORECASE,
)
"""A part of a name that says more of a precision: how it was made, and for which machines."""

_MACHINE = re.compile(r"cpu|cuda|gpu|dml|directml|webgpu|npu|tensorrt", re.IGNORECASE)
"""A part of a name that says for which machines, even before the precision."""

_PLAIN = re.compile(r"model|network", re.IGNORECASE)
"""A name that says nothing: what comes before it can only be a precision."""

_COUNTED = re.compile(r"block|level|group|acc", re.IGNORECASE)
_RANKS = (
    (re.compile(r"fp(?:32|64)|float(?:32|64)?|op(?:set)?\d+", re.IGNORECASE), 0),
    (re.compile(r"fp16|float16|half|bf16|bfloat16", re.IGNORECASE), 1),
    (re.compile(r"o[1-4]|optimi[sz]ed|simplified", re.IGNORECASE), 2),
    (re.compile(r"fp8|float8|q?u?int(?:8|16)\w*|q8\w*|8bits?|quant(?:i[sz]ed)?|qdq|w8a8", re.I), 3),
)
_LOWEST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportName:
    """A path, divided.

    Attributes:
        base: The path without what names the precision, and without the suffix.
        label: What names the precision ("qint8 avx512 vnni"), or "".
    """

    base: str
    label: str

    @property
    def rank(self) -> int:
        """0 for full precision, as for a name that says nothing; larger for lower precisions."""
        words = [word for word in self.label.split() if _PRECISION.fullmatch(word)]
        ranks = [
            next((rank for form, rank in _RANKS if form.fullmatch(word)), _LOWEST) for word in words
        ]
        return max(ranks, default=0)


@lru_cache(maxsize=1 << 16)
def export_name(address: str) -> ExportName:
    """Divide the path of a model into the model's name and the export's.

    Args:
        address: The path, with "/" as the separator.

    >>> export_name("net/onnx/model_q4f16.onnx")
    ExportName(base='net/onnx/model', label='q4f16')
    >>> export_name("net/cpu-int4-rtn-block-32/model.onnx")
    ExportName(base='net/model', label='cpu int4 rtn block 32')
    >>> export_name("net-quantised/net.v2.onnx")
    ExportName(base='net/net.v2', label='quantised')
    >>> export_name("cuda-fp16/net-cuda-fp16.onnx"), export_name("net/optimized_model.onnx")
    (ExportName(base='net', label='cuda fp16'), ExportName(base='net/model', label='optimized'))
    """
    *above, name = address.split("/")
    name = name[: -len(SUFFIX)] if name.lower().endswith(SUFFIX) else name
    base, label = _divided(name)
    folders: list[str] = []
    words: list[str] = []
    for folder in above:
        kept, found = _divided(folder, whole=True)
        folders += [kept] if kept else []
        words = _with(words, found)
    words = _with(words, label)
    if any(map(_PRECISION.fullmatch, words)):
        folders = [one for one in folders if not _is_qualified(one)]
    return ExportName(base="/".join([*folders, base]), label=" ".join(words))


def _with(words: list[str], more: list[str]) -> list[str]:
    """The words and more of them, if these are not said already."""
    return words if words[-len(more) :] == more else [*words, *more]


def _divided(name: str, *, whole: bool = False) -> tuple[str, list[str]]:
    """A name without its precision, and the words of that.

    Args:
        name: Of a file, without its suffix, or of a folder.
        whole: Whether words that only qualify may come first, if nothing else is left then.
    """
    words = _words(name)
    at = len(words)
    while at and _counts(words, at - 1):
        at -= 1
    while at < len(words) and not (_PRECISION.fullmatch(words[at]) or (whole and at == 0)):
        at += 1
    if not any(map(_PRECISION.fullmatch, words[at:])):
        plain = len(words) == 2 and _PRECISION.fullmatch(words[0]) and _PLAIN.fullmatch(words[1])
        return (words[1], words[:1]) if plain else (name, [])
    while at > 1 and _MACHINE.fullmatch(words[at - 1]):
        at -= 1
    rest = "".join(_pieces(name)[: 2 * at])
    return rest.rstrip("_.-"), words[at:]


def _words(name: str) -> list[str]:
    return _pieces(name)[::2]


def _pieces(name: str) -> list[str]:
    """Words and separators of a name, in turn."""
    return re.split(r"([_.-]+)", name)


def _counts(words: list[str], at: int) -> bool:
    """Whether the word at a place can belong to the name of a precision."""
    if words[at].isdecimal():
        return at > 0 and bool(_COUNTED.fullmatch(words[at - 1]))
    return bool(_PRECISION.fullmatch(words[at]) or _QUALIFIER.fullmatch(words[at]))


def _is_qualified(folder: str) -> bool:
    return all(map(_QUALIFIER.fullmatch, _words(folder)))
