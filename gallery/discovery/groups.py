"""Finds what belongs together: exports of one model, and components of a larger one."""

from __future__ import annotations

import math
import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gallery.discovery.components import components, config_roles
from gallery.discovery.context import Group
from gallery.discovery.discover import ModelFile
from gallery.discovery.exports import exports, has_own_words, is_pointer
from gallery.discovery.precisions import export_name
from gallery.discovery.slugs import SUFFIX
from gallery.discovery.titles import title_from, title_of_whole, told_apart

EACH, APART = "each", "apart"
"""Whether the exports of one model share a page and a scan, share a page, or have their own."""


def with_groups(
    files: Sequence[ModelFile],
    directory: Path,
    *,
    together: bool = True,
    wanted: Callable[[ModelFile], str] = lambda _: "",
    seconds: float = math.inf,
) -> tuple[ModelFile, ...]:
    """The files with their places among the exports and the components of one model.

    Args:
        files: From `discover`.
        directory: The models directory.
        together: Whether exports of one model share a page.
        wanted: The label of the export whose scan a file's words or the settings ask for, or "".
        seconds: How long reading the structure of a file may take.
    """
    groups: dict[str, Group] = {}
    by_path = {file.relative: file for file in files}
    for one in exports(files, wanted, seconds) if together else ():
        by_path[one.lead] = _with_words(by_path[one.lead], by_path[one.words])
        for path, label in one.labels.items():
            lead = "" if path == one.lead else one.lead
            absent = bool(lead) and is_pointer(by_path[path])
            groups[path] = Group(lead=lead, base=one.base, label=label, absent=absent)
    files = [by_path[file.relative] for file in files]
    heads = [file for file in files if not groups.get(file.relative, Group()).lead]
    configs, notes = _configurations(files, directory)
    bases = {file.relative: _base(file, groups) for file in heads}
    cards = {file.relative: "" if has_own_words(file) else file.sidecar for file in heads}
    parts = components(bases, configs, cards)
    for path, part in parts.items():
        groups[path] = replace(
            groups.get(path, Group()), whole=part.whole, role=part.role, rank=part.rank
        )
    for path, slug in _twins(files).items():
        groups[path] = replace(groups.get(path, Group()), twin=slug)
    for path, title in _titles(files, groups).items():
        groups[path] = replace(groups.get(path, Group()), title=title)
    told = {file.relative: notes.get(posixpath.dirname(file.relative), []) for file in heads}
    return tuple(
        replace(
            file,
            group=groups[file.relative],
            notes=(*file.notes, *told.get(file.relative, ())),
        )
        for file in files
    )


def _with_words(file: ModelFile, other: ModelFile) -> ModelFile:
    """A model with the words about another one."""
    return replace(
        file,
        sidecar=other.sidecar,
        sidecar_text=other.sidecar_text,
        sidecar_problem=other.sidecar_problem,
    )


def _twins(files: Sequence[ModelFile]) -> dict[str, str]:
    """Slug of the first file of the same content, by the path of each other one."""
    first: dict[tuple[str, int], str] = {}
    slugs = {
        file.relative: first.setdefault((file.digest, file.bytes), file.slug)
        for file in files
        if file.digest
    }
    return {
        file.relative: slugs[file.relative]
        for file in files
        if file.digest and slugs[file.relative] != file.slug
    }


def _titles(files: Sequence[ModelFile], groups: Mapping[str, Group]) -> dict[str, str]:
    """A title of each file, or of what it is a component of, by the file's path."""
    wholes = {path: group.whole for path, group in groups.items() if group.whole}
    paths = {
        file.relative: f"{group.base}{SUFFIX}" if group.base else file.address or file.relative
        for file in files
        if not (group := groups.get(file.relative, Group())).whole
    }
    of_wholes = told_apart(wholes.values(), title_of_whole)
    of_models = told_apart(paths.values(), title_from)
    return {
        **{path: of_wholes[whole] for path, whole in wholes.items()},
        **{path: of_models[address] for path, address in paths.items()},
    }


def _base(file: ModelFile, groups: Mapping[str, Group]) -> str:
    group = groups.get(file.relative)
    return group.base if group else export_name(file.address or file.relative).base


def _configurations(
    files: Sequence[ModelFile], directory: Path
) -> tuple[dict[str, dict[str, str]], dict[str, list[str]]]:
    """Roles and notes of the configurations of all folders with models, by the folder's path."""
    folders = dict.fromkeys(posixpath.dirname(file.relative) for file in files)
    read = {folder: config_roles(directory / folder) for folder in folders}
    roles = {folder: one for folder, (one, _) in read.items() if one}
    return roles, {folder: notes for folder, (_, notes) in read.items() if notes}
