#!/usr/bin/env bash
# SVT-AV1, run by root, gives the program that calls it the highest real-time priority, and what the
#   program starts afterwards inherits it.
#
# Expected: an encoder may set the priority of its own threads; the caller's stays as it was.
# Happens: with the first frame that PyAV's libsvtav1 gets, the calling thread and the encoder's are
#   SCHED_FIFO with priority 99, and stay so when the file is closed. A child that is started then
#   inherits it: a loop in it takes 95 % of a core from everything else on the machine, its own
#   parent included, so limits of time that the parent watches no longer hold. Users other than root
#   get the warning "Failed to set thread priority" and nothing else happens.
# Seen on: av 18.1.0 (its wheel has SVT-AV1 4.1.0), Linux, as root, as in most containers.
# For us: after the first frame, all threads of the process are given the usual scheduling again.
set -euo pipefail

if [ "$(id -u)" != 0 ] || [ "$(uname)" != Linux ]; then
    echo "run this as root on Linux: others may not have real-time priority" >&2
    exit 2
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6

cd "$folder"
SVT_LOG=1 "$folder/venv/bin/python" - <<'PY'
import os
import subprocess
import sys

import av
import numpy as np

print("av", av.__version__)
ASK = "import os; print(os.sched_getscheduler(0), os.sched_getparam(0).sched_priority)"


def own():
    return os.sched_getscheduler(0), os.sched_getparam(0).sched_priority


def childs():
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    return tuple(map(int, done.stdout.split()))


before = own(), childs()
with av.open("film.mp4", "w") as container:
    stream = container.add_stream("libsvtav1", rate=30, options={"preset": "10"})
    stream.width = stream.height = 256
    stream.pix_fmt = "yuv420p"
    for _ in range(4):
        frame = av.VideoFrame.from_ndarray(np.zeros((256, 256, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
after = own(), childs()
print("policy and priority of the program and of a child, before:", *before, "after:", *after)
assert before == ((os.SCHED_OTHER, 0),) * 2, "start this with the usual scheduling"
assert after == ((os.SCHED_FIFO, 99),) * 2, f"behaviour has changed: {after}"
print("as seen: the program and its children have real-time priority")
PY
