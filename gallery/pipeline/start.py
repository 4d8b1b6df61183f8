"""The start of a build: if models have changed since the last one, a worker gets ready at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gallery.cache import Cache
from gallery.pipeline import seen
from gallery.pipeline.options import BuildOptions
from gallery.pipeline.schedule import worker_ahead
from gallery.pipeline.workers.started import Ahead


@dataclass(slots=True, eq=False)
class Start:
    """The start of a build, which ends a worker that nobody took.

    Attributes:
        models: The models directory.
        site: The site.
        cache: Remembers what the models were.
        options: How the build runs.
        worker: The worker, or None.
        stamp: What the models are, or "" if that does not matter.
    """

    models: Path
    site: Path
    cache: Cache
    options: BuildOptions
    worker: Ahead | None = None
    stamp: str = ""

    def __enter__(self) -> Start:
        if not (self.options.dry_run or self.options.scheduler or self.options.shard):
            self.stamp = seen.stamp_of(self.models)
            if seen.has_changed(self.models, self.site, self.stamp, self.cache):
                self.worker = worker_ahead(self.options)
        return self

    def __exit__(self, *_: object) -> None:
        if self.worker:
            self.worker.close()

    def done(self) -> None:
        """Remember the models as they were at the start, for the next build."""
        if self.stamp:
            seen.remember(self.models, self.site, self.stamp, self.cache)
