"""Finds the models in a directory and their sidecars, without trusting anything in it."""

from __future__ import annotations

import codecs
import logging
import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.discovery.contained import content, stay_inside
from gallery.discovery.context import CatalogueEntry, Group
from gallery.discovery.hub_cache import address_of, blobs_of, current_revision
from gallery.discovery.ignore import ignored, parse
from gallery.discovery.measurements import Found, MeasurementFile, by_model, measurements_of
from gallery.discovery.slugs import SUFFIX, slugs_of
from gallery.discovery.static import FOLDER
from gallery.discovery.words import words_path
from gallery.errors import ChangedFileError, DiscoverError
from gallery.files import open_regular
from gallery.loading.wire import SlowError, model_digest

if TYPE_CHECKING:
    from pathspec.pattern import RegexPattern

log = logging.getLogger(__name__)

IGNORE_FILE = ".galleryignore"
LARGEST_SIDECAR = 2 << 20
"""Bytes; cards of embedding models list the results of thousands of tests."""

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LONG = 2.0
"""Seconds from which the reading of a file is worth a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A file, or something else, that has the name of a model.

    Attributes:
        path: Where it is.
        relative: Its path relative to the models directory, with "/" as the separator.
        address: The path without what changes from one download to the next; else `relative`.
        slug: Short name for file names and URLs: [a-z0-9-], unique in the gallery.
        digest: As `gallery.model.Model.digest`, or "" if it cannot be read.
        bytes: Its size, 0 if it cannot be read.
        stamp: Size, modification time and inode when it was read, or None.
        sidecar: Path, as `relative`, of the Markdown file with the words about it, or "": the
            file beside it with the same stem, or else the nearest model card above it.
        sidecar_text: The text of that file, or None.
        sidecar_problem: Why that file is not read, or not entirely, or "".
        problem: Why the model cannot be read, or None.
        measurements: The files beside it with measurements of it.
        group: What else it belongs to, from `gallery.discovery.groups`.
        catalogue: What the catalogue of its directory says of it.
        notes: What is wrong with the files that describe it, in sentences.
    """

    path: Path
    relative: str
    slug: str
    address: str = ""
    digest: str = ""
    bytes: int = 0
    stamp: tuple[int, int, int] | None = None
    sidecar: str = ""
    sidecar_text: str | None = None
    sidecar_problem: str = ""
    problem: DiscoverError | None = None
    measurements: tuple[MeasurementFile, ...] = ()
    group: Group = field(default_factory=Group)
    catalogue: CatalogueEntry = field(default_factory=CatalogueEntry)
    notes: tuple[str, ...] = ()


def discover(
    directory: Path,
    ignore: Sequence[str] = (),
    *,
    links: Path | None = None,
    seconds: float = math.inf,
) -> tuple[ModelFile, ...]:
    """The models below a directory, sorted by path.

    Names that end in ".onnx" count, unless they begin with a dot or match a pattern of the
    directory's `.galleryignore` or of `ignore` (see `gallery.discovery.ignore`). Anything that is
    not a regular, readable file, or that is a link out of the directory, is not opened and has a
    `problem`. Linked directories are not entered: their models are found in their own place, or are
    not part of the gallery. Of a repository in a download cache, the current snapshot counts.

    Args:
        directory: The models directory.
        ignore: Patterns in the syntax of .gitignore.
        links: Another directory that links may lead into, or None.
        seconds: How long the reading of a file may take.

    Raises:
        DiscoverError: A path is not a directory, or it cannot be read.
        SettingsError: Lines of `.galleryignore` or `ignore` are not patterns.
    """
    directory = Path(directory)
    if not directory.is_dir():
        what = "is not a directory" if directory.exists() else "does not exist"
        hint = "give the directory that holds the models"
        raise DiscoverError(f"the models directory {str(directory)!r} {what}", hint=hint)
    if links is not None and not links.is_dir():
        where = f"links cannot be followed into {str(links)!r}, which is not a directory"
        raise DiscoverError(where, hint="name the directory that the links lead into")
    roots = _roots(directory, links)
    patterns = patterns_of(directory, ignore, links)
    seen: dict[Path, DiscoverError | None] = {}
    for path, problem in _walk(directory, patterns):
        seen.setdefault(path, problem)
    beside = _Beside(directory, roots, patterns)
    found = [
        ModelFile(path=path, relative=_relative(path, directory), slug="", problem=seen[path])
        if seen[path]
        else beside.complete(_model_file(path, directory, roots, seconds))
        for path in sorted(seen, key=os.fsencode)
    ]
    addresses = [address_of(directory, file.relative) for file in found]
    slugs = slugs_of(addresses)
    return tuple(
        replace(file, address=address, slug=slug)
        for file, address, slug in zip(found, addresses, slugs, strict=True)
    )


