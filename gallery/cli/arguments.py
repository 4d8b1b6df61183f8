"""All commands and their options."""

from __future__ import annotations

import argparse
from pathlib import Path

from gallery.cli import commands
from gallery.settings.formats import SCAN_SUFFIXES
from gallery.settings.gallery_toml import color_rule
from gallery.settings.values import (
    ATTRIBUTES,
    GROUNDS,
    PALETTES,
    PASSES,
    SKELETONS,
    TARGETS,
    ColorRule,
    ScanSettings,
)

_SCAN = ScanSettings()


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Says defaults that say something; the help of an option without one says it in words."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False, [], 0):
            return action.help
        return super()._get_help_string(action)


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="gallery",
        description="Draws the whole computation of neural networks, from ONNX files.",
    )
    subparsers = top.add_subparsers(required=True, metavar="COMMAND")
    _add_build(subparsers)
    _add_merge(subparsers)
    _add_scan(subparsers)
    _add_facts(subparsers)
    _add_check(subparsers)
    _add_serve(subparsers)
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
        "-v", "--verbose", action="count", default=0, help="say more: one timed line a stage"
    )
    return made


def _add_build(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(subparsers, "build", "build the site of a directory of models")
    _add_models_and_site(made)
    _add_build_options(made)
    made.add_argument("--strict", action="store_true", help="stop at the first failure")
    made.add_argument("--dry-run", action="store_true", help="only say what would be made, and why")
    made.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="make the I-th of N parts of the models, to be joined by `gallery merge`",
    )
    made.add_argument(
        "--reuse",
        type=Path,
        action="append",
        default=[],
        metavar="SITE",
        help="take results over from an earlier site, such as the last deployment",
    )
    made.add_argument(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="do the work on the Dask cluster of this scheduler, such as tcp://10.0.0.1:8786",
    )
    _add_reports(made)


