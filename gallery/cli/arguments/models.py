"""The commands that draw or measure models without a site, with their options."""

from __future__ import annotations

import argparse

from gallery.cli.arguments.shared import (
    Subparsers,
    add_build_options,
    add_cache,
    add_engine_limit,
    add_file,
    add_json,
    add_model,
    add_models,
    command,
)
from gallery.cli.options import add_settings, path, typed
from gallery.settings import checks
from gallery.settings.choices import HEIGHTS, ORDERS
from gallery.settings.formats import POSTER_SUFFIXES, SCAN_SUFFIXES
from gallery.settings.paper import check_either, film_size
from gallery.settings.values import DPI, SIDE, GallerySettings, ProfileSettings, ScanSettings


def add_scan(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """The command `scan`."""
    made = command(subparsers, "scan", "draw one picture of one model")
    add_model(made)
    add_file(made, "picture to write; its suffix sets the format: " + ", ".join(SCAN_SUFFIXES))
    add_settings(made, ScanSettings)
    add_settings(made, GallerySettings)
    made.add_argument(
        "--size", type=typed(SIDE), default=1600, metavar="PX", help="side of the picture in pixels"
    )
    add_engine_limit(made)
    made.add_argument(
        "--tilt",
        type=typed(checks.number(0, 90)),
        default=0.0,
        metavar="DEGREES",
        help="tip the scan into space, with the order of execution as height: from 0, seen from "
        "above, to 90, seen from the side (default: 0)",
    )
    made.add_argument(
        "--height",
        choices=HEIGHTS,
        default="order",
        help="what the height of a tilted scan is: the order of execution, or the pass",
    )
    add_json(made)
    made.add_argument(
        "--quality", action="store_true", help="also measure the layout, which takes a while"
    )


def add_film(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """The command `film`."""
    made = command(subparsers, "film", "film the run of one model, as modelled on the target")
    add_model(made)
    add_file(made, "film to write; its suffix sets the format: .mp4 or .webm with AV1, or .webp")
    add_settings(made, ScanSettings)
    add_settings(made, GallerySettings)
    made.add_argument(
        "--size",
        type=typed(film_size),
        default="1080x1080",
        metavar="SIZE",
        help="pixels such as 1920x1080, both even",
    )
    made.add_argument(
        "--length",
        type=typed(checks.number(1, 120)),
        default=8.0,
        metavar="S",
        help="how long the film lasts, in seconds",
    )
    made.add_argument(
        "--rate", type=typed(checks.integer(1, 60)), default=30, metavar="N", help="frames a second"
    )
    add_engine_limit(made)
    add_json(made)


def add_poster(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """The command `poster`."""
    made = command(subparsers, "poster", "draw a poster or a wallpaper of one model")
    add_model(made)
    _add_sheet(made, "the scan alone, with a legend or labels if asked for")
    add_settings(made, ScanSettings, "the sidecar's, else as for `scan`")
    add_settings(made, GallerySettings)
    add_engine_limit(made)


def add_wall(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """The command `wall`."""
    made = command(subparsers, "wall", "draw the scans of all models of a directory on one sheet")
    add_models(made)
    _add_sheet(made, "the same for a screen")
    made.add_argument(
        "--order",
        choices=ORDERS,
        default=ORDERS[0],
        help="order of the models; families follow one another from the oldest",
    )
    made.add_argument("--title", default="", help="title (default: that of gallery.toml)")
    add_cache(made, ", such as that of a build (default: a temporary one)")
    add_build_options(made)


def _add_sheet(made: argparse.ArgumentParser, on_screen: str) -> None:
    add_file(made, "file to write; its suffix sets the format: " + ", ".join(POSTER_SUFFIXES))
    made.add_argument(
        "--size",
        type=typed(check_either),
        default="A2",
        metavar="SIZE",
        help="paper from A0 to A4, also such as A3-landscape, or pixels such as 3840x2160: "
        + on_screen,
    )
    made.add_argument(
        "--dpi",
        type=typed(DPI),
        default=150,
        metavar="N",
        help="dots per inch of paper; 300 for print",
    )


def add_facts(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """The command `facts`."""
    made = command(subparsers, "facts", "print a model's parameters, costs, shapes and operators")
    add_model(made)
    add_settings(made, GallerySettings)
    add_json(made)


def add_profile(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """The command `profile`."""
    made = command(
        subparsers, "profile", "run a model with ONNX Runtime and tell where its time goes"
    )
    add_model(made)
    add_settings(made, GallerySettings)
    add_settings(made, ProfileSettings)
    made.add_argument(
        "-o",
        "--output",
        type=path,
        metavar="FILE",
        help="also write the times of all operators; MODEL.profile.json beside a model is shown "
        "by `build` and `scan`, .csv is for other programs",
    )
    add_json(made)