def named(path: Path) -> ModelFile:
    """A model that is named rather than found, with the words and measurements beside it.

    It may be a link to anywhere. If it cannot be read, it has a `problem`.
    """
    folder = path.parent
    roots = (*_roots(folder, None), path.resolve().parent)
    file = _Beside(folder, roots, ()).complete(_model_file(path, folder, roots, math.inf))
    return replace(file, address=file.relative, slug=slugs_of([file.relative])[0])


def patterns_of(
    directory: Path, ignore: Sequence[str] = (), links: Path | None = None
) -> tuple[RegexPattern, ...]:
    """What to ignore in a directory: the lines of its `.galleryignore`, then those given.

    Raises:
        SettingsError: Lines are not patterns.
    """
    roots = _roots(directory, links)
    own = enumerate(_ignore_lines(directory, roots), 1)
    return parse(
        [(f"{IGNORE_FILE}, line {number}", line) for number, line in own]
        + [("ignore", line) for line in ignore]
    )


def _roots(directory: Path, links: Path | None) -> tuple[Path, ...]:
    """The directories that links may lead into."""
    return (directory.resolve(), *blobs_of(directory), *([links.resolve()] if links else []))


def _walk(
    directory: Path, patterns: Sequence[RegexPattern]
) -> Iterator[tuple[Path, DiscoverError | None]]:
    """Everything named like a model, links too, and directories not readable.

    A directory named like a model counts unless there are models in it: servers keep a model with
    external data as `model.onnx/model.onnx`.
    """
    errors: list[OSError] = []
    files_found: list[Path] = []
    folders_found: list[Path] = []
    for folder, folders, files in os.walk(directory, onerror=errors.append):
        place = Path(folder)
        for name in (*folders, *files):
            path = place / name
            is_folder = name in folders and not path.is_symlink()
            named = name.lower().endswith(SUFFIX) and not name.startswith(".")
            if named and not ignored(_relative(path, directory), patterns, folder=is_folder):
                (folders_found if is_folder else files_found).append(path)
        folders[:] = [
            name
            for name in current_revision(place, folders)
            if not name.startswith(".")
            and (name != FOLDER or place != directory)
            and not (place / name).is_symlink()
            and not ignored(_relative(place / name, directory), patterns, folder=True)
        ]
    yield from ((path, None) for path in files_found)
    for path in folders_found:
        if not any(one.is_relative_to(path) for one in files_found):
            yield path, None
    for error in errors:
        path = Path(str(error.filename))
        if path == directory:
            found = f"the models directory {str(directory)!r} cannot be read"
            raise DiscoverError(found, hint="check its permissions") from error
        found = f"the directory {path.name!r} cannot be read"
        yield path, DiscoverError(found, hint="check its permissions, or ignore it")


def _model_file(path: Path, directory: Path, roots: Sequence[Path], seconds: float) -> ModelFile:
    file = ModelFile(path=path, relative=_relative(path, directory), slug="")
    try:
        stay_inside(path, roots)
        digest, stamp = _digest(path, seconds)
    except DiscoverError as problem:
        return replace(file, problem=problem)
    return replace(file, digest=digest, bytes=stamp[0], stamp=stamp)


