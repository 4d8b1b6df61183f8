"""The command line: arguments in, exit status out.

Exit status: 0 all went well, 1 something failed, 2 wrong usage.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Sequence

from gallery.cli import commands
from gallery.cli.arguments import parser
from gallery.errors import DiscoverError, GalleryError, PublishError, SettingsError
from gallery.text import printable

_USAGE = (SettingsError, DiscoverError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: The command-line arguments, without the program's name.

    Returns:
        The exit status.
    """
    options = parser().parse_args(arguments)
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(options.verbose, 2)]
    logging.basicConfig(level=level, format="%(asctime)s %(name)s: %(message)s", force=True)
    if options.verbose < 2:
        logging.getLogger("numba").setLevel(logging.WARNING)
        logging.getLogger("PIL").setLevel(logging.WARNING)
    try:
        return int(options.run(options))
    except GalleryError as error:
        usage = isinstance(error, _USAGE) or (
            isinstance(error, PublishError)
            and options.run in (commands.build, commands.merge, commands.serve)
        )
        return _fail(error, 2 if usage else 1)
    except KeyboardInterrupt:
        return _fail("stopped", 130)
    except BrokenPipeError:
        # The reader of our output has gone; this keeps Python from reporting it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if options.verbose:
            traceback.print_exc()
        hint = "run again with -v and report the output"
        return _fail(f"a bug in the program: {type(error).__name__}: {error}; {hint}", 1)


def _fail(error: GalleryError | str, status: int) -> int:
    print("error: " + printable(str(error)), file=sys.stderr)
    return status
