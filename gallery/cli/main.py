"""The command line: arguments in, exit status out.

Exit status: 0 all went well, 1 something failed, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from gallery.cli import commands
from gallery.cli.arguments.parser import parser
from gallery.cli.messages import LogFormatter, say
from gallery.errors import DiscoverError, GalleryError, PublishError, SettingsError, system_error
from gallery.pipeline.garbage import look_rarely

_log = logging.getLogger(__name__)

_USAGE = (SettingsError, DiscoverError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: The command-line arguments, without the program's name.

    Returns:
        The exit status.
    """
    look_rarely()
    _open_standard_streams()
    options = parser().parse_args(arguments)
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(options.verbose, 2)]
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter("%(asctime)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # A message that cannot be written is lost; it must not be followed by a traceback.
    logging.raiseExceptions = False
    if options.verbose < 2:
        logging.getLogger("numba").setLevel(logging.WARNING)
        logging.getLogger("PIL").setLevel(logging.WARNING)
    try:
        status = int(options.run(options))
        sys.stdout.flush()
    except GalleryError as error:
        return _fail(error, 2 if _is_usage(error, options) else 1)
    except KeyboardInterrupt:
        return _fail("stopped", 130)
    except BrokenPipeError:
        _drop_output()
        return 1
    except OSError as error:
        _drop_output()
        found, hint = system_error(error)
        return _fail(f"{found}; {hint}", 1)
    except Exception as error:
        _log.info("the traceback", exc_info=True)
        hint = "run again with -v and report the output"
        return _fail(f"a bug in the program: {type(error).__name__}: {error}; {hint}", 1)
    return status


def _open_standard_streams() -> None:
    """Open those that the caller closed: the next file would get their number and our messages."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115


def _is_usage(error: GalleryError, options: argparse.Namespace) -> bool:
    """Whether the arguments are to blame, not a model or the system."""
    if isinstance(error.__cause__, OSError) and not isinstance(error, _USAGE):
        return False
    places = options.run in (commands.build, commands.merge, commands.serve)
    return isinstance(error, _USAGE) or (isinstance(error, PublishError) and places)


def _drop_output() -> None:
    """Throw away what was not written, or Python would report it again at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(error: GalleryError | str, status: int) -> int:
    say(f"error: {error}")
    return status
