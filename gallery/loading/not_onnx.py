"""Works out what a file named .onnx is if it is not an ONNX model."""

from __future__ import annotations

from gallery.errors import LoadError
from gallery.loading.fields import BrokenError
from gallery.loading.other_formats import other_format

_STARTS = (b"\x08", b"\x12", b"\x3a")  # ir_version, producer_name, graph


def refuse_other_formats(descriptor: int, head: bytes, size: int) -> None:
    """Refuse a file of another format than ONNX.

    Args:
        descriptor: Of the open file.
        head: Its first bytes.
        size: Of the file in bytes.

    Raises:
        LoadError: The file is empty, or of another known format.
    """
    if size == 0:
        raise LoadError("the file is empty", hint="export or download the model again")
    other = other_format(descriptor, head, size)
    if other is not None:
        plain = other.what.endswith("pointer") or "ONNX model" in other.what
        instead = "" if plain else ", not an ONNX model"
        raise LoadError(f"this is {other.what}{instead}", hint=other.hint)


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
