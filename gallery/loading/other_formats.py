"""Names what a file is, by its content, if it is of a format that models are often mistaken for.

A file is told by its first bytes; a ZIP archive also by the names in it; and protobuf messages of
other programs, which start as an ONNX model may, by the numbers of their fields. Each format comes
with the way to ONNX, if there is one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gallery.files import read_at
from gallery.loading.other_messages import program_of
from gallery.loading.wire import TAIL


class Other(NamedTuple):
    """A format that is not ONNX: what the file is, and the way to ONNX."""

    what: str
    hint: str


_PACKED = "unpack it"
_MISTAKEN = "put the model in its place"
_ORIGINAL = "export the model that it was made from to ONNX"
_CHECKPOINT = "load it into its model in PyTorch, and export that with torch.onnx.export"
_KERAS = 'load it with keras.saving.load_model, and save it with model.export(…, format="onnx")'
_TREES = "load it, and convert it with onnxmltools"
_TF2ONNX = "convert it with tf2onnx"
_WEIGHTS = (
    "it holds weights but no graph: export the model from PyTorch with torch.onnx.export, or from "
    "the Hugging Face Hub with optimum-cli export onnx"
)
_CORE_ML = Other("a Core ML model", _ORIGINAL)
_ENGINE = Other("a TensorRT engine", "take the .onnx that it was built from")

_STARTS: tuple[tuple[bytes, Other], ...] = tuple(
    (start, Other(what, hint))
    for start, what, hint in (
        (b"\x1f\x8b", "a gzip archive", _PACKED),
        (b"BZh", "a bzip2 archive", _PACKED),
        (b"\xfd7zXZ\0", "an xz archive", _PACKED),
        (b"\x28\xb5\x2f\xfd", "a Zstandard archive", _PACKED),
        (b"\x04\x22\x4d\x18", "an LZ4 archive", _PACKED),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _PACKED),
        (b"Rar!\x1a\x07", "a RAR archive", _PACKED),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras saved models before its version 3", _KERAS),
        (b"GGUF", "a GGUF file", _WEIGHTS),
        (b"lmgg", "a GGML file", _WEIGHTS),
        (b"tjgg", "a GGML file", _WEIGHTS),
        (b"RKNN", "an RKNN model", _ORIGINAL),
        (b"CBM1", "a CatBoost model", 'load it, and save it with save_model(…, format="onnx")'),
        (b"{L\0\0\0\0\0\0\0\7learner", "an XGBoost model", _TREES),
        (b"binf", "an XGBoost model", _TREES),
        (b"\xdd\x85\x76\0", "the graph of an ncnn model", _ORIGINAL),
        (b"\x93NUMPY", "a NumPy array", _MISTAKEN),
        (b"\x89PNG", "a PNG picture", _MISTAKEN),
        (b"\xff\xd8\xff", "a JPEG picture", _MISTAKEN),
        (b"%PDF", "a PDF document", _MISTAKEN),
        (b"\x7fELF", "a program or library for Linux", _MISTAKEN),
        (b"PAR1", "a Parquet table", _MISTAKEN),
        (b"SQLite format 3\0", "an SQLite database", _MISTAKEN),
    )
)

_IDENTIFIERS = {
    b"TFL3": Other(
        "a TensorFlow Lite model",
        "convert it with python -m tf2onnx.convert --tflite FILE --output model.onnx",
    ),
    b"ORTM": Other(
        "a model in ONNX Runtime's ORT format",
        "take the .onnx that it was converted from, or have ONNX Runtime save it as one "
        "(optimized_model_filepath, and ONNX as session.save_model_format)",
    ),
    b"MSL2": Other("a MindSpore Lite model", _ORIGINAL),
    **{f"ET{n}".encode(): Other("an ExecuTorch program", _ORIGINAL) for n in range(10, 20)},
}
"""By the file identifier of FlatBuffers, the bytes from 4 to 8."""

_MESSAGES = {
    "ONNX tensor": Other("a single ONNX tensor", "take the model that it is an input or output of"),
    "Core ML": _CORE_ML,
    "SavedModel": Other("a TensorFlow SavedModel", f"{_TF2ONNX} --saved-model"),
    "MindSpore": Other("a MindSpore model", "convert it with mindspore.convert_model"),
    "Paddle": Other("a Paddle model", "convert it with paddle2onnx"),
    "Caffe": Other("a Caffe model", _ORIGINAL),
    "GraphDef": Other("a frozen TensorFlow graph", f"{_TF2ONNX} --graphdef"),
}
"""By the program that writes such messages, see `program_of`."""

_LEGACY_TORCH = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The number 0x1950a86a20f9469cfc6c, with which torch.save began before PyTorch 1.6."""

