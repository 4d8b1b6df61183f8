"""Compare two sites, file by file: `python -m tests.benchmarks.same_site BEFORE AFTER`.

All files have to be the same bytes. `results.json` lists the cache's records by keys that hold the
version of the code: of it the records alone have to be the same, in any order, and its own digest
does not count. Prints what differs; the exit status is 1 where anything does.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from gallery.files import SUMS, listing, read_sums
from gallery.pipeline.reuse import FILE_NAME as RECORDS


def content(path: Path) -> object:
    """What has to be the same of a file."""
    if path.name == RECORDS:
        return sorted(json.loads(path.read_bytes())["records"].values())
    if path.name == SUMS:
        return {name: sum_ for name, sum_ in read_sums(path.parent).items() if name != RECORDS}
    return path.read_bytes()


def differences(before: Path, after: Path) -> list[str]:
    """A line for each file that is missing, new or another."""
    old, new = listing(before), listing(after)
    lines = [f"missing: {name}" for name in old if name not in new]
    lines += [f"new: {name}" for name in new if name not in old]
    both = [name for name in old if name in new]
    return lines + [
        f"differs: {name}" for name in both if content(before / name) != content(after / name)
    ]


def main() -> int:
    """Compare the two sites of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    options = parser.parse_args()
    lines = differences(options.before, options.after)
    files = listing(options.before)
    print(
        "\n".join([*lines, f"{len(files)} files, {sum(files.values())} bytes, {len(lines)} differ"])
    )
    return 1 if lines or not files else 0


if __name__ == "__main__":
    sys.exit(main())
