#!/usr/bin/env bash
# numba's cache names compiled code before it is written: a second process computes with the old one.
#
# Expected: with cache=True, a process that loads a function after its source has changed compiles
#   it, or finds what another process has compiled from the new source; never what was before.
# Happens: the process that compiles first replaces the index (.nbi), which now bears the stamp of
#   the new source and names the file for the code (.nbc), and only then that file, which has the
#   same name as before and no stamp. A process that starts in between trusts the index, loads the
#   code of the old source and computes with it, for as long as it lives.
# Seen on: numba 0.68.1, on Linux; each file by itself is replaced in one step.
# For us: two workers that need a kernel at once, after an update, could draw two pictures. Write the
#   code first and the index after it, under a lock.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numba==0.68.1

cd "$folder"
source_of() { printf 'import numba\n\n\n@numba.njit(cache=True)\ndef more(n):\n    return n + %s\n' "$1"; }
source_of 1 > kernel.py
"$folder/venv/bin/python" -c 'import kernel; print("old source, more(1) =", kernel.more(1))'
source_of 1000 > kernel.py

cat > writer.py <<'PY'
import os
import subprocess
import sys

import kernel

replace, written, seen = os.replace, [], []
READER = "import kernel; print(kernel.more(1))"


def watched(source, target):
    replace(source, target)
    written.append(os.path.splitext(target)[1])
    if len(written) == 1:
        reader = [sys.executable, "-c", READER]
        seen.append(int(subprocess.run(reader, capture_output=True, check=True).stdout))


os.replace = watched
own = kernel.more(1)
os.replace = replace
print("new source: files replaced in the order", written)
print(f"new source: the writer finds {own}, a process that starts after the first file {seen[0]}")
if (written, own, seen) != ([".nbi", ".nbc"], 1001, [2]):
    sys.exit("behaviour has changed: no other process computes with what the old source says")
PY
"$folder/venv/bin/python" writer.py
echo "as seen: the index names code that is not written yet"