# Atomic, so that a file of nothing but comments is not matched in all ways to divide it.
_COMMENTS = r"\s*(?><!--.*?-->\s*)*+"
_XML = r"\s*(?>(?:<\?xml[^>]*>|<!--.*?-->|<!doctype[^>]*>)\s*)*+"
_TEXTS: tuple[tuple[re.Pattern[str], Other], ...] = tuple(
    (re.compile(pattern, re.I | re.S), Other(what, hint))
    for pattern, what, hint in (
        (
            r"version https://(git-lfs\.github|hawser\.github|git-media\.io)",
            "a Git LFS pointer",
            "run git lfs pull",
        ),
        (
            r"# xet version ",
            "a Xet pointer",
            "run hf download OWNER/NAME --local-dir FOLDER with the repository's name",
        ),
        (r"(md5: \w+\n)?outs:\s*- (md5|hash|etag|size)", "a DVC pointer", "run dvc pull"),
        (r"/annex/objects/", "a git-annex pointer", "run git annex get"),
        (
            _COMMENTS + r"<!doctype html|" + _XML + r"<(html|head|body)\b",
            "a web page",
            "download the file itself, not the page that shows it",
        ),
        (_XML + r"<net\b[^>]*\bname=", "an OpenVINO model", _ORIGINAL),
        (_XML + r"<PMML\b", "a PMML document", _ORIGINAL),
        (
            _XML + r"<Error>|\{\s*\"(error|message|detail)\"",
            "an error message of the server that it came from",
            "download the file again; it may need an account",
        ),
        (r"tree\s+version=v\d", "a LightGBM model", _TREES),
        (r"\{\"name\":\s*\"tree\"|\{\s*\"tree_info\"", "a LightGBM model", _TREES),
        (
            r"\{\s*\"learner\":|\{\"version\":\s*\[[\d, ]+\],\s*\"learner\"",
            "an XGBoost model",
            _TREES,
        ),
        (r"svm_type ", "a LIBSVM model", _TREES),
        (r"7767517\s", "the graph of an ncnn model", _ORIGINAL),
        (r"\{\s*\"base_code\":\s*\{\"magic\":\s*\"pir\"", "a Paddle model", "run paddle2onnx"),
        (r"\{.{0,400}\"modelTopology\"", "a TensorFlow.js model", _ORIGINAL),
        (r"\{\s*\"nodes\":\s*\[.*\"op\": \"null\"", "an MXNet symbol", _ORIGINAL),
        (
            r"\{.{0,200}\"class_name\":\s*\"(Functional|Sequential|Model)\"",
            "a Keras model as JSON, without its weights",
            'make it with keras.models.model_from_json, and model.export(…, format="onnx")',
        ),
        (
            r"\{\s*\"ir_?version\":",
            "an ONNX model as JSON",
            'save it with onnx.save(onnx.load(FILE, format="json"), "model.onnx")',
        ),
        (
            r"ir_version:\s*\d",
            "an ONNX model as protobuf's text",
            'save it with onnx.save(onnx.load(FILE, format="textproto"), "model.onnx")',
        ),
        (
            r"\s*<\s*ir_version:",
            "an ONNX model as text",
            'save it with onnx.save(onnx.load(FILE, format="onnxtxt"), "model.onnx")',
        ),
        (r"\s*(name:.*?)?(layers?|input)\s*[:{]", "a Caffe network as text", _ORIGINAL),
        (r"\s*(#[^\n]*\n\s*)*\[net(work)?\]", "a Darknet network", _ORIGINAL),
    )
)


