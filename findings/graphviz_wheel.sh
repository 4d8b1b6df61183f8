#!/usr/bin/env bash
# pygraphviz's wheels bring Graphviz, and leave glib and X11 to the system.
#
# Expected: a wheel tagged manylinux that bundles Graphviz, Pango and Cairo runs on any Linux with a
# recent enough C library, so `pip install pygraphviz` needs nothing else.
# Found (pygraphviz 2.0.4, wheels of manylinux_2_27 and newer for x86-64 and arm64): the bundled
# libraries load libgobject-2.0, libglib-2.0, libX11, libXext, libXrender, libexpat and libz of the
# system, which the manylinux policy allows. Slim container images and minimal roots lack glib and
# X11: there `import pygraphviz` raises ImportError, while the distribution counts as installed.
# For a program such as ours: where Graphviz is tried in a process of its own, a library that is
# missing looks like an engine that failed, for every engine and every graph. Tell the two apart
# before a fallback is stored, and name the system's package.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pygraphviz==2.0.4 pyelftools==0.32

"$work/venv/bin/python" - <<'PY'
import importlib.util
import sys
from pathlib import Path

from elftools.elf.elffile import ELFFile

package = Path(importlib.util.find_spec("pygraphviz").submodule_search_locations[0])
files = [*package.glob("*.so"), *package.with_name("pygraphviz.libs").rglob("*.so*")]


def needed(path):
    with path.open("rb") as stream:
        dynamic = ELFFile(stream).get_section_by_name(".dynamic")
        return {tag.needed for tag in dynamic.iter_tags() if tag.entry.d_tag == "DT_NEEDED"}


bundled = {path.name for path in files}
outside = sorted({name for path in files for name in needed(path)} - bundled)
print(f"{len(files)} libraries in the wheel, {len(outside)} of the system:", *outside)
surprising = {"libgobject-2.0.so.0", "libglib-2.0.so.0", "libX11.so.6", "libXrender.so.1"}
if not surprising <= set(outside):
    sys.exit(f"behaviour has changed: {sorted(surprising - set(outside))} are no longer needed")
print("as seen: glib and X11 come from the system")
PY
