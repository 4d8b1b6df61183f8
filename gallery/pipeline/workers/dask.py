"""Runs jobs on the workers of a Dask cluster (extra `dask`).

A task carries the model's bytes and the results that the cache already has. On the worker's machine
it runs the job in a process of its own, with the same limits as here and a cache in a temporary
directory, and sends back what was made as records and files. The machines need the same versions of
the packages, but share nothing else.

A worker that dies harms the jobs that it had: these are submitted again, a few times. What it sends
is read like any other foreign file. Dask itself unpickles messages, so whoever controls the
scheduler controls all machines of a cluster, this one too.
"""

from __future__ import annotations

import logging
import os
import queue
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from gallery.cache import Cache
from gallery.discovery.discover import check_unchanged
from gallery.errors import ClusterError, GalleryError, SettingsError
from gallery.files import read_regular
from gallery.pipeline.plan import ModelPlan
from gallery.pipeline.products import results_of
from gallery.pipeline.workers.jobs import Job, Result
from gallery.pipeline.workers.releases import differences, releases
from gallery.pipeline.workers.shipment import Shipment, decode, encode, pack, unpack
from gallery.pipeline.workers.supervisor import supervise
from gallery.pipeline.workers.temporary import temporary_folder

try:
    from distributed import Client, get_worker
except ImportError as missing:
    raise SettingsError(
        "a cluster needs Dask, which is not installed",
        hint="run `pip install 'gallery-of-networks[dask]'`, or omit --scheduler",
    ) from missing

_TIMEOUT = 15
"""Seconds to wait for a scheduler to answer."""

_PATIENCE = 15
"""Seconds to wait for a worker where there is none."""

_POLL = 1.0
"""Seconds between two looks at the cluster while no job ends."""

_ATTEMPTS = 3
"""How often a job is submitted whose workers die."""

_SAME = "install the same versions on all machines"

Listener = Callable[[Job, dict[str, Any]], None]


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
        SettingsError: No scheduler answers at the address, it has no workers, or their versions
            differ from those here.
        ClusterError: The scheduler or all workers have gone; what they made is in the cache.
    """
    with _quiet(), _client(scheduler) as client:
        threads = _check_workers(client, scheduler)
        running: dict[Any, Job] = {}
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        attempts: Counter[str] = Counter()
        while jobs or running:
            # Two per thread: a worker has its next model at hand, but not all wait in memory.
            while jobs and len(running) < 2 * threads:
                job = jobs.popleft()
                listen(job, {"event": "start"})
                try:
                    future = _submit(client, job, cache)
                except GalleryError as error:  # the model's file has gone or changed
                    ended = _ended(job, "failed", error.found, error.hint)
                    yield replace(ended, stage=error.stage)
                    continue
                except (OSError, TimeoutError, RuntimeError) as error:
                    # The worker that was chosen may have died a moment ago.
                    attempts[job.name] += 1
                    if attempts[job.name] >= _ATTEMPTS or not _alive(client):
                        raise _gone(client, scheduler) from error
                    jobs.appendleft(job)
                    time.sleep(_POLL)
                    continue
                running[future] = job
                future.add_done_callback(answers.put)
            if not running:
                continue
            future = _next(answers, client, scheduler)
            job = running.pop(future)
            attempts[job.name] += 1
            lost = future.status in ("cancelled", "lost")
            if lost and client.status != "running":
                raise _gone(client, scheduler)
            if lost and attempts[job.name] < _ATTEMPTS:
                jobs.appendleft(job)
            else:
                yield _result(future, job, cache)


def _next(answers: queue.SimpleQueue[Any], client: Client, scheduler: str) -> Any:
    """The next future that has ended.

    Raises:
        ClusterError: The scheduler does not answer, or has had no workers for a while.
    """
    since = time.monotonic()
    while True:
        try:
            return answers.get(timeout=_POLL)
        except queue.Empty:
            if _alive(client):
                since = time.monotonic()
            if time.monotonic() - since > _PATIENCE:
                raise _gone(client, scheduler) from None


def _alive(client: Client) -> bool:
    """Whether the scheduler answers and has workers."""
    try:
        return client.status == "running" and _threads(client) > 0
    except (OSError, TimeoutError, RuntimeError):
        return False


def _gone(client: Client, scheduler: str) -> ClusterError:
    there = client.status == "running"
    found = "has no workers left" if there else "no longer answers"
    hint = f"start {'workers' if there else 'it'} and build again; what was made is in the cache"
    return ClusterError(f"the scheduler {scheduler} {found}", hint=hint)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask and Tornado from reporting what is reported here, unless the user wants it all."""
    if logging.getLogger().isEnabledFor(logging.INFO):
        yield
        return
    names = [*logging.root.manager.loggerDict, "asyncio"]
    ours = ("distributed", "tornado", "asyncio")
    loggers = [logging.getLogger(name) for name in names if name.partition(".")[0] in ours]
    before = [one.disabled for one in loggers]
    for one in loggers:
        one.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for one, value in zip(loggers, before, strict=True):
            one.disabled = value


