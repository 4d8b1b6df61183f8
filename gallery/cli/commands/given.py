"""What a command is given: settings, and how its build runs."""

# ruff: noqa: PLC0415 - `--help` must not wait for numba

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.cli.options import given
from gallery.errors import SettingsError
from gallery.settings.values import GallerySettings, Limits, ScanSettings

if TYPE_CHECKING:
    from gallery.pipeline.options import BuildOptions, Listener


def settings_of(options: argparse.Namespace) -> GallerySettings:
    """The settings file, overridden by the command line; rules and dimensions are added to it.

    Raises:
        SettingsError: The file is wrong.
    """
    from gallery.settings.gallery_toml import FILE_NAME, read_settings

    check_settings(options.settings)
    settings = read_settings(options.settings or options.models / FILE_NAME)
    scan = given(options, ScanSettings)
    rules = settings.scan.rules + scan.pop("rules", ())
    return replace(
        settings,
        scan=replace(settings.scan, rules=rules, **scan),
        limits=replace(settings.limits, **given(options, Limits)),
        dims={**settings.dims, **dict(options.dim)},
    )


def run_of(options: argparse.Namespace, listen: Listener) -> BuildOptions:
    """How a build runs, as far as all commands that build are told it."""
    from gallery.pipeline.options import BuildOptions

    return BuildOptions(
        cache=getattr(options, "cache", None),
        jobs=options.jobs,
        links=options.follow_links,
        listen=listen,
    )


def check_settings(path: Path | None) -> None:
    """Check that the settings file of an option is there: a wrong path is wrong usage."""
    if path and path.is_dir():
        raise SettingsError(f"{path} is a directory", hint="give a settings file in it")
    if path and not path.is_file():
        raise SettingsError(f"there is no settings file {path}", hint="check the path")