class _Beside:
    """Completes models with what lies beside them; each directory is listed once."""

    def __init__(
        self, directory: Path, roots: Sequence[Path], patterns: Sequence[RegexPattern]
    ) -> None:
        self._where = directory, roots, patterns
        self._measured: dict[Path, dict[str, list[Found]]] = {}

    def complete(self, file: ModelFile) -> ModelFile:
        """The model with its words and measurements."""
        directory, roots, patterns = self._where
        found = measurements_of(
            file.path,
            self._measurements(file.path.parent),
            lambda path, most: content(path, roots, most),
        )
        return replace(_with_words(file, directory, roots, patterns), measurements=found)

    def _measurements(self, folder: Path) -> dict[str, list[Found]]:
        """The files with measurements in a directory that are not ignored, by model."""
        directory, _, patterns = self._where
        if folder not in self._measured:
            names: list[str] = []
            with suppress(OSError):
                names = os.listdir(folder)
            self._measured[folder] = by_model(
                [
                    name
                    for name in names
                    if not patterns
                    or not ignored(_relative(folder / name, directory), patterns, folder=False)
                ]
            )
        return self._measured[folder]


def _with_words(
    file: ModelFile, directory: Path, roots: Sequence[Path], patterns: Sequence[RegexPattern]
) -> ModelFile:
    def is_ignored(path: Path) -> bool:
        return ignored(_relative(path, directory), patterns, folder=False)

    path = words_path(file.path, directory, is_ignored)
    if path is None:
        return file
    file = replace(file, sidecar=_relative(path, directory))
    try:
        text, told = _text(path, roots)
        return replace(file, sidecar_text=text, sidecar_problem=told)
    except DiscoverError as problem:
        told = f"{problem.found}, so it is not read; {problem.hint}"
        return replace(file, sidecar_problem=told)


def _digest(path: Path, seconds: float) -> tuple[str, tuple[int, int, int]]:
    """Digest and stamp of a file; the stamp is taken first, so that a later change shows."""
    started = time.monotonic()
    with open_regular(path) as file:
        try:
            stamp = _stamp(os.fstat(file.fileno()))
            digest = model_digest(file.fileno(), stamp[0], seconds)
        except OSError as error:
            reason = error.strerror or "unknown reason"
            found = f"{path.name} cannot be read ({reason})"
            raise DiscoverError(found, hint="check the disk") from error
        except SlowError as error:
            found = f"reading the operators of {path.name} took more than {seconds:g} s"
            raise DiscoverError(found, hint="raise limits.seconds, or ignore the file") from error
    took = time.monotonic() - started
    if took > _LONG:
        log.warning("reading the operators of %s took %.0f s", path.name, took)
    return digest, stamp


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino


def check_unchanged(file: ModelFile, digest: str = "") -> None:
    """Refuse a model that has changed since it was found.

    Args:
        file: The model; without stamp and digest if it was not found but named.
        digest: Of what was read of it since, if something was.

    Raises:
        ChangedFileError: The file has been written since.
    """
    with suppress(OSError):
        same = file.stamp is None or _stamp(file.path.stat()) == file.stamp
        if same and (digest == file.digest or "" in (digest, file.digest)):
            return
    found = f"{file.path.name} was changed during the build"
    raise ChangedFileError(found, hint="build again")


def _text(path: Path, roots: Sequence[Path]) -> tuple[str, str]:
    """The text of a file, and what is lost of it, or "": UTF-8, or UTF-16 with a byte order mark.

    Raises:
        DiscoverError: See `content`.
    """
    raw = content(path, roots, LARGEST_SIDECAR)
    form = "utf-16" if raw.startswith(_UTF_16) else "utf-8-sig"
    try:
        return raw.decode(form), ""
    except UnicodeDecodeError:
        told = f"{path.name} is not {form.removesuffix('-sig').upper()}, so letters are lost"
        return raw.decode(form, errors="replace"), f"{told}; save it as UTF-8"


def _ignore_lines(directory: Path, roots: Sequence[Path]) -> list[str]:
    path = directory / IGNORE_FILE
    if not os.path.lexists(path):
        return []
    text, _ = _text(path, roots)
    # As in git, only a line feed ends a line, with or without a carriage return before it.
    return [line.removesuffix("\r") for line in text.split("\n")]


def _relative(path: Path, directory: Path) -> str:
    """The path of something in a directory, as `ModelFile.relative`."""
    # As `Path.relative_to`, which takes a while: a build asks five times a model.
    text = os.fspath(path).removeprefix(os.path.join(os.fspath(directory), ""))
    return text.replace(os.sep, "/").encode("utf-8", "replace").decode("utf-8")
