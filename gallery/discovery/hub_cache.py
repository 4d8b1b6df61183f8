"""The download cache of the Hugging Face Hub, as it lies on a disk.

A repository is `models--ORG--NAME` with `snapshots/REVISION/...`, whose files are links into its
`blobs`, and with `refs/main`, the revision that programs take by default
(https://huggingface.co/docs/huggingface_hub/guides/manage-cache).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from gallery.errors import DiscoverError
from gallery.files import read_regular

_PREFIX = "models--"
_SNAPSHOTS = "snapshots"
_LONGEST_REFERENCE = 200


def address_of(directory: Path, relative: str) -> str:
    """Path of a file in its repository, after the repository's name.

    It outlives the revision. Files that are not in such a cache keep their path.

    Args:
        directory: The models directory, which may be the cache, a repository in it or a snapshot.
        relative: The file's path there.

    >>> address_of(Path("hub"), "models--acme--net/snapshots/0f3a/onnx/model.onnx")
    'acme/net/onnx/model.onnx'
    >>> address_of(Path("hub/models--gpt2/snapshots/0f3a"), "model.onnx")
    'gpt2/model.onnx'
    """
    above, inside = directory.absolute().parts, PurePosixPath(relative).parts
    parts = (*above, *inside)
    for at in range(len(parts) - 3, -1, -1):
        if parts[at].startswith(_PREFIX) and parts[at + 1] == _SNAPSHOTS:
            name = parts[at].removeprefix(_PREFIX).replace("--", "/")
            return "/".join([*parts[len(above) : at], name, *parts[at + 3 :]])
    return relative


def blobs_of(directory: Path) -> list[Path]:
    """Where the links of a snapshot lead, if the models directory is one or holds some of one."""
    parts = directory.absolute().parts
    return [
        Path(*parts[: at + 1], "blobs").resolve()
        for at in range(len(parts) - 1)
        if parts[at].startswith(_PREFIX) and parts[at + 1] == _SNAPSHOTS
    ]


def current_revision(folder: Path, revisions: Sequence[str]) -> list[str]:
    """Which of the folders in a folder are to be entered: all, or of snapshots the current one.

    Args:
        folder: Any folder.
        revisions: Names of the folders in it.

    Returns:
        The revision that `refs/main` names or else, for want of an order, the last by name.
    """
    repository = folder.parent
    if folder.name != _SNAPSHOTS or not repository.name.startswith(_PREFIX):
        return list(revisions)
    named = ""
    with suppress(DiscoverError, UnicodeDecodeError):
        named = read_regular(repository / "refs" / "main", _LONGEST_REFERENCE).decode().strip()
    return [named] if named in revisions else sorted(revisions)[-1:]
