"""The machine and the runtime that measure: times of others cannot be compared."""

from __future__ import annotations

import hashlib
import os
import platform
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path


def runtime_version() -> str:
    """The version of ONNX Runtime, or "" if it is not installed."""
    for name in ("onnxruntime", "onnxruntime-gpu"):
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(name)
    return ""


@cache
def machine() -> str:
    """The processor of this machine in a line."""
    name = platform.processor() or platform.machine()
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
        name = next(one for one in lines if one.startswith("model name")).partition(":")[2]
    return f"{' '.join(name.split())[:80]} ({platform.machine()}), {os.cpu_count() or 1} cores"


def machine_key() -> str:
    """A hash of the machine and its ONNX Runtime."""
    told = f"{machine()}, ONNX Runtime {runtime_version()}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]
