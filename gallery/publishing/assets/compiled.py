"""Templates that this process has compiled before, for example for the site of an edit ago."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

_MOST = 500
"""Most templates that are kept; a site has some twenty."""

_kept: dict[tuple[str, str, str], CodeType] = {}


class Compiled(BytecodeCache):
    """Jinja's cache of templates, in memory: compiling those of a site takes half a second.

    Jinja computes what is constant while it compiles, such as a filter of a number, so that code
    depends on the texts that filters use, besides the template's name, file and source.
    """

    def __init__(self, texts: Mapping[str, Any]) -> None:
        self._texts = hashlib.sha256(
            json.dumps(texts, sort_keys=True, default=str).encode()
        ).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template its code, if it is known."""
        bucket.code = _kept.get(self._key(bucket))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        if bucket.code is None:
            return
        if len(_kept) >= _MOST:
            _kept.clear()
        _kept[self._key(bucket)] = bucket.code

    def _key(self, bucket: Bucket) -> tuple[str, str, str]:
        return self._texts, bucket.key, bucket.checksum
