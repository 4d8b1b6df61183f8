#!/usr/bin/env bash
# numba does not compute by NumPy 2's rules: a kernel and its NumPy twin differ in type, value and
#   sign.
#
# Expected: numba.njit of an expression over NumPy arrays gives what NumPy 2 gives.
# Happens, without a warning:
#   - a float32 array times 2.0 is float64 (NumPy 2 keeps float32: twice the memory, other last
#     digits);
#   - scalars taken from a uint8 array are 64 bits wide: a[0] + a[0] of 200 is 400 (NumPy: 144), and
#     a[1] - a[0] of 100 and 200 is 18446744073709551516 (NumPy: 156);
#   - np.sum of four million float32 values of 0.1 is 4 % too low: numba adds one by one in float32,
#     NumPy pairwise. np.mean and np.var inherit it;
#   - 2 ** -1 of two ints is 0 (Python: 0.5).
# Seen on: numba 0.68.1, numpy 2.4.6.
# For us: write the types of a kernel's constants out (np.float32(2)), widen before taking
#   differences of bytes, sum in float64, and never test a kernel only against its own .py_func on
#   small inputs.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numba==0.68.1 numpy==2.4.6

"$folder/venv/bin/python" -W error - <<'PY'
import numba
import numpy as np

print("numba", numba.__version__, "numpy", np.__version__)
FLOATS = np.float32([1, 2, 3])
BYTES = np.uint8([200, 100])
TENTHS = np.full(1 << 22, 0.1, np.float32)


def double(a):
    return a * 2.0


def twice_first(a):
    return a[0] + a[0]


def difference(a):
    return a[1] - a[0]


def total(a):
    return np.sum(a)


def power(a, b):
    return a**b


def both(function, *arguments):
    with np.errstate(all="ignore"):
        found = function(*arguments), numba.njit(function)(*arguments)
    print(f"{function.__name__:12} NumPy/Python {found[0]!r:42} numba {found[1]!r}")
    return found


numpy_made, numba_made = both(double, FLOATS)
assert (numpy_made.dtype, numba_made.dtype) == (np.float32, np.float64), "behaviour has changed: a * 2.0"
assert [int(x) for x in both(twice_first, BYTES)] == [144, 400], "behaviour has changed: a[0] + a[0]"
assert [int(x) for x in both(difference, BYTES)] == [156, 2**64 - 100], "behaviour has changed: a[1] - a[0]"
numpy_made, numba_made = both(total, TENTHS)
exact = float(TENTHS.astype(np.float64).sum())
errors = [abs(float(value) / exact - 1) for value in (numpy_made, numba_made)]
print(f"  the sum is {exact:.2f}: NumPy is off by {errors[0]:.1e}, numba by {errors[1]:.1e}")
assert errors[0] < 1e-5 and errors[1] > 0.02, f"behaviour has changed: np.sum {errors}"
assert both(power, 2, -1) == (0.5, 0), "behaviour has changed: 2 ** -1"
print("as seen: numba differs from NumPy 2")
PY
