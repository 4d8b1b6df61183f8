"""Options that several commands have."""

from __future__ import annotations

import argparse
from pathlib import Path

from gallery.cli import commands
from gallery.cli.options import add_settings, path, typed
from gallery.settings import checks
from gallery.settings.values import GallerySettings, Limits, ScanSettings

Subparsers = argparse._SubParsersAction  # argparse has no public name for what it returns
_BESIDE = " (default: .cache/gallery beside SITE)"


class Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the default of an option, unless it is empty; then the help explains it in words."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False, [], 0, ""):
            return action.help
        return super()._get_help_string(action)


def command(
    subparsers: Subparsers[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    """A command, whose function in `gallery.cli.commands` has its name."""
    made = subparsers.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        formatter_class=Help,
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


def add_scheduler(made: argparse.ArgumentParser) -> None:
    """The address of a Dask scheduler."""
    made.add_argument(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="run on the Dask cluster of this scheduler, such as tcp://10.0.0.1:8786",
    )


def add_models_and_site(made: argparse.ArgumentParser) -> None:
    """A directory of models and the site to make of it."""
    add_models(made)
    add_output(made)


def add_models(made: argparse.ArgumentParser) -> None:
    """A directory of models."""
    made.add_argument(
        "models",
        nargs="?",
        type=path,
        default=Path("models"),
        metavar="MODELS",
        help="directory of .onnx files",
    )


def add_model(made: argparse.ArgumentParser) -> None:
    """One model."""
    made.add_argument("model", type=path, metavar="MODEL", help="an .onnx file")


def add_file(made: argparse.ArgumentParser, text: str) -> None:
    """The file to write, which has to be named."""
    made.add_argument(
        "-o",
        "--output",
        type=path,
        required=True,
        metavar="FILE",
        help=text,
        default=argparse.SUPPRESS,
    )


def add_json(made: argparse.ArgumentParser) -> None:
    """Output for other programs."""
    made.add_argument("--json", action="store_true", help="print one line of JSON")


def add_site(made: argparse.ArgumentParser) -> None:
    """A site that exists."""
    made.add_argument(
        "site",
        nargs="?",
        type=path,
        default=Path("site"),
        metavar="SITE",
        help="directory of the site",
    )


def add_output(made: argparse.ArgumentParser) -> None:
    """The site to write."""
    made.add_argument(
        "-o",
        "--output",
        type=path,
        default=Path("site"),
        metavar="SITE",
        help="directory to write the site to",
    )


def add_cache(made: argparse.ArgumentParser, text: str = _BESIDE) -> None:
    """The cache of results."""
    made.add_argument("--cache", type=path, metavar="DIR", help=f"cache directory{text}")


def add_reports(made: argparse.ArgumentParser) -> None:
    """Reports of a build."""
    made.add_argument(
        "--summary", type=path, metavar="FILE", help="append a Markdown report to this file"
    )
    made.add_argument(
        "--junit", type=path, metavar="FILE", help="write a JUnit XML report to this file"
    )


def add_build_options(made: argparse.ArgumentParser) -> None:
    """Everything that `build` can be told but for where things lie."""
    add_run_options(made)
    above = "These override gallery.toml; the front matter of a model overrides both."
    scans = made.add_argument_group("main scans", above)
    add_settings(scans, ScanSettings, "from gallery.toml")
    add_settings(scans, GallerySettings)
    add_limits(made)


def add_limits(made: argparse.ArgumentParser) -> None:
    """Limits of time and memory."""
    limits = made.add_argument_group("limits", "These override gallery.toml.")
    add_settings(limits, Limits, "from gallery.toml")


def add_run_options(made: argparse.ArgumentParser) -> None:
    """The settings file, parallel models and links."""
    made.add_argument(
        "--settings", type=path, metavar="FILE", help="settings file (default: MODELS/gallery.toml)"
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
        type=path,
        metavar="DIR",
        help="follow links of models and sidecars into this directory, as in a Hugging Face cache "
        "(default: they must not lead out of MODELS)",
    )


def add_engine_limit(made: argparse.ArgumentParser) -> None:
    """The time limit of Graphviz's engine."""
    made.add_argument(
        "--seconds",
        type=typed(checks.seconds),
        default=20.0,
        metavar="S",
        help="time limit of the Graphviz engine, in seconds",
    )
