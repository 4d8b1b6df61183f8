"""Play all attacks and say which held; exit with 1 if one did not.

    python -m tests.attacks [--short] [--only WORD]

An attack that crashes or takes ten minutes did not hold either. `--short` plays those of CI.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import tempfile
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import tests.attacks
from tests.attacks.frame import ATTACKS, Ground


def main() -> int:
    """Play, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("--short", action="store_true", help="only those that CI plays")
    parser.add_argument("--only", default="", metavar="WORD", help="only those whose row holds it")
    arguments = parser.parse_args()
    _register()
    chosen = [
        place
        for place, one in enumerate(ATTACKS)
        if (one.short or not arguments.short) and arguments.only in f"{one.area} {one.title}"
    ]
    lost = 0
    with ProcessPoolExecutor(max_workers=2, initializer=_register) as pool:
        for place, (fault, seconds) in zip(chosen, pool.map(_play, chosen), strict=True):
            one = ATTACKS[place]
            lost += bool(fault)
            verdict = "NOT HELD" if fault else "held    "
            print(f"{verdict}  {seconds:6.1f} s  {one.area:<12}  {one.title}", flush=True)
            if fault:
                print("    " + fault.replace("\n", "\n    "), flush=True)
    print(f"{len(chosen)} attacks, {len(chosen) - lost} held, {lost} not held")
    return int(lost > 0 or not chosen)


def _register() -> None:
    """Import every module beside this one, each of which registers its attacks."""
    for module in sorted(one.name for one in pkgutil.iter_modules(tests.attacks.__path__)):
        if module != "__main__":
            importlib.import_module(f"tests.attacks.{module}")


def _play(place: int) -> tuple[str, float]:
    """What was wrong, or nothing, and the seconds it took."""
    start = time.perf_counter()
    fault = ""
    with tempfile.TemporaryDirectory(prefix="attack-", ignore_cleanup_errors=True) as folder:
        try:
            ATTACKS[place].play(Ground(folder=Path(folder)))
        except AssertionError as error:
            fault = str(error) or traceback.format_exc()
        except Exception:
            fault = traceback.format_exc()
    return fault, time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
