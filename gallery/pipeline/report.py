"""What a build did: what was made, taken from the cache or failed, and the exit status."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from gallery.errors import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRun:
    """One stage of one model.

    Attributes:
        stage: "load", "lower", "layout", "render", ...
        what: Which of its results ("hero", "training 20000", ...), or "".
        seconds: How long it took; 0 if it was taken from the cache.
        cached: Whether it was taken from the cache.
    """

    stage: str
    what: str
    seconds: float
    cached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport:
    """The report on one model.

    Attributes:
        slug: Its name in URLs.
        path: Its path relative to the models directory.
        status: "done", "failed" or "skipped" (not reached in a strict build).
        stages: In the order in which they ended.
        failure: Why there is no scan, or None.
        notes: Fallbacks, unknown operators, smaller budgets; sentences.
        seconds: How long the worker took.
        peak_bytes: Peak resident memory of the worker, measured from outside; 0 if none ran.
    """

    slug: str
    path: str
    status: str
    stages: tuple[StageRun, ...] = ()
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    peak_bytes: int = 0

    @property
    def unchanged(self) -> bool:
        """Whether everything came from the cache."""
        return self.status == "done" and all(run.cached for run in self.stages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The report on a build.

    Attributes:
        models: In the order of their paths.
        site: Where the site is, or None if none was written.
        changed: Whether the site differs from the one before.
        files: Number of files in the site.
        bytes: Their total size.
        edited: Files of the site that were edited by hand and have been replaced.
        notes: What else the user should know, in sentences.
        seconds: How long the whole build took.
    """

    models: tuple[ModelReport, ...]
    site: Path | None = None
    changed: bool = False
    files: int = 0
    bytes: int = 0
    edited: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def done(self) -> tuple[ModelReport, ...]:
        """Models that are shown."""
        return tuple(model for model in self.models if model.status == "done")

    @property
    def failed(self) -> tuple[ModelReport, ...]:
        """Models whose card says what is wrong."""
        return tuple(model for model in self.models if model.status == "failed")

    @property
    def skipped(self) -> tuple[ModelReport, ...]:
        """Models that were not reached."""
        return tuple(model for model in self.models if model.status == "skipped")

    @property
    def return_code(self) -> int:
        """Exit status: 0 all built, 1 some failed or skipped."""
        return 1 if self.failed or self.skipped else 0

    def made(self) -> dict[str, int]:
        """How many results of each stage were made rather than taken from the cache."""
        runs = (run.stage for model in self.models for run in model.stages if not run.cached)
        return dict(sorted(Counter(runs).items()))
