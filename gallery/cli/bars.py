"""Progress bars on a terminal: one for all models, and one for each that is being built."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress import TaskID as Row


class Bars:
    """Progress bars, shown from construction until `stop`."""

    def __init__(self, stream: TextIO) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(file=stream, highlight=False, soft_wrap=True),
            transient=True,
        )
        self._whole = self._progress.add_task("models", total=0)
        self._total = 0
        self._rows: dict[str, Row] = {}
        self._progress.start()

    def expect(self) -> None:
        """Count one more waiting model."""
        self._total += 1
        self._progress.update(self._whole, total=self._total)

    def say(self, line: str) -> None:
        """Print a line above the bars."""
        self._progress.console.out(line, highlight=False)

    def begin(self, name: str) -> None:
        """Add the bar of a model that is being built."""
        self._rows[name] = self._progress.add_task(escape(name), total=None)

    def step(self, name: str, label: str, *, ended: bool) -> None:
        """Update the bar of a model when a stage begins or ends."""
        if name in self._rows:
            self._progress.update(self._rows[name], description=escape(label), advance=ended)

    def end(self, name: str) -> None:
        """Count a finished model and remove its bar."""
        self._progress.advance(self._whole)
        if name in self._rows:
            self._progress.remove_task(self._rows.pop(name))

    def stop(self) -> None:
        """Remove the bars."""
        self._progress.stop()
