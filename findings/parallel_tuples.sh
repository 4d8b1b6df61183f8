#!/usr/bin/env bash
# numba loses what a parallel loop writes to an array that was unpacked from a tuple.
#
# Expected: a loop over numba.prange that writes to an array writes to it, however the array came
#   into the function; or numba refuses to compile it.
# Happens, without a warning: of `one, two = arrays`, with `arrays` an argument, one[i] = i in a
#   prange loop leaves the caller's array as it was, also for one[i] += two[i]. With
#   `arrays[0][i] = i`, or with the array as an argument of its own, all is written; so it is where
#   the loop is not parallel.
# Seen on: numba 0.68.1, numpy 2.4.6, llvmlite that comes with it.
# For us: arrays that a parallel kernel writes are arguments of their own, never members of a tuple;
#   and a kernel's first test looks at what it wrote, not at whether it ran.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numba==0.68.1 numpy==2.4.6

"$folder/venv/bin/python" -W error - <<'PY'
import numba
import numpy as np

print("numba", numba.__version__, "numpy", np.__version__)


def unpacked(arrays):
    one, two = arrays
    for i in numba.prange(len(two)):
        one[i] = i


def unpacked_and_read(arrays):
    one, two = arrays
    for i in numba.prange(len(two)):
        one[i] += i * two[i]


def indexed(arrays):
    for i in numba.prange(len(arrays[1])):
        arrays[0][i] = i


def written(function, parallel):
    one = np.zeros(1000)
    numba.njit(parallel=parallel)(function)((one, np.ones(1000)))
    return bool((one == np.arange(1000)).all()), bool((one == 0).all())


for function, lost in ((unpacked, True), (unpacked_and_read, True), (indexed, False)):
    serial, parallel = written(function, False), written(function, True)
    told = "all written" if parallel[0] else "all lost" if parallel[1] else "partly written"
    print(f"{function.__name__:18} parallel: {told}")
    assert serial == (True, False), "behaviour has changed: a serial loop"
    assert parallel == ((False, True) if lost else (True, False)), f"behaviour has changed: {told}"
print("as seen: a parallel loop loses what it writes to an array unpacked from a tuple")
PY
