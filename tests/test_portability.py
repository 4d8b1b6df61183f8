"""The package on a system without what only POSIX has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gallery
from gallery.cli.scan import _peak_bytes
from tests.conftest import NET, run_gallery
from tests.onnx_text import write

ROOT = str(Path(gallery.__file__).parent) + os.sep

HIDE = f"""
import builtins, types

MODULES = set('''fcntl resource pwd grp termios tty pty syslog readline curses posix nis spwd crypt
_posixsubprocess select selectors'''.split())
NAMES = {{
    "os": '''killpg getpgid setpgid getpgrp setsid getsid fork forkpty openpty posix_spawn wait
        wait3 wait4 waitid WNOHANG WIFSIGNALED nice getpriority getloadavg uname sysconf confstr
        getuid geteuid getgid getegid getgroups setuid setgid chown fchown lchown chroot fchdir
        mkfifo mknod statvfs fstatvfs pread pwrite preadv pwritev readv writev sendfile pipe2
        set_blocking get_blocking sched_getaffinity sched_setaffinity sched_yield sync fdatasync
        O_NONBLOCK O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_SYNC O_TMPFILE ttyname ctermid
        memfd_create copy_file_range pidfd_open posix_fallocate posix_fadvise lockf'''.split(),
    "signal": '''SIGKILL SIGALRM SIGCHLD SIGCONT SIGHUP SIGPIPE SIGQUIT SIGSTOP SIGTSTP SIGUSR1
        SIGUSR2 alarm setitimer getitimer pause sigwait pthread_kill pthread_sigmask'''.split(),
    "time": ["tzset", "pthread_getcpuclockid"],
    "socket": ["AF_UNIX", "socketpair"],
    "ctypes": [],
}}
found = {{}}
original = builtins.__import__

def without(module, names):
    poorer = types.ModuleType(module.__name__)
    poorer.__dict__.update((name, it) for name, it in vars(module).items() if name not in names)
    return poorer

def poorer(name, module):
    if name not in found:
        found[name] = without(module, NAMES[name])
        if name == "ctypes":
            def CDLL(name, *arguments, **options):
                if name is None:
                    raise TypeError("argument of type 'NoneType' is not iterable")
                return module.CDLL(name, *arguments, **options)
            found[name].CDLL = CDLL
    return found[name]

def __import__(name, globals=None, *rest, **options):
    ours = str((globals or {{}}).get("__file__")).startswith({ROOT!r})
    if ours and name.partition(".")[0] in MODULES:
        raise ModuleNotFoundError(f"No module named {{name!r}} here", name=name)
    module = original(name, globals, *rest, **options)
    return poorer(name, module) if ours and name in NAMES else module

builtins.__import__ = __import__
"""

EVERYTHING = """
import importlib, pkgutil, sys
from pathlib import Path
import gallery
for module in pkgutil.walk_packages(gallery.__path__, "gallery."):
    if module.name != "gallery.__main__":
        importlib.import_module(module.name)
model = gallery.load(Path(sys.argv[1]))
layout = gallery.layout(gallery.lower(model, vertices=60), skeleton="neato")
assert layout.engine == "neato", layout.fallback
coloring = gallery.color(layout.graph, "layer")
gallery.render(layout, coloring, size=64)
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """Environment in which the package, but not what it stands on, sees no POSIX."""
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide" / "sitecustomize.py").write_text(HIDE)
    paths = [str(tmp_path / "hide"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def test_every_module_and_every_stage(elsewhere: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-c", EVERYTHING, str(write(tmp_path, NET))]
    done = subprocess.run(
        command,
        env=elsewhere,
        cwd=Path(ROOT).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_site_by_workers_and_a_scan(
    elsewhere: dict[str, str], models: Path, tmp_path: Path
) -> None:
    site, scan = tmp_path / "site", tmp_path / "scan.png"
    shutil.rmtree(models / "deep")
    for _ in range(2):  # a new site, then one in the place of another
        done = run_gallery("build", models, "-o", site, env=elsewhere)
        assert done.returncode == 0, done.stderr
        assert "first" in (site / "index.html").read_text()
        write(models, NET, "third.onnx")
    done = run_gallery("scan", models / "third.onnx", "-o", scan, "--json", env=elsewhere)
    assert done.returncode == 0, done.stderr
    assert '"peak_bytes"' in done.stdout
    assert scan.exists()


def test_the_peak_of_memory_is_told_without_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    assert 20 << 20 < _peak_bytes() < 1 << 40
