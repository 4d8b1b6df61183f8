"""What the operators of onnxruntime-extensions make: text, tokens, images and sound.

Most of their sizes follow from data: how many tokens a text has, how large an encoded image is.
Definitions: https://github.com/microsoft/onnxruntime-extensions/blob/main/docs/custom_ops.md and
the declarations of its package.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DOMAINS = ("ai.onnx.contrib", "com.microsoft.extensions")
"""The domains that these operators may be in."""

LIKE = "like"
"""The shape of the first input."""

ROWS = "rows"
"""The first size of the first input."""

Shape = tuple[int | str | None, ...] | str | None
Made = tuple[tuple[str, Shape], ...]
"""Element type and shape of each output."""

_TEXT, _TEXTS = ("string", LIKE), ("string", (None,))
_INTS = ("int64", (None,))
_PADDED = ("int64", (ROWS, None))
_TOKENS: Made = (_PADDED, _PADDED, ("int64", (ROWS, None, 2)))
_FLAT: Made = (_INTS, _INTS, _INTS, ("int64", (None, 2)))
_PIECES: Made = (_TEXTS, _INTS, _INTS, _INTS)
_IMAGE: Made = (("uint8", (None, None, 3)),)

_OUTPUTS: dict[str, Made] = {
    "AudioDecoder": (("float", (1, None)),),
    "BasicTokenizer": (_TEXTS,),
    "BertTokenizer": _FLAT,
    "BertTokenizerDecoder": (_TEXTS,),
    "BlingFireSentenceBreaker": (_TEXTS,),
    "BpeDecoder": (("string", None),),
    "CLIPTokenizer": _TOKENS,
    "DecodeImage": _IMAGE,
    "DrawBoundingBoxes": (("uint8", LIKE),),
    "EncodeImage": (("uint8", (None,)),),
    "GPT2Tokenizer": _TOKENS[:2],
    "GaussianBlur": (("float", LIKE),),
    "HfBertTokenizer": _FLAT,
    "HfJsonTokenizer": (_PADDED,),
    "ImageDecoder": _IMAGE,
    "ImageReader": (("uint8", (None, None, None, None)),),
    "Inverse": (("float", LIKE),),
    "MaskedFill": (_TEXTS,),
    "MergeSignalSegments": (("int64", (None, 2)),),
    "NegPos": (("float", LIKE), ("float", LIKE)),
    "RaggedTensorToDense": (("int64", (None, None)),),
    "RaggedTensorToSparse": (("int64", (None, 2)), ("int64", (2,))),
    "RobertaTokenizer": _TOKENS,
    "SegmentExtraction": (("int64", (None, 2)), _INTS),
    "SegmentSum": (("float", None),),
    "SentencepieceDecoder": (_TEXTS,),
    "SentencepieceTokenizer": (("int32", (None,)), _INTS, ("int32", (None,))),
    "SplitSignalSegments": (("int64", (None, 2)),),
    "SpmTokenizer": _TOKENS,
    "StftNorm": (("float", (1, None, None)),),
    "StringConcat": (_TEXT,),
    "StringECMARegexReplace": (_TEXT,),
    "StringECMARegexSplitWithOffsets": _PIECES,
    "StringEqual": (("bool", LIKE),),
    "StringHash": (("int64", LIKE),),
    "StringHashFast": (("int64", LIKE),),
    "StringJoin": (_TEXTS,),
    "StringLength": (("int64", LIKE),),
    "StringLower": (_TEXT,),
    "StringMapping": (_TEXT,),
    "StringRaggedTensorToDense": (("string", (None, None)),),
    "StringRegexReplace": (_TEXT,),
    "StringRegexSplitWithOffsets": _PIECES,
    "StringSplit": (("int64", (None, 2)), _TEXTS, ("int64", (2,))),
    "StringStrip": (_TEXT,),
    "StringToHashBucket": (("int64", LIKE),),
    "StringToHashBucketFast": (("int64", LIKE),),
    "StringToVector": (("int64", None),),
    "StringUpper": (_TEXT,),
    "TrieDetokenizer": (("string", (ROWS,)),),
    "TrieTokenizer": (_PADDED,),
    "VectorToString": (("string", None),),
    "WordpieceTokenizer": _PIECES,
}

OUTPUTS: Mapping[str, Made] = MappingProxyType(_OUTPUTS)
"""The outputs by operator type, the same in both domains."""

COMPUTED = frozenset({"GaussianBlur", "Inverse", "NegPos", "SegmentSum", "StftNorm"})
"""Operators that compute; the others decode, encode, take apart or put together."""

BY_ROW = frozenset({
    "CLIPTokenizer", "GPT2Tokenizer", "HfJsonTokenizer", "RobertaTokenizer", "SpmTokenizer",
    "TrieDetokenizer", "TrieTokenizer",
})  # fmt: skip
"""Operators whose outputs have a row for each one of the first input."""

BY_ELEMENT = frozenset(
    name
    for name, made in _OUTPUTS.items()
    if made[0][1] == LIKE and name not in ("DrawBoundingBoxes", "GaussianBlur", "Inverse")
)
"""Operators whose outputs have an element for each one of the first input."""
