"""Works out what a file named .onnx is if it is not an ONNX model."""

from __future__ import annotations

import re

from gallery.errors import LoadError
from gallery.loading.fields import BrokenError

_POINTER = b"version https://git-lfs.github.com/spec/"
_STARTS = (b"\x08", b"\x12", b"\x3a")  # ir_version, producer_name, graph
_PAGE = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.I | re.S)
_MAGIC = (
    (b"PK\x03\x04", "a ZIP archive", "unpack it; a PyTorch checkpoint must be exported to ONNX"),
    (b"\x1f\x8b", "a gzip archive", "unpack it"),
    (b"BZh", "a bzip2 archive", "unpack it"),
    (b"\xfd7zXZ", "an xz archive", "unpack it"),
    (b"(\xb5/\xfd", "a Zstandard archive", "unpack it"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it"),
    (b"\x89HDF", "an HDF5 file", "export the Keras model to ONNX"),
    (b"GGUF", "a GGUF file", "export the model to ONNX"),
    (b"\x80\x02", "a Python pickle", "export the checkpoint to ONNX"),
    (b"\x89PNG", "a PNG picture", "put the model in its place"),
    (b"%PDF", "a PDF document", "put the model in its place"),
)


def refuse_other_formats(head: bytes, size: int) -> None:
    """Refuse a file whose first bytes are not those of a model.

    Args:
        head: The first bytes of the file.
        size: Of the file in bytes.

    Raises:
        LoadError: The file is empty, a Git LFS pointer, a web page or of another known format.
    """
    if size == 0:
        raise LoadError("the file is empty", hint="export or download the model again")
    if head.startswith(_POINTER):
        raise LoadError("this is a Git LFS pointer", hint="run git lfs pull")
    if _PAGE.match(head):
        found = "this is a web page, not an ONNX model"
        raise LoadError(found, hint="download the file itself, not the page that shows it")
    for magic, what, hint in _MAGIC:
        if head.startswith(magic):
            raise LoadError(f"this is {what}, not an ONNX model", hint=hint)


def not_onnx(head: bytes, size: int, error: BrokenError) -> LoadError:
    """The error for a file that does not follow protobuf's wire format.

    Args:
        head: The first bytes of the file.
        size: Of the file in bytes.
        error: Where the reader failed, and why.
    """
    if _is_text(head):
        return LoadError("this is text, not an ONNX model", hint="export the model to ONNX")
    starts_well = head[:1] in _STARTS and error.at > 0
    if error.truncated and starts_well:
        found = f"the file is cut short: the field at byte {error.at:,} ends beyond its {size:,}"
        return LoadError(f"{found} bytes", hint="export or download the model again")
    if starts_well:
        found = f"the file is damaged: byte {error.at:,} of {size:,} is not a protobuf field"
        return LoadError(found, hint="export or download the model again")
    found = f"this is not an ONNX model: byte {error.at:,} of {size:,} is not a protobuf field"
    return LoadError(found, hint="export the model to ONNX")


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
        text = head[: error.start].decode("utf-8-sig")
    return all(character.isprintable() or character in "\t\r\n\f" for character in text)
