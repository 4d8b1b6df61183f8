"""`python -m gallery` is the command `gallery`."""

import sys

from gallery.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
