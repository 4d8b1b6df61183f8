"""The errors that a user can act on; everything else is a bug and keeps its traceback.

GalleryError
├── SettingsError   gallery.toml, front matter or the command line is wrong
├── DiscoverError   a path is not a regular, readable model file
├── LoadError       the file cannot be read as an ONNX model
├── LowerError      the model cannot be split into vertices
├── LayoutError     the vertices cannot be placed
├── ProfileError    the model cannot be run here, or its operators cannot be measured
├── RenderError     the picture cannot be drawn or written
├── ClusterError    the machines that build have gone
└── PublishError    the site cannot be written
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import ClassVar


class GalleryError(Exception):
    """Something that the user can fix.

    Attributes:
        found: What was found and where, without a full stop.
        model: Name of the model in question, or "".
        hint: What to do, as an imperative without a full stop, or "".
    """

    stage: ClassVar[str] = "gallery"

    def __init__(self, found: str, model: str = "", hint: str = "") -> None:
        super().__init__(found, model, hint)
        self.found = found
        self.model = model
        self.hint = hint

    def __str__(self) -> str:
        where = f"{self.model}: " if self.model else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{where}{self.stage}: {self.found}{hint}"

    def of(self, model: str) -> GalleryError:
        """The same error, naming this model."""
        return type(self)(self.found, model, self.hint)


class SettingsError(GalleryError):
    """A setting, a front matter key or an argument is wrong."""

    stage = "settings"


class DiscoverError(GalleryError):
    """A path is not a regular, readable model file."""

    stage = "discover"


class LoadError(GalleryError):
    """A file cannot be read as an ONNX model."""

    stage = "load"


class ChangedFileError(LoadError):
    """A file was changed while a build was using it."""


class LowerError(GalleryError):
    """A model cannot be lowered to vertices and edges."""

    stage = "lower"


class LayoutError(GalleryError):
    """A compute graph cannot be laid out."""

    stage = "layout"


class ProfileError(GalleryError):
    """A model cannot be run here, or what its operators take cannot be measured."""

    stage = "profile"


class RenderError(GalleryError):
    """A picture cannot be drawn or written."""

    stage = "render"


class ClusterError(GalleryError):
    """The machines that a build was given to have gone."""

    stage = "cluster"


class PublishError(GalleryError):
    """The site cannot be written."""

    stage = "publish"


class DamagedFileError(PublishError):
    """A file in the cache does not have the content that was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a model has a card but no scan.

    Attributes:
        stage: The stage that failed.
        found: What was found.
        hint: What to do, or "".
    """

    stage: str
    found: str
    hint: str


_REMEDIES = (
    (("ENOSPC", "EDQUOT"), "free some space, or choose another directory"),
    (("EACCES", "EPERM", "EROFS"), "check the permissions, or choose another directory"),
    (
        ("ENOENT", "EEXIST", "ENOTDIR", "EISDIR", "ENAMETOOLONG", "ELOOP", "EINVAL"),
        "check the path",
    ),
    (("EMFILE", "ENFILE"), "raise the limit on open files (ulimit -n)"),
    (("EFBIG",), "raise the limit on file sizes (ulimit -f)"),
    (("ENOMEM", "EAGAIN"), "let fewer programs run at once"),
    (("EIO", "ENXIO", "ENODEV"), "check the disk"),
)


def system_error(error: OSError) -> tuple[str, str]:
    """What the system refused, and what to do; for `GalleryError` and `Failure`."""
    reason = error.strerror or str(error) or type(error).__name__
    found = f"{reason}: {error.filename}" if error.filename is not None else reason
    name = errno.errorcode.get(error.errno or 0, "")
    return found, next((what for names, what in _REMEDIES if name in names), "try again")
