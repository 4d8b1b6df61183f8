"""The commands that make a site, look after it or show it, with their options."""

from __future__ import annotations

import argparse

from gallery.cli.arguments.shared import (
    Subparsers,
    add_build_options,
    add_cache,
    add_json,
    add_limits,
    add_models,
    add_models_and_site,
    add_output,
    add_reports,
    add_run_options,
    add_scheduler,
    add_site,
    command,
)
from gallery.cli.new import HOSTS
from gallery.cli.options import path, typed
from gallery.settings import checks


def add_build(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """The command `build`."""
    made = command(subparsers, "build", "build a site from a directory of models")
    add_models_and_site(made)
    add_cache(made)
    add_build_options(made)
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
        type=path,
        action="append",
        default=[],
        metavar="SITE",
        help="reuse results from an earlier site, such as the last deployment; can be given more "
        "than once",
    )
    add_scheduler(made)
    add_reports(made)


def add_merge(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """The command `merge`."""
    made = command(subparsers, "merge", "join parts made by `gallery build --shard` into one site")
    made.add_argument(
        "shards", nargs="+", type=path, metavar="PART", help="all parts, in any order"
    )
    add_output(made)
    made.add_argument(
        "--settings",
        type=path,
        metavar="FILE",
        help="gallery.toml with the site's title, description, base_url, language and templates "
        "(default: the settings that the parts were built with)",
    )
    add_cache(made)
    add_reports(made)


def add_check(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """The command `check`."""
    made = command(subparsers, "check", "check a site: links, sizes, page weight, stale files")
    add_site(made)
    add_json(made)


def add_serve(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """The command `serve`."""
    made = command(subparsers, "serve", "build a site, serve it locally, and rebuild it on changes")
    add_models_and_site(made)
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
    add_cache(made)
    add_build_options(made)


def add_verify(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """The command `verify`."""
    made = command(
        subparsers, "verify", "make a sample of a site again from its models and compare the files"
    )
    add_site(made)
    add_models(made)
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
    add_json(made)
    add_scheduler(made)
    add_run_options(made)
    add_limits(made)


def add_new(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """The command `new`."""
    made = command(
        subparsers,
        "new",
        "write the start of a gallery: settings, an example and, with --host, a workflow",
    )
    made.add_argument(
        "directory", type=path, metavar="DIRECTORY", help="directory; no file in it is overwritten"
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