def other_format(descriptor: int, head: bytes, size: int) -> Other | None:
    """What a file is if it is of a known format that is not ONNX; else None.

    Args:
        descriptor: Of the open file.
        head: Its first bytes, a few thousand.
        size: Of the file in bytes.
    """
    if head.startswith(b"PK\x03\x04"):
        return _zip(_names(read_at(descriptor, min(size, TAIL), max(size - TAIL, 0))))
    found = _by_bytes(head, size) or _by_text(head)
    if found is None and head[:1] in (b"\x08", b"\n"):
        found = _MESSAGES.get(program_of(descriptor, head, size))
    return found


def _by_bytes(head: bytes, size: int) -> Other | None:
    for start, other in _STARTS:
        if head.startswith(start):
            return other
    if head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        return _pickle(head)
    if head[257:262] == b"ustar":
        return Other("a tar archive", _PACKED)
    if head[:1] == b"x" and head[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda"):
        return Other("compressed by zlib, as joblib does", "load it, and convert it with skl2onnx")
    if _is_engine(head):
        return _ENGINE
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8:
        return Other("a SafeTensors file", _WEIGHTS)
    # The offset before the identifier is small.
    return _IDENTIFIERS.get(head[4:8]) if head[2:4] == b"\0\0" else None


def _is_engine(head: bytes) -> bool:
    # Ultralytics puts its own JSON before the engine, after its length in four bytes.
    start = 4 + int.from_bytes(head[:4], "little") if head[3:5] == b"\0{" else 0
    return head[start : start + 4] in (b"ftrt", b"ptrt")


def _pickle(head: bytes) -> Other:
    if _LEGACY_TORCH in head[:16]:
        return Other("a PyTorch checkpoint", _CHECKPOINT)
    if b"sklearn" in head:
        return Other("a pickled scikit-learn model", "load it, and convert it with skl2onnx")
    if b"xgboost" in head or b"lightgbm" in head or b"catboost" in head:
        return Other("a pickled model", _TREES)
    return Other("a Python pickle", "load it in Python, and export the model to ONNX")


def _by_text(head: bytes) -> Other | None:
    text = head.decode("utf-8", "replace").removeprefix("\ufeff")
    return next((other for pattern, other in _TEXTS if pattern.match(text)), None)


def _names(tail: bytes) -> list[str]:
    """Names in the list of contents at the end of a ZIP archive, as far as it can be seen.

    Source: PKWARE, APPNOTE.TXT, section 4.3.12, central directory structure.
    """
    found = []
    at = tail.find(b"PK\x01\x02")
    while at >= 0:
        length = int.from_bytes(tail[at + 28 : at + 30], "little")
        found.append(tail[at + 46 : at + 46 + length].decode("utf-8", "replace"))
        at = tail.find(b"PK\x01\x02", at + 46 + length)
    return found


def _zip(names: list[str]) -> Other:
    ends = {name.rpartition("/")[2] for name in names}
    if any(name.endswith(".onnx") for name in names):
        return Other("a ZIP archive with an ONNX model in it", _PACKED)
    if "constants.pkl" in ends:
        hint = "load it with torch.jit.load, and export it with torch.onnx.export"
        return Other("a TorchScript program", hint)
    if "archive_format" in ends or "serialized_exported_program.json" in ends:
        hint = "load it with torch.export.load, and export it with torch.onnx.export"
        return Other("a program of torch.export", hint)
    if "data.pkl" in ends:
        return Other("a PyTorch checkpoint", _CHECKPOINT)
    if "model.weights.h5" in ends:
        return Other("a Keras model", _KERAS)
    if "saved_model.pb" in ends:
        return Other("a ZIP archive with a TensorFlow SavedModel in it", f"unpack it; {_TF2ONNX}")
    if any(".mlpackage/" in name or "com.apple.CoreML/" in name for name in names):
        return _CORE_ML
    if names and all(name.endswith(".npy") for name in names):
        return Other("a NumPy archive", _MISTAKEN)
    return Other("a ZIP archive", _PACKED)
