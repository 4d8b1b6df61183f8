"""All commands and their options."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from gallery.cli import commands
from gallery.cli.messages import harmless
from gallery.cli.new import HOSTS
from gallery.cli.options import add_settings, typed
from gallery.provenance import software
from gallery.settings import checks
from gallery.settings.formats import POSTER_SUFFIXES, SCAN_SUFFIXES
from gallery.settings.paper import check_either, film_size
from gallery.settings.values import (
    DPI,
    ORDERS,
    SIDE,
    GallerySettings,
    Limits,
    ProfileSettings,
    ScanSettings,
)
from gallery.text import printable


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the default of an option, unless it is empty; then the help explains it in words."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False, [], 0, ""):
            return action.help
        return super()._get_help_string(action)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line, not below forty lines of usage."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and exit; what is quoted may be names of files, and must do no harm."""
        found = harmless(printable(message))
        self.exit(2, f"{self.prog}: error: {found}; see `{self.prog} --help`\n")


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top: argparse.ArgumentParser = _Parser(
        prog="gallery",
        description="Draw the whole computation of neural networks from ONNX files.",
    )
    top.add_argument("--version", action="version", version=software())
    subparsers = top.add_subparsers(required=True, metavar="COMMAND")
    _add_build(subparsers)
    _add_merge(subparsers)
    _add_scan(subparsers)
    _add_film(subparsers)
    _add_poster(subparsers)
    _add_wall(subparsers)
    _add_facts(subparsers)
    _add_profile(subparsers)
    _add_check(subparsers)
    _add_verify(subparsers)
    _add_serve(subparsers)
    _add_new(subparsers)
    return top


_Subparsers = argparse._SubParsersAction  # argparse has no public name for what it returns


def _command(
    subparsers: _Subparsers[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    made = subparsers.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        formatter_class=_Help,
    )
    made.set_defaults(run=getattr(commands, name))
    made.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="log the time of each stage; -vv logs more",
    )
    return made


def _add_build(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(subparsers, "build", "build a site from a directory of models")
    _add_models_and_site(made)
    _add_cache(made)
    _add_build_options(made)
    made.add_argument(
        "--strict",
        action="store_true",
        help="stop at the first failure and leave the site unchanged",
    )
    made.add_argument("--dry-run", action="store_true", help="list what would be made")
    made.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="build only part I of N; `gallery merge` joins the parts",
    )
    made.add_argument(
        "--reuse",
        type=Path,
        action="append",
        default=[],
        metavar="SITE",
        help="reuse results from an earlier site, such as the last deployment; can be given more "
        "than once",
    )
    _add_scheduler(made)
    _add_reports(made)


def _add_scheduler(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="run on the Dask cluster of this scheduler, such as tcp://10.0.0.1:8786",
    )


def _add_merge(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(subparsers, "merge", "join parts made by `gallery build --shard` into one site")
    made.add_argument(
        "shards", nargs="+", type=Path, metavar="PART", help="all parts, in any order"
    )
    _add_output(made)
    made.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="gallery.toml with the site's title, description, base_url, language and templates "
        "(default: the settings that the parts were built with)",
    )
    _add_cache(made)
    _add_reports(made)


def _add_models_and_site(made: argparse.ArgumentParser) -> None:
    _add_models(made)
    _add_output(made)


def _add_models(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "models",
        nargs="?",
        type=Path,
        default=Path("models"),
        metavar="MODELS",
        help="directory of .onnx files",
    )


def _add_site(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "site",
        nargs="?",
        type=Path,
        default=Path("site"),
        metavar="SITE",
        help="directory of the site",
    )


def _add_output(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("site"),
        metavar="SITE",
        help="directory to write the site to",
    )


def _add_cache(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help="cache directory (default: .cache/gallery beside SITE)",
    )


def _add_reports(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--summary", type=Path, metavar="FILE", help="append a Markdown report to this file"
    )
    made.add_argument(
        "--junit", type=Path, metavar="FILE", help="write a JUnit XML report to this file"
    )


def _add_build_options(made: argparse.ArgumentParser) -> None:
    _add_run_options(made)
    above = "These override gallery.toml; the front matter of a model overrides both."
    scans = made.add_argument_group("main scans", above)
    add_settings(scans, ScanSettings, "from gallery.toml")
    add_settings(scans, GallerySettings)
    _add_limits(made)


def _add_limits(made: argparse.ArgumentParser) -> None:
    limits = made.add_argument_group("limits", "These override gallery.toml.")
    add_settings(limits, Limits, "from gallery.toml")


def _add_run_options(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--settings", type=Path, metavar="FILE", help="settings file (default: MODELS/gallery.toml)"
    )
    made.add_argument(
        "--jobs",
        type=typed(checks.integer(0, 1024)),
        default=0,
        metavar="N",
        help="models to build in parallel on this machine; 0, the default, means one per core",
    )
    made.add_argument(
        "--follow-links",
        type=Path,
        metavar="DIR",
        help="follow links of models and sidecars into this directory, as in a Hugging Face cache "
        "(default: they must not lead out of MODELS)",
    )


