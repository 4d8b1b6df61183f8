"""Templates that were compiled before: by this process, or by an earlier one."""

from __future__ import annotations

import hashlib
import json
import marshal
import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from gallery.fingerprint import fingerprint

_MOST = 500
"""Most templates that are kept in memory; a site has some twenty."""

_BY = "gallery.publishing.assets.templates"
"""The module that sets up the environment, whose code and libraries shape what is compiled."""

_kept: dict[str, CodeType] = {}


class Compiled(BytecodeCache):
    """Jinja's cache of templates: compiling those of a site takes half a second.

    Jinja computes what is constant while it compiles, such as a filter of a number, so that code
    depends on the texts that filters use, besides the template's name, file and source.

    The program's own templates are kept on disk as well, where Python keeps the program's compiled
    modules: whoever can write there can change the program anyway. Code is never read from a cache
    of results, which may come from elsewhere.
    """

    def __init__(self, texts: Mapping[str, Any], *, on_disk: bool = False) -> None:
        """Begin with what this process has kept.

        Args:
            texts: The texts of the pages.
            on_disk: Whether all templates are the program's own.
        """
        told = json.dumps(texts, sort_keys=True, default=str)
        self._shaped_by = hashlib.sha256(f"{fingerprint(_BY)} {told}".encode()).hexdigest()
        self._folder = Path(cache_from_source(__file__)).parent if on_disk else None

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template its code, if it is known."""
        key = self._key(bucket)
        bucket.code = _kept.get(key) or self._read(bucket, key)
        if bucket.code is not None:
            _kept[key] = bucket.code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        if bucket.code is None:
            return
        if len(_kept) >= _MOST:
            _kept.clear()
        key = self._key(bucket)
        _kept[key] = bucket.code
        if self._folder and not sys.dont_write_bytecode:
            code = marshal.dumps(bucket.code)
            with suppress(OSError):  # an installation that nobody may write to
                _write(self._file(bucket), _digest(key, code) + code)

    def _read(self, bucket: Bucket, key: str) -> CodeType | None:
        """The code that is kept on disk, if it is whole and of this template."""
        if self._folder is None:
            return None
        with suppress(OSError, ValueError, EOFError, TypeError):
            content = self._file(bucket).read_bytes()
            digest, code = content[:32], content[32:]
            if digest == _digest(key, code):
                found = marshal.loads(code)  # noqa: S302 - as Python does with its own modules
                return found if isinstance(found, CodeType) else None
        return None

    def _file(self, bucket: Bucket) -> Path:
        assert self._folder is not None
        return self._folder / f"template-{bucket.key}.{sys.implementation.cache_tag}.bin"

    def _key(self, bucket: Bucket) -> str:
        return f"{sys.version} {self._shaped_by} {bucket.key} {bucket.checksum}"


def _digest(key: str, code: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\0" + code).digest()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).replace(path)
