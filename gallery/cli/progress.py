"""The progress of a build: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from gallery.cli.messages import say
from gallery.rendering.ahead import Kernel, compiled, compiling
from gallery.text import visible

if TYPE_CHECKING:
    from gallery.cli.bars import Bars
    from gallery.pipeline.stages import Step

COMPILING = "first run: the program compiles itself, which takes a minute or two and happens once"
"""Said where it has to: nothing else would be seen for that time."""

_ENDINGS = {"done", "failed", "crash", "time", "memory"}


class Progress:
    """Shows the progress of a build; pass its `listen` to the pipeline."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._started: dict[str, float] = {}
        self._bars: Bars | None = None
        self._shows_bars = stream.isatty()

    def __enter__(self) -> Self:
        """Start; bars appear with the first model that has to be built."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the bars."""
        if self._bars:
            self._bars.stop()

    def listen(self, model: str, event: dict[str, Any]) -> None:
        """Show an event of a model."""
        if event["event"] == "compiling":
            (self._bars.say if self._bars else self._say)(COMPILING)
            return
        name = visible(model)[:80]
        if event["event"] == "start":
            self._started[model] = time.monotonic()
        if self._shows_bars:
            self._show(name, event)
        elif event["event"] in _ENDINGS:
            seconds = time.monotonic() - self._started.get(model, time.monotonic())
            state = "done" if event["event"] == "done" else "failed"
            self._say(f"{name}: {state} in {seconds:.1f} s")
        elif event["event"] == "smaller":
            self._say(f"{name}: over its limits; trying again with a quarter of the vertices")

    def _say(self, line: str) -> None:
        say(line, self._stream)

    def _show(self, name: str, event: dict[str, Any]) -> None:
        what = event["event"]
        if what == "known":
            return
        if self._bars is None:
            # A build with nothing to make needs no bars and must not wait for rich.
            from gallery.cli.bars import Bars  # noqa: PLC0415

            self._bars = Bars(self._stream)
        if what == "wait":
            self._bars.expect()
        elif what == "start":
            self._bars.begin(name)
        elif what == "step":
            label = f"{name}: {event['stage']} {event['what']}".rstrip()
            self._bars.step(name, label, ended=event["seconds"] is not None)
        elif what in _ENDINGS:
            self._bars.end(name)


@contextmanager
def steps_of(model: str, *needed: Kernel) -> Iterator[Callable[[Step], None]]:
    """Show the steps of one model; where the program has to compile itself, say so.

    Nothing is said before the model has been read: most errors are found until then.

    Args:
        model: Its name.
        needed: Kernels that are needed besides those of every scan.

    Yields:
        What is to be told of each step.
    """
    with compiling() as ahead, Progress(sys.stderr) as progress:
        untold = ahead is not None or not all(map(compiled, needed))
        progress.listen(model, {"event": "wait"})
        progress.listen(model, {"event": "start"})

        def show(step: Step) -> None:
            nonlocal untold
            if untold and step.stage != "load":
                untold = False
                progress.listen("", {"event": "compiling"})
            told = {"stage": step.stage, "what": step.what, "seconds": step.seconds}
            progress.listen(model, {"event": "step", **told})

        yield show
        if ahead:  # what it has not compiled yet, the next command would have to
            ahead.wait()
