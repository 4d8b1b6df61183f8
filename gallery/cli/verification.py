"""A verification as text."""

from __future__ import annotations

from gallery.pipeline.verify import VERDICTS, Verification


def one_line(result: Verification) -> str:
    """The verification in one line."""
    models = len(result.models)
    counts = ", ".join(f"{result.count(verdict)} {verdict}" for verdict in VERDICTS)
    text = f"{models} of {models + result.others} models made again: {counts}"
    if result.others:
        rest = f"{result.skipped} files that show other models were not compared"
        text += f"; {rest}, give --all for that"
    return text
