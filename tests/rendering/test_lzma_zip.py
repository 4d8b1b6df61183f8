"""Archives that every reader of ZIP with LZMA understands."""

from __future__ import annotations

import io
import zipfile

import numpy as np

from gallery.rendering.files.lzma_zip import lzma_zip


def test_zipfile_reads_what_was_written() -> None:
    numbers = np.arange(40_000, dtype=np.int32) // 7
    members = {"empty": b"", "numbers.npy": numbers.tobytes(), "name ä": b"text" * 5}
    made = lzma_zip(members, b"a comment")
    assert made == lzma_zip(members, b"a comment")
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == members
        assert archive.comment == b"a comment"
    assert len(made) < numbers.nbytes / 20
