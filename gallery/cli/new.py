"""The start of a gallery: its settings, an example, and the workflow of a host.

What is written lies in the folder `start` beside this module, but for the settings and the head of
the sidecar, which follow the settings' fields.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gallery.discovery.slugs import SUFFIX
from gallery.discovery.words import words_path
from gallery.errors import SettingsError, system_error
from gallery.rendering.provenance import PROGRAM, software
from gallery.settings.fields import table
from gallery.settings.gallery_toml import FILE_NAME, example
from gallery.settings.values import FrontMatter

MODELS = "models"
"""The folder of the models in what is written, as in the program's defaults."""

_PARTS = Path(__file__).parent / "start"
_COLUMN = 24
_LENET = {
    "title": "LeNet-5",
    "year": "1998",
    "paper": "Gradient-Based Learning Applied to Document Recognition",
    "authors": "Yann LeCun, Léon Bottou, Yoshua Bengio, Patrick Haffner",
    "tags": "[vision, classification]",
}
_PROSE = (
    "An example, without weights: the network that read the digits on cheques. Delete "
    "`example.onnx` and this file when your own models are here; each may have such a file."
)
_IGNORED = "/site/\n/public/\n/.cache/\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Where a site is published.

    Attributes:
        files: What is written for it, by path: the name of the file in `start`.
        next: What its user has to do, in sentences.
    """

    files: Mapping[str, str]
    next: tuple[str, ...]


HOSTS: Mapping[str, Host] = {
    "github": Host(
        files={".github/workflows/pages.yml": "pages.yml"},
        next=(
            'on GitHub, under Settings, Pages, choose "GitHub Actions" as the source; then push',
        ),
    ),
    "gitlab": Host(
        files={".gitlab-ci.yml": "gitlab-ci.yml"},
        next=("push to GitLab; the site's address is under Deploy, Pages",),
    ),
    "space": Host(
        files={
            ".github/workflows/space.yml": "space.yml",
            f"{MODELS}/static/README.md": "space.md",
        },
        next=(
            'on the Hugging Face Hub, make a Space with the SDK "static", and a token that may '
            "write to it",
            "on GitHub, under Settings, Secrets and variables, Actions, set the variable SPACE to "
            "OWNER/NAME and the secret HF_TOKEN to the token; then push",
        ),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What was done with a directory.

    Attributes:
        written: Files that are new, as paths relative to it.
        kept: Files that had been there and are as they were.
        next: What to do next, in sentences.
    """

    written: tuple[str, ...]
    kept: tuple[str, ...]
    next: tuple[str, ...]


def make_start(directory: Path, host: str = "") -> Start:
    """Write the start of a gallery; no file that is there is changed.

    Where there are models already, the sidecar is one for the first that has no words yet, and no
    example is written.

    Args:
        directory: The directory, such as a repository's; made if it is missing.
        host: A key of `HOSTS` for its workflow, or "" for none.

    Raises:
        SettingsError: The directory cannot be made or written.
    """
    if directory.exists() and not directory.is_dir():
        raise SettingsError(f"{directory} is not a directory", hint="give another one")
    wanted = _files(directory, host)
    try:
        written = [name for name, content in wanted.items() if _write(directory / name, content)]
    except OSError as error:
        found, hint = system_error(error)
        raise SettingsError(f"{directory} cannot be written: {found}", hint=hint) from error
    return Start(
        written=tuple(written),
        kept=tuple(name for name in wanted if name not in written),
        next=(*_first_steps(directory), *(HOSTS[host].next if host else ())),
    )


def told(start: Start, directory: Path) -> str:
    """What `gallery new` prints."""
    lines = [f"wrote {directory / name}" for name in start.written]
    lines += [f"kept  {directory / name}, which was there already" for name in start.kept]
    steps = [f"  {number}. {step}" for number, step in enumerate(start.next, 1)]
    return "\n".join([*lines, "next:", *steps])


def settings_text() -> str:
    """A gallery.toml in which every setting is a comment with its default and its meaning."""
    head = "# Settings of the gallery. To change one, remove the # before it.\n\n"
    return head + re.sub(r"^(?=\w)", "# ", example(), flags=re.M)


def sidecar_text(values: Mapping[str, str], prose: str) -> str:
    """A sidecar with all keys of the front matter, those without a value as comments.

    Args:
        values: Values by key, as YAML.
        prose: Markdown.
    """
    lines = [
        f"{key}: {values[key]}" if key in values else f"{f'# {key}:':<{_COLUMN}}# {one.help}"
        for key, one in table(FrontMatter).items()
    ]
    return "\n".join(["---", *lines, "---", "", prose, ""])


def _files(directory: Path, host: str) -> dict[str, bytes]:
    """Everything that belongs to the start, by path."""
    texts = {f"{MODELS}/{FILE_NAME}": settings_text(), ".gitignore": _IGNORED}
    models = _models(directory / MODELS)
    lone = [path for path in models if words_path(path, directory / MODELS, _never) is None]
    if lone:
        name = lone[0].with_suffix(".md").relative_to(directory).as_posix()
        texts[name] = sidecar_text({}, "")
    if not models:
        texts[f"{MODELS}/example.md"] = sidecar_text(_LENET, _PROSE)
    for name, part in HOSTS[host].files.items() if host else ():
        texts[name] = _pinned((_PARTS / part).read_text("utf-8"))
    files = {name: text.encode() for name, text in texts.items()}
    if not models:
        files[f"{MODELS}/example.onnx"] = (_PARTS / "example.onnx").read_bytes()
    return dict(sorted(files.items()))


def _models(folder: Path) -> Sequence[Path]:
    """Everything below a folder that is named like a model."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in names if name.lower().endswith(SUFFIX)]
    return sorted(found)


def _never(_path: Path) -> bool:
    return False


def _pinned(text: str) -> str:
    """A workflow that installs this version, so that every run makes the same site."""
    number = software().removeprefix(PROGRAM).strip()
    return text.replace("==VERSION", f"=={number}" if number else "")


def _write(path: Path, content: bytes) -> bool:
    """Write a file unless there is anything at its path; whether it was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    return True


def _first_steps(directory: Path) -> tuple[str, ...]:
    models, site = directory / MODELS, directory / "site"
    command = shlex.join(["gallery", "build", str(models), "-o", str(site)])
    return (
        f"{command}, and open {site / 'index.html'}",
        f"put your own models into {models}, and change {models / FILE_NAME} as you like",
    )