def _add_scan(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(subparsers, "scan", "draw one picture of one model")
    made.add_argument("model", type=Path, metavar="MODEL", help="an .onnx file")
    made.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="picture to write; its suffix sets the format: " + ", ".join(SCAN_SUFFIXES),
        default=argparse.SUPPRESS,
    )
    add_settings(made, ScanSettings)
    add_settings(made, GallerySettings)
    made.add_argument(
        "--size", type=typed(SIDE), default=1600, metavar="PX", help="side of the picture in pixels"
    )
    _add_engine_limit(made)
    made.add_argument(
        "--tilt",
        type=typed(checks.number(0, 90)),
        default=0.0,
        metavar="DEGREES",
        help="tip the scan into space, with the order of execution as height: from 0, seen from "
        "above, to 90, seen from the side (default: 0)",
    )
    made.add_argument("--json", action="store_true", help="print one line of JSON")
    made.add_argument(
        "--quality", action="store_true", help="also measure the layout, which takes a while"
    )


def _add_engine_limit(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--seconds",
        type=typed(checks.seconds),
        default=20.0,
        metavar="S",
        help="time limit of the Graphviz engine, in seconds",
    )


def _add_film(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(subparsers, "film", "film the run of one model, as modelled on the target")
    made.add_argument("model", type=Path, metavar="MODEL", help="an .onnx file")
    made.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="film to write; its suffix sets the format: .mp4 or .webm with AV1, or .webp",
        default=argparse.SUPPRESS,
    )
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
    _add_engine_limit(made)
    made.add_argument("--json", action="store_true", help="print one line of JSON")


def _add_poster(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(subparsers, "poster", "draw a poster or a wallpaper of one model")
    made.add_argument("model", type=Path, metavar="MODEL", help="an .onnx file")
    _add_sheet(made, "the scan alone, with a legend or labels if asked for")
    add_settings(made, ScanSettings, "the sidecar's, else as for `scan`")
    add_settings(made, GallerySettings)
    _add_engine_limit(made)


def _add_wall(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(subparsers, "wall", "draw the scans of all models of a directory on one sheet")
    _add_models(made)
    _add_sheet(made, "the same for a screen")
    made.add_argument(
        "--order",
        choices=ORDERS,
        default=ORDERS[0],
        help="order of the models; families follow one another from the oldest",
    )
    made.add_argument("--title", default="", help="title (default: that of gallery.toml)")
    made.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help="cache directory, such as that of a build (default: a temporary one)",
    )
    _add_build_options(made)


def _add_sheet(made: argparse.ArgumentParser, on_screen: str) -> None:
    made.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="file to write; its suffix sets the format: " + ", ".join(POSTER_SUFFIXES),
        default=argparse.SUPPRESS,
    )
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


def _add_facts(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(subparsers, "facts", "print a model's parameters, costs, shapes and operators")
    made.add_argument("model", type=Path, metavar="MODEL", help="an .onnx file")
    add_settings(made, GallerySettings)
    made.add_argument("--json", action="store_true", help="print JSON")


def _add_profile(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(
        subparsers, "profile", "run a model with ONNX Runtime and tell where its time goes"
    )
    made.add_argument("model", type=Path, metavar="MODEL", help="an .onnx file")
    add_settings(made, GallerySettings)
    add_settings(made, ProfileSettings)
    made.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="also write the times of all operators; MODEL.profile.json beside a model is shown "
        "by `build` and `scan`, .csv is for other programs",
    )
    made.add_argument("--json", action="store_true", help="print one line of JSON")


def _add_check(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(subparsers, "check", "check a site: links, sizes, page weight, stale files")
    _add_site(made)
    made.add_argument("--json", action="store_true", help="print JSON")


def _add_serve(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(
        subparsers, "serve", "build a site, serve it locally, and rebuild it on changes"
    )
    _add_models_and_site(made)
    made.add_argument(
        "--port",
        type=typed(checks.integer(0, 65_535)),
        default=8000,
        metavar="N",
        help="port to listen on; 0 picks a free one",
    )
    made.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="HOST",
        help="address to listen on; 0.0.0.0 also shows the site to other machines",
    )
    _add_cache(made)
    _add_build_options(made)


def _add_verify(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(
        subparsers, "verify", "make a sample of a site again from its models and compare the files"
    )
    _add_site(made)
    _add_models(made)
    share = made.add_mutually_exclusive_group()
    share.add_argument(
        "--sample",
        type=typed(checks.percent),
        default=5.0,
        metavar="PERCENT",
        help="share of the models to make again, at least one of them",
    )
    share.add_argument(
        "--all",
        action="store_true",
        help="make all models again, and compare all pages and files that the site lists as well",
    )
    made.add_argument(
        "--seed",
        dest="sample_seed",
        type=typed(checks.integer(0, (1 << 32) - 1)),
        default=0,
        metavar="N",
        help="choose other models for the sample",
    )
    made.add_argument("--json", action="store_true", help="print JSON")
    _add_scheduler(made)
    _add_run_options(made)
    _add_limits(made)


def _add_new(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(
        subparsers, "new", "write the start of a gallery: settings, an example and a workflow"
    )
    made.add_argument(
        "directory", type=Path, metavar="DIRECTORY", help="directory; no file in it is overwritten"
    )
    made.add_argument(
        "--host", choices=sorted(HOSTS), help="also write the workflow that publishes the site"
    )


def _shard(text: str) -> tuple[int, int]:
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form I/N, such as 1/4")
    if not 1 <= int(number) <= int(count) <= 10_000:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a part: I must be from 1 to N, and N at most 10000"
        )
    return int(number), int(count)
