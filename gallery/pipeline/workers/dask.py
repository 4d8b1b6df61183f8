"""Runs jobs on the workers of a Dask cluster (extra `dask`).

A task carries the model's bytes and the results that the cache already has. On the worker's machine
it runs the job in a process of its own, with the same limits as here and a cache in a temporary
directory, and sends back what was made as records and files. The machines need the same versions of
the packages, but share nothing else.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gallery.cache import Cache
from gallery.errors import SettingsError
from gallery.pipeline.plan import ModelPlan, outcome_key, versions
from gallery.pipeline.products import results_of
from gallery.pipeline.workers.supervisor import Job, Result, supervise

try:
    from distributed import Client, as_completed, get_worker
except ImportError as missing:
    raise SettingsError(
        "a cluster needs Dask, which is not installed",
        hint="run `pip install 'gallery-of-networks[dask]'`, or omit --scheduler",
    ) from missing

_TIMEOUT = 15
"""Seconds to wait for a scheduler to answer."""

Listener = Callable[[Job, dict[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """Results that are sent from one cache to another.

    Attributes:
        records: The cache's records, by key.
        files: Content by SHA-256.
    """

    records: dict[str, str]
    files: dict[str, bytes]


def pack(keys: list[str], cache: Cache) -> Shipment:
    """The results with these keys, as far as a cache has them."""
    entries = {key: entry for key in keys if (entry := cache.get(key))}
    files = [file for entry in entries.values() for file in entry.files.values()]
    return Shipment(
        records={key: cache.text(key) for key in entries},
        files={file.sha256: file.path.read_bytes() for file in files},
    )


def unpack(shipment: Shipment, cache: Cache) -> None:
    """Put results into a cache; incomplete ones are skipped."""
    for key, text in shipment.records.items():
        cache.adopt(key, text, shipment.files.get)


def distribute(
    jobs: deque[Job], scheduler: str, cache: Cache, listen: Listener
) -> Generator[Result, None, None]:
    """Run jobs on a cluster until none are left; the caller may append more while it takes results.

    Args:
        jobs: Taken from the left.
        scheduler: The scheduler's address ("tcp://host:8786").
        cache: Receives the results.
        listen: Called when a job is submitted.

    Yields:
        One result per job, in the order in which the jobs end.

    Raises:
        SettingsError: No scheduler answers at the address, or it has no workers.
    """
    with _client(scheduler) as client:
        threads = sum(client.nthreads().values())
        if not threads:
            found = f"the scheduler {scheduler} has no workers"
            raise SettingsError(found, hint="start `dask worker` on at least one machine")
        running: dict[Any, Job] = {}
        ended = as_completed(loop=client.loop)
        while jobs or running:
            # Two per thread: a worker has its next model at hand, but not all wait in memory.
            while jobs and len(running) < 2 * threads:
                job = jobs.popleft()
                future = _submit(client, job, cache)
                running[future] = job
                ended.add(future)
                listen(job, {"event": "start"})
            future = next(ended)
            yield _result(future, running.pop(future), cache)


def _client(scheduler: str) -> Client:
    try:
        return Client(scheduler, timeout=_TIMEOUT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        found = f"no Dask scheduler answers at {scheduler}: {error}"
        raise SettingsError(found, hint="give the address that `dask scheduler` prints") from error


def _submit(client: Client, job: Job, cache: Cache) -> Any:
    plan: ModelPlan = job.order[0]
    keys = [key for _, _, key in results_of(plan)]
    load = (plan.file.path.read_bytes(), pack(keys, cache))
    # Scattered, because large arguments should not go through the scheduler.
    there = client.scatter(load, hash=False)
    return client.submit(run_there, plan, there, pure=False)


def run_there(plan: ModelPlan, load: tuple[bytes, Shipment]) -> tuple[Result, Shipment]:
    """Run the job of one model on a worker of the cluster.

    Args:
        plan: The model's plan.
        load: The content of the model's file, and the results that already exist.

    Returns:
        How the job ended, and what was made.
    """
    worker = get_worker()
    cores = max(1, (os.cpu_count() or 1) // worker.state.nthreads)
    environment = {"NUMBA_NUM_THREADS": str(cores), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory(prefix="gallery-") as folder:
        content, known = load
        path = Path(folder) / f"{plan.file.slug}.onnx"
        path.write_bytes(content)
        cache = Cache(Path(folder) / "cache")
        unpack(known, cache)
        here = replace(plan, file=replace(plan.file, path=path, stamp=None))
        order = (here, str(cache.directory))
        job = Job(name=plan.file.slug, order=order, limits=plan.limits)
        if hashlib.sha256(content).hexdigest() != plan.file.digest:
            found = f"{plan.file.relative} was changed during the build"
            changed = _ended(job, "failed", found, "build again")
            return changed, Shipment(records={}, files={})
        if versions() != plan.versions:
            return _other_version(job, worker.address), Shipment(records={}, files={})
        (result,) = supervise(deque([job]), 1, lambda _job, _event: None, environment)
        keys = [key for _, _, key in results_of(plan) if key not in known.records]
        return result, pack([outcome_key(plan), *keys], cache)


def _other_version(job: Job, address: str) -> Result:
    return _ended(
        job,
        "failed",
        f"the worker {address} has another version of the program or of its libraries",
        "install the same versions on all machines",
    )


def _result(future: Any, job: Job, cache: Cache) -> Result:
    """The result of a job; a worker that died affects only this one."""
    error = future.exception()
    if error is not None:
        what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        hint = "see the logs of the cluster; the other models are not affected"
        return _ended(job, "crash", f"the cluster could not run the job: {what}", hint)
    result: Result
    made: Shipment
    result, made = future.result()
    unpack(made, cache)
    return replace(result, job=job)


def _ended(job: Job, ending: str, detail: str, hint: str) -> Result:
    return Result(
        job=job,
        events=(),
        ending=ending,
        stage="cluster",
        detail=detail,
        hint=hint,
        seconds=0.0,
        peak_bytes=0,
        log="",
    )