@contextmanager
def _client(scheduler: str) -> Iterator[Client]:
    try:
        client = Client(scheduler, timeout=_TIMEOUT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        found = f"no Dask scheduler answers at {scheduler}: {error}"
        raise SettingsError(found, hint="give the address that `dask scheduler` prints") from error
    try:
        yield client
    finally:
        with suppress(OSError, TimeoutError, RuntimeError):
            client.close(timeout=_TIMEOUT if client.status == "running" else 1)


def _threads(client: Client) -> int:
    """How many threads the workers have."""
    known = client.sync(client.scheduler.ncores, callback_timeout=_TIMEOUT)
    return sum(known.values())


def _check_workers(client: Client, scheduler: str) -> int:
    """How many threads the workers have; all must have the versions of this machine."""
    try:
        threads = _threads(client)
        found = client.run(releases, on_error="return") if threads else {}
    except (OSError, TimeoutError, RuntimeError) as error:
        raise _gone(client, scheduler) from error
    if not threads:
        hint = "start `dask worker` on at least one machine"
        raise SettingsError(f"the scheduler {scheduler} has no workers", hint=hint)
    for address, theirs in found.items():
        if not isinstance(theirs, Mapping):
            problem = f"cannot run the program: {_line(theirs)}"
        elif differ := differences(theirs, releases()):
            problem = f"has {differ}"
        else:
            continue
        raise SettingsError(f"the worker {address} {problem}", hint=_SAME)
    return threads


def _submit(client: Client, job: Job, cache: Cache) -> Any:
    plan: ModelPlan = job.order[0]
    keys = [key for _, _, key in results_of(plan)]
    check_unchanged(plan.file)  # and against its digest when it is loaded
    load = (read_regular(plan.file.path, plan.file.bytes), encode(pack(keys, cache)))
    # Scattered, because large arguments should not go through the scheduler.
    there = client.scatter(load, hash=False, timeout=_PATIENCE)
    return client.submit(run_there, plan, there, releases(), pure=False)


def run_there(plan: ModelPlan, load: tuple[bytes, bytes], wanted: Mapping[str, str]) -> bytes:
    """Run the job of one model on a worker of the cluster.

    Args:
        plan: The model's plan.
        load: The content of the model's file, and the results that already exist.
        wanted: The releases that this machine must have.

    Returns:
        How the job ended and what was made, for `decode`.
    """
    worker = get_worker()
    cores = max(1, (os.cpu_count() or 1) // worker.state.nthreads)
    environment = {"NUMBA_NUM_THREADS": str(cores), "OMP_NUM_THREADS": "1"}
    content, known = load
    job = Job(name=plan.file.slug, order=None, limits=plan.limits)
    if differ := differences(releases(), wanted):
        found = f"the worker {worker.address} has {differ}"
        return encode(Shipment(), _ended(job, "failed", found, _SAME))
    with temporary_folder() as folder:
        path = folder / f"{plan.file.slug}.onnx"
        path.write_bytes(content)
        cache = Cache(folder / "cache")
        there, _ = decode(known, job)
        unpack(there, plan, cache)
        here = replace(plan, file=replace(plan.file, path=path, stamp=None))
        job = replace(job, order=(here, str(cache.directory)))
        (result,) = supervise(deque([job]), 1, lambda _job, _event: None, environment)
        keys = [key for _, _, key in results_of(plan) if key not in there.records]
        return encode(pack(keys, cache), result)


def _result(future: Any, job: Job, cache: Cache) -> Result:
    """The result of a job; a worker that died affects only this one."""
    hint = "see the logs of the cluster; the other models are not affected"
    if future.status in ("cancelled", "lost"):
        found = f"the workers that ran the job have died, {_ATTEMPTS} times"
        return _ended(job, "crash", found, hint)
    error = future.exception()
    if error is not None:
        return _ended(job, "crash", f"the cluster could not run the job: {_line(error)}", hint)
    try:
        made, result = decode(future.result(), job)
        if result is None:
            raise ValueError("it does not say how the job ended")
        unpack(made, job.order[0], cache)
    except ValueError as error:
        return _ended(job, "crash", f"the cluster's answer is damaged: {error}", hint)
    return result


def _line(error: object) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


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
