"""Build the gallery: the same as the command `gallery build`."""

import sys

from gallery.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["build", *sys.argv[1:]]))
