#!/usr/bin/env bash
# huggingface_hub's ModelCard changes words of a card that nobody edited.
#
# Expected: ModelCard.load(path).save(path), or metadata_update() of another key, leaves what a card's
#   front matter says as it is.
# Happens: the head is read as YAML 1.1 and written anew from Python's values. `language: no`
#   (Norwegian) becomes `false`, `version: 1.10` becomes `1.1`, a tag `012` becomes `10`, `12:30`
#   becomes 750 and `1_000` becomes 1000; comments are gone. The tag 2024-01-01 and the
#   number 1e3, which YAML 1.1 takes for a text, stay. Only texts in quotes are safe.
# Seen on: huggingface_hub 2.4.0, PyYAML 6.0.3.
# For us: the texts of a card that a tool has saved may not be those that its author wrote; we read
#   every scalar as text and let the field decide.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check huggingface_hub==2.4.0 pyyaml==6.0.3

cd "$folder"
HF_HUB_OFFLINE=1 "$folder/venv/bin/python" -W ignore - <<'PY'
from pathlib import Path

import huggingface_hub
import yaml
from huggingface_hub import ModelCard
from huggingface_hub.repocard import metadata_load, metadata_save

print("huggingface_hub", huggingface_hub.__version__, "PyYAML", yaml.__version__)
WRITTEN = """---
# Norwegian
language: no
version: 1.10
tags:
- 012
- 12:30
- 1_000
- 2024-01-01
- 1e3
- '1.10'
license: mit
---
Words.
"""
SAVED = """---
language: false
version: 1.1
tags:
- 10
- 750
- 1000
- 2024-01-01
- 1e3
- '1.10'
license: mit
---
Words.
"""
path = Path("README.md")
path.write_text(WRITTEN)
ModelCard.load(path).save(path)
saved = path.read_text()
print(saved)
assert saved.strip() == SAVED.strip(), f"behaviour has changed: {saved}"

path.write_text(WRITTEN)
metadata_save(path, {**metadata_load(path), "license": "isc"})
changed = path.read_text()
expected = SAVED.replace("license: mit", "license: isc")
assert changed.strip() == expected.strip(), f"behaviour has changed: {changed}"
print("as seen: saving a card rewrites the values of keys that nobody touched")
PY
