"""What a person sees while the work goes on: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self, TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

_ENDINGS = {"done", "failed", "crash", "time", "memory"}


class Progress:
    """Follows a build; give its `listen` to the pipeline."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False, soft_wrap=True)
        self._started: dict[str, float] = {}
        self._bars: Bars | None = None
        if self._console.is_terminal:
            self._bars = Bars(
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )
            self._whole = self._bars.add_task("models", total=0)
            self._rows: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        """Show the bars."""
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bars away."""
        if self._bars:
            self._bars.stop()

    def listen(self, model: str, event: dict[str, Any]) -> None:
        """Show an event of a model."""
        name = "".join(letter if letter.isprintable() else "?" for letter in model)[:80]
        if event["event"] == "start":
            self._started[model] = time.monotonic()
        if self._bars:
            self._show(name, event)
        elif event["event"] in _ENDINGS:
            seconds = time.monotonic() - self._started.get(model, time.monotonic())
            state = "done" if event["event"] == "done" else "failed"
            self._console.print(escape(f"{name}: {state} in {seconds:.1f} s"))
        elif event["event"] == "smaller":
            self._console.print(escape(f"{name}: over its limits; tried with a smaller budget"))

    def _show(self, name: str, event: dict[str, Any]) -> None:
        assert self._bars is not None
        what = event["event"]
        if what == "wait":
            total = (self._bars.tasks[self._whole].total or 0) + 1
            self._bars.update(self._whole, total=total)
        elif what == "start":
            steps = event.get("steps", 1)
            self._rows[name] = self._bars.add_task(escape(name), total=steps)
        elif what == "step" and name in self._rows:
            row = self._rows[name]
            label = escape(f"{name}: {event['stage']} {event['what']}".rstrip())
            self._bars.update(row, description=label, advance=event["seconds"] is not None)
        elif what in _ENDINGS:
            self._bars.advance(self._whole)
            if name in self._rows:
                self._bars.remove_task(self._rows.pop(name))