def _add_merge(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(subparsers, "merge", "join the parts that `build --shard` made into one site")
    made.add_argument(
        "shards", nargs="+", type=Path, metavar="PART", help="all parts, in any order"
    )
    _add_output(made)
    made.add_argument(
        "--settings", type=Path, metavar="FILE", help="words of the site, else the parts'"
    )
    _add_cache(made)
    _add_reports(made)


def _add_models_and_site(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "models",
        nargs="?",
        type=Path,
        default=Path("models"),
        metavar="MODELS",
        help="directory of .onnx files",
    )
    _add_output(made)


def _add_output(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "-o", "--output", type=Path, default=Path("site"), metavar="SITE", help="the site"
    )


def _add_cache(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--cache", type=Path, metavar="DIR", help="cache, else .cache/gallery beside SITE"
    )


def _add_reports(made: argparse.ArgumentParser) -> None:
    made.add_argument("--summary", type=Path, metavar="FILE", help="append a report in Markdown")
    made.add_argument("--junit", type=Path, metavar="FILE", help="write a report in JUnit XML")


def _add_build_options(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--settings", type=Path, metavar="FILE", help="settings, else MODELS/gallery.toml"
    )
    _add_cache(made)
    made.add_argument(
        "--cache-size", metavar="SIZE", help='bound of the cache, such as "2 GiB"; else 4 GiB'
    )
    made.add_argument(
        "--jobs", type=_count, default=0, metavar="N", help="workers at once; 0 is one a core"
    )
    made.add_argument("--seconds", type=float, metavar="S", help="time limit of a model, else 600")
    made.add_argument("--memory", metavar="SIZE", help="memory limit of a model, else 4 GiB")
    made.add_argument(
        "--vertices",
        type=_positive,
        metavar="N",
        help="budget of the hero scans, else the settings'",
    )
    made.add_argument("--passes", choices=PASSES, help="of the hero scans, else the settings'")
    made.add_argument("--skeleton", choices=SKELETONS, help="of the hero scans, else the settings'")
    made.add_argument("--color", choices=ATTRIBUTES, help="of the hero scans, else the settings'")
    made.add_argument("--palette", choices=PALETTES, help="of the hero scans, else the settings'")
    made.add_argument(
        "--seed", type=_count, metavar="N", help="of the hero scans, else the settings'"
    )
    _add_dims(made)


def _add_scan(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(subparsers, "scan", "make one picture of one model")
    made.add_argument("model", type=Path, metavar="MODEL", help="an .onnx file")
    made.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="picture to write: " + ", ".join(SCAN_SUFFIXES),
        default=argparse.SUPPRESS,
    )
    made.add_argument(
        "--vertices", type=_positive, default=_SCAN.vertices, metavar="N", help="budget"
    )
    made.add_argument("--passes", choices=PASSES, default=_SCAN.passes, help="what is drawn")
    made.add_argument(
        "--target", choices=TARGETS, default=_SCAN.target, help="processor to split the work for"
    )
    made.add_argument(
        "--skeleton", choices=SKELETONS, default=_SCAN.skeleton, help="Graphviz engine"
    )
    made.add_argument(
        "--color", choices=ATTRIBUTES, default=_SCAN.color, help="what the colour shows"
    )
    made.add_argument("--palette", choices=PALETTES, help="colours, else the attribute's own")
    made.add_argument(
        "--rule",
        type=_rule,
        action="append",
        default=[],
        metavar="PATTERN=#RRGGBB",
        help='colour of the layers that match, or with "operator:" before it of operators by name '
        "or type; may be given more than once, a later one wins",
    )
    made.add_argument("--size", type=_size, default=_SCAN.size, metavar="PX", help="side in pixels")
    made.add_argument("--ground", choices=GROUNDS, default=_SCAN.ground, help="what it is drawn on")
    made.add_argument("--seed", type=_count, default=_SCAN.seed, metavar="N", help="of the layout")
    made.add_argument("--labels", action="store_true", help="draw layer names")
    made.add_argument("--legend", action="store_true", help="draw caption and colour key")
    made.add_argument(
        "--seconds", type=float, default=20.0, metavar="S", help="time limit of the Graphviz engine"
    )
    _add_dims(made)
    made.add_argument("--json", action="store_true", help="print one line of JSON")
    made.add_argument(
        "--quality", action="store_true", help="measure the layout too; takes a while"
    )


def _add_facts(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(subparsers, "facts", "print what a model holds and costs")
    made.add_argument("model", type=Path, metavar="MODEL", help="an .onnx file")
    _add_dims(made)
    made.add_argument("--json", action="store_true", help="print JSON")


def _add_check(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(subparsers, "check", "verify a site: links, sizes, page weight, stale files")
    made.add_argument(
        "site", nargs="?", type=Path, default=Path("site"), metavar="SITE", help="the site"
    )
    made.add_argument("--json", action="store_true", help="print JSON")


def _add_serve(subparsers: _Subparsers[argparse.ArgumentParser]) -> None:
    made = _command(subparsers, "serve", "build, serve on this machine, and rebuild what changes")
    _add_models_and_site(made)
    made.add_argument("--port", type=_count, default=8000, metavar="N", help="0 takes a free one")
    _add_build_options(made)


def _add_dims(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--dim",
        type=_dimension,
        action="append",
        default=[],
        metavar="NAME=SIZE",
        help="size of a symbolic dimension; may be given more than once; all others are 1",
    )


def _dimension(text: str) -> tuple[str, int]:
    name, equals, size = text.rpartition("=")
    if not (equals and name and size.isdecimal() and 0 < int(size) <= 1 << 20):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=SIZE with a size from 1 to 1048576")
    return name, int(size)


def _shard(text: str) -> tuple[int, int]:
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not I/N, such as 1/4")
    if not 1 <= int(number) <= int(count) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no part: I goes from 1 to N")
    return int(number), int(count)


def _rule(text: str) -> ColorRule:
    try:
        return color_rule(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not {error}") from error


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) >= 1 << 31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def _positive(text: str) -> int:
    if not _count(text):
        raise argparse.ArgumentTypeError("0 is too small")
    return int(text)


def _size(text: str) -> int:
    if not 16 <= _count(text) <= 32_768:
        raise argparse.ArgumentTypeError(f"{text} is not from 16 to 32768")
    return int(text)
