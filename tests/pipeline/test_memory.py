"""A worker does not get the same memory from the system again and again."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    b"x" * (48 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

if sys.argv[1:]:
    from gallery.pipeline.workers import worker
    worker.Orders = list
    worker.main()
print(faults(), faults(), file=sys.stderr)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep what they do")
def test_what_a_worker_freed_it_allocates_again_without_the_system() -> None:
    first, again = _faults("worker")
    assert again < first / 10
    first, again = _faults()
    assert again > first / 2


def _faults(*arguments: str) -> list[int]:
    done = subprocess.run(
        [sys.executable, "-c", FAULTS, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(one) for one in done.stderr.split()]
