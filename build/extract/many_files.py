"""The same work in processes of this machine, or on a Dask cluster: results in the order they come."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

from build.errors import WorkerError
from edge.live.batch import interrupts_left_to_us

Item = TypeVar("Item")
Result = TypeVar("Result")

#: How long a scheduler and its first worker may take to answer.
CLUSTER_TIMEOUT_S = 20


def in_processes(work: Callable[[Item], Result], items: Iterable[Item], jobs: int) -> Generator[Result, None, None]:
    """Yield ``work(item)`` of all items from ``jobs`` processes; closing the generator waits for what is running."""
    # One thread each: NumPy would start as many as there are cores in every process.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Not forked: the progress bar's thread may hold a lock at that moment.
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
    try:
        with interrupts_left_to_us():
            futures = [pool.submit(work, item) for item in items]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise WorkerError("a process was killed, perhaps for memory; run the same command with fewer --jobs") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def on_cluster(work: Callable[[Item], Result], items: Iterable[Item], address: str) -> Generator[Result, None, None]:
    """Yield ``work(item)`` of all items from the workers of the Dask scheduler at ``address``."""
    try:
        import distributed
    except ImportError as error:
        raise WorkerError("--scheduler needs Dask: pip install -e '.[dask]'") from error
    try:
        client = distributed.Client(address, timeout=CLUSTER_TIMEOUT_S)
        client.wait_for_workers(1, timeout=CLUSTER_TIMEOUT_S)
    except (OSError, ValueError) as error:
        raise WorkerError(f"no Dask scheduler with workers answers at {address}; is it running?") from error
    with client:
        # Not pure: Dask would otherwise answer with what a file of that name gave before.
        futures = client.map(work, list(items), pure=False)
        try:
            for future in distributed.as_completed(futures):
                yield future.result()
        except ImportError as error:
            raise WorkerError(f"the cluster's workers lack our code ({error}); start them in this checkout") from error
        finally:
            client.cancel(futures)
