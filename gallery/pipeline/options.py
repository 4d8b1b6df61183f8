"""How a build runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Listener = Callable[[str, dict[str, Any]], None]
"""Called with the path of a model and an event, whose kind is under "event".

"known" or "wait" says whether the cache has everything of a model or it has to be built. "start"
comes when a worker takes it; "step", with `stage`, `what` and `seconds` (None at the start), comes
when a stage or product starts or ends. "done", "failed", "crash", "time" or "memory", with `found`,
comes at the end; after "smaller", with `ending`, the model waits to be built with a quarter of the
vertices. "compiling", with the path "", comes before all of them if this machine has to compile the
program first.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """How a build runs; nothing here changes what a model looks like.

    Attributes:
        cache: Directory of the cache, or None for `.cache/gallery` beside the site.
        jobs: Number of workers, or 0 for one per core.
        scheduler: Address of the Dask scheduler to run on, or "".
        strict: Whether the first failure ends the build without a new site.
        dry_run: Whether only to report what would be made.
        reuse: Earlier sites to reuse results from, such as the last deployment.
        shard: (i, n) to build part i of n of the collection, for `merge`; or None.
        links: Links of models and sidecars may lead out of the models directory into this one, such
            as the root of a Hugging Face cache; None if they may not lead out.
        listen: Called with each event.
    """

    cache: Path | None = None
    jobs: int = 0
    scheduler: str = ""
    strict: bool = False
    dry_run: bool = False
    reuse: tuple[Path, ...] = ()
    shard: tuple[int, int] | None = None
    links: Path | None = None
    listen: Listener = field(default=lambda _path, _event: None)
