"""All commands and their options."""

from __future__ import annotations

import argparse
from typing import NoReturn

from gallery.cli.arguments import models, sites
from gallery.cli.messages import harmless
from gallery.rendering.provenance import software
from gallery.text import printable


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
    sites.add_build(subparsers)
    sites.add_merge(subparsers)
    models.add_scan(subparsers)
    models.add_film(subparsers)
    models.add_poster(subparsers)
    models.add_wall(subparsers)
    models.add_facts(subparsers)
    models.add_profile(subparsers)
    sites.add_check(subparsers)
    sites.add_verify(subparsers)
    sites.add_serve(subparsers)
    sites.add_new(subparsers)
    return top
