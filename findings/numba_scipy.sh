#!/usr/bin/env bash
# The first kernel that numba loads imports SciPy's linear algebra, and NumPy's Fortran compiler
#   with it, though the kernel was compiled before and uses neither.
#
# Expected: a process that loads a compiled kernel from numba's cache imports what the kernel needs.
# Happens: `numba.np.arraymath`, which numba imports before the first kernel, calls `ensure_blas` to
#   know whether SciPy is there, and that imports `scipy.linalg`. SciPy wraps all of NumPy for other
#   array libraries, and so imports `numpy.f2py` too. Where SciPy is not installed, nothing is.
# Seen on: numba 0.68.1, scipy 1.17.1, numpy 2.4.6.
# For us: a fifteenth of the time until a worker is ready; `ensure_blas` does nothing while we import
#   that module, and numba looks again when it compiles a product of matrices.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    numba==0.68.1 scipy==1.17.1 numpy==2.4.6

cat > "$folder/kernel.py" <<'PY'
import numba


@numba.njit("int64(int64)", cache=True)
def twice(number):
    return 2 * number
PY

cat > "$folder/load.py" <<'PY'
import sys
import time

import numba

started = time.process_time()
from kernel import twice

took = time.process_time() - started
assert twice(21) == 42
loaded = sum(twice.stats.cache_hits.values())
names = [name for name in ("scipy.linalg", "numpy.f2py") if name in sys.modules]
print("kernels loaded:", loaded, "- imported with them:", names, f"- {took:.2f} s")
PY

cd "$folder"
python="$folder/venv/bin/python"
"$python" -c 'import numba, numpy, scipy; print("numba", numba.__version__, "scipy", scipy.__version__, "numpy", numpy.__version__)'
"$python" load.py > /dev/null # compiles it
told=$("$python" load.py)
echo "$told"
"$folder/venv/bin/pip" uninstall --quiet --disable-pip-version-check --yes scipy
without=$("$python" load.py)
echo "without SciPy: $without"
case "$told" in
    "kernels loaded: 1 - imported with them: ['scipy.linalg', 'numpy.f2py']"*) ;;
    *) echo "behaviour has changed: a kernel is loaded without SciPy"; exit 1 ;;
esac
case "$without" in
    "kernels loaded: 1 - imported with them: []"*) ;;
    *) echo "behaviour has changed: without SciPy"; exit 1 ;;
esac
echo "as seen: numba imports SciPy's linear algebra for a kernel that doubles a number"
