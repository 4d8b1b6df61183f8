"""The commands that draw or measure models without a site."""

# ruff: noqa: PLC0415 - `--help` must not wait for numba

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from gallery.cli.commands.given import run_of, settings_of
from gallery.cli.messages import say, tell, tell_json
from gallery.cli.options import given
from gallery.errors import SettingsError
from gallery.settings.values import ScanSettings
from gallery.text import counted


def scan(options: argparse.Namespace) -> int:
    """Draw one picture."""
    from gallery.cli.scan import ScanOptions, make_scan, one_line

    _check_model(options.model)
    made = make_scan(
        options.model,
        options.output,
        ScanSettings(**given(options, ScanSettings)),
        ScanOptions(
            dims=dict(options.dim),
            size=options.size,
            tilt=options.tilt,
            height=options.height,
            skeleton_seconds=options.seconds,
            quality=options.quality,
        ),
    )
    for warning in made.pop("notes"):
        say(f"note: {options.model}: {warning}")
    if options.json:
        tell_json(made)
    else:
        tell(one_line(made))
    return 0


def film(options: argparse.Namespace) -> int:
    """Film the run of a model."""
    from gallery.cli.film import make_film
    from gallery.cli.scan import ScanOptions
    from gallery.rendering.film.types import FilmSettings

    _check_model(options.model)
    made = make_film(
        options.model,
        options.output,
        ScanSettings(**given(options, ScanSettings)),
        ScanOptions(dims=dict(options.dim), skeleton_seconds=options.seconds),
        FilmSettings(size=options.size, seconds=options.length, rate=options.rate),
    )
    for warning in made.pop("notes"):
        say(f"note: {options.model}: {warning}")
    if options.json:
        tell_json(made)
    else:
        shown = made["film"]
        tell(
            f"{shown['path']}: {made['model']}, {counted(shown['frames'], 'frame')} of "
            f"{shown['width']} x {shown['height']} pixels, {shown['bytes'] / 1e6:.1f} MB"
        )
    return 0


def poster(options: argparse.Namespace) -> int:
    """Draw a poster or a wallpaper of a model."""
    from gallery.cli.poster import SheetOptions, make_poster

    _check_model(options.model)
    chosen = SheetOptions(
        size=options.size,
        dpi=options.dpi,
        dims=dict(options.dim),
        skeleton_seconds=options.seconds,
    )
    for note in make_poster(options.model, options.output, given(options, ScanSettings), chosen):
        say(f"note: {options.model}: {note}")
    tell(f"{options.output}: {options.size}")
    return 0


def wall(options: argparse.Namespace) -> int:
    """Draw the scans of all models of a directory on one sheet."""
    from gallery.cli.progress import Progress
    from gallery.cli.report import messages
    from gallery.cli.wall import WallOptions, make_wall

    with Progress(sys.stderr) as progress:
        report = make_wall(
            options.models,
            options.output,
            settings_of(options),
            WallOptions(
                size=options.size, dpi=options.dpi, order=options.order, title=options.title
            ),
            run_of(options, progress.listen),
        )
    for message in messages(report):
        say(message)
    tell(f"{options.output}: {options.size}, {counted(len(report.done), 'model')}")
    return report.return_code


def facts(options: argparse.Namespace) -> int:
    """Print a model's facts."""
    from gallery.cli.facts import facts_table
    from gallery.costs.facts import facts as facts_of
    from gallery.loading.load import load

    _check_model(options.model)
    model = load(options.model, dims=dict(options.dim))
    found = facts_of(model, options.model.stat().st_size)
    if options.json:
        tell_json(asdict(found))
    else:
        tell(facts_table(found))
    return 0


def profile(options: argparse.Namespace) -> int:
    """Run a model and tell where its time goes."""
    from gallery.cli.profile import check_table, measured, table, write
    from gallery.settings.values import ProfileSettings

    _check_model(options.model)
    if options.output:
        check_table(options.output)
    settings = ProfileSettings(**given(options, ProfileSettings))
    found = measured(options.model, dict(options.dim), settings)
    for note in found.notes:
        say(f"note: {options.model}: {note}")
    if options.output:
        write(found, options.output)
    if options.json:
        tell_json(found.value())
    else:
        tell(table(found))
    return 0


def _check_model(path: Path) -> None:
    """Check that a model exists: a wrong path is wrong usage, not a bad model."""
    if not path.exists():
        raise SettingsError(f"there is no file {path}", hint="check the path of the model")
    if path.is_dir():
        raise SettingsError(f"{path} is a directory", hint="name a file in it")
