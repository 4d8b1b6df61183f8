"""The worker process, which makes the results: `python -m gallery.pipeline.workers.worker`.

It reads pickled orders (a plan and the cache's directory) from its standard input, one after
another. It writes one line of JSON to its standard output for each stage that starts or ends, and a
last one for each job with how it ended. Results go into the cache. The supervisor in the parent
process enforces the limits from outside; when that process is gone, the worker ends too.

With the arguments "ahead" and a directory for its files, it gets ready before its first order.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import IO, Any

from gallery.cache import Cache
from gallery.errors import ChangedFileError, GalleryError, system_error
from gallery.pipeline.garbage import look_rarely
from gallery.pipeline.memory import keep_freed
from gallery.pipeline.plan import ModelPlan
from gallery.pipeline.products import make_all
from gallery.pipeline.stages import Stages, Step
from gallery.pipeline.workers.orders import Orders
from gallery.pipeline.workers.warm import warm_up


def main() -> None:
    """Run the jobs on standard input; the process ends when that closes."""
    look_rarely()
    keep_freed()
    events = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    # Whatever a library prints must not mix with the events.
    os.dup2(2, 1)
    orders = Orders()
    if sys.argv[1:2] == ["ahead"]:
        warm_up(Path(sys.argv[2]), orders.waiting)
        _write(events, event="ready")
    for plan, cache in orders:
        ending = _work(plan, Cache(Path(cache)), events)
        # The supervisor reads the log as soon as it knows how the job ended.
        sys.stderr.flush()
        _write(events, **ending)


def _work(plan: ModelPlan, cache: Cache, events: IO[str]) -> dict[str, Any]:
    running = ["start"]

    def notify(step: Step) -> None:
        if step.seconds is None:
            running.append(step.stage)
        else:
            running.pop()
        _write(events, event="step", stage=step.stage, what=step.what, seconds=step.seconds)

    try:
        make_all(Stages(plan, cache, notify))
    except GalleryError as error:
        return _failure(error.stage, error.found, error.hint, lasting=_lasts(error))
    except MemoryError:
        return _failure(
            running[-1], "the model needs more memory than is available", "lower `vertices`"
        )
    except OSError as error:
        return _failure(running[-1], *system_error(error))
    except Exception as error:  # a bug affects only this model; the log has its traceback
        traceback.print_exc()
        found = f"a bug in the program: {type(error).__name__}: {error}"[:500]
        return _failure(running[-1], found, "report it with the log of `gallery build -v`")
    return {"event": "done"}


def _failure(stage: str, found: str, hint: str, *, lasting: bool = False) -> dict[str, Any]:
    return {"event": "failed", "stage": stage, "found": found, "hint": hint, "lasting": lasting}


def _lasts(error: BaseException | None) -> bool:
    """Whether an error is caused by the model's content alone, not by the state of the machine."""
    while error is not None:
        if isinstance(error, OSError | MemoryError | ChangedFileError):
            return False
        error = error.__cause__ or error.__context__
    return True


def _write(events: IO[str], **fields: Any) -> None:
    events.write(json.dumps(fields) + "\n")
    events.flush()


if __name__ == "__main__":
    main()
