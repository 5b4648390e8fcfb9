"""Parallel work, in processes of this machine or on a Dask cluster."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import BrokenProcessPool
from threadpoolctl import threadpool_limits

from build.console import progress
from build.errors import WorkerError

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Timeout in seconds for a scheduler and its first worker.
CLUSTER_TIMEOUT_S = 20
#: Fewer items than this take less time than starting a process.
WORTH_A_PROCESS = 20
#: Seconds between a worker's checks that its parent process is alive.
PARENT_CHECK_S = 1.0


def in_order(work: Callable[[Item], Result], items: Sequence[Item], what: str) -> list[Result]:
    """Return ``work(item)`` of all items, in order, using processes if there are enough items, with a progress bar."""
    jobs = max(1, min(os.cpu_count() or 1, len(items) // WORTH_A_PROCESS))
    results: dict[int, Result] = {}
    with progress() as bar, closing(in_processes(partial(_numbered, work), list(enumerate(items)), jobs)) as running:
        results.update(bar.track(running, total=len(items), description=what))
    return [results[number] for number in range(len(items))]


def _numbered(work: Callable[[Item], Result], item: tuple[int, Item]) -> tuple[int, Result]:
    return item[0], work(item[1])


def in_processes(work: Callable[[Item], Result], items: Iterable[Item], jobs: int) -> Generator[Result, None, None]:
    """Yield ``work(item)`` of all items as they are done, from ``jobs`` processes (1: from this one).

    Each has one thread for NumPy. Closing the generator stops what is still running; when this process dies for any
    reason, its workers end too.
    """
    if jobs == 1:
        with threadpool_limits(1, "blas"):  # as in a worker: the order of BLAS's sums depends on its threads
            yield from map(work, items)
        return
    parallel = Parallel(
        n_jobs=jobs,
        return_as="generator_unordered",
        inner_max_num_threads=1,
        initializer=_begin_worker,
        initargs=(os.getpid(),),
    )
    try:
        with _interrupts_left_to_us():
            running = parallel(delayed(work)(item) for item in items)
        with closing(running):
            yield from running
    except BrokenProcessPool as error:
        raise WorkerError("a process was killed, perhaps for memory; run the same command with fewer --jobs") from error


def _begin_worker(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """Exit once the parent process has died, which a waiting worker would not notice."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_S)
    os._exit(1)


@contextmanager
def _interrupts_left_to_us() -> Iterator[None]:
    """Make child processes ignore SIGINT from their start on: a terminal sends it to them too.

    Outside the main thread this cannot be changed and nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


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
        _show_checkout(client)
        # Not pure: Dask would otherwise return the earlier result for a file of that name.
        futures = client.map(work, list(items), pure=False)
        try:
            for future in distributed.as_completed(futures):
                yield future.result()
        except ImportError as error:
            raise WorkerError(
                f"the cluster's workers lack a package ({error}); start them in this environment"
            ) from error
        finally:
            client.cancel(futures)


def _show_checkout(client: Any) -> None:
    """Make our code, which is not installed, importable on scheduler and workers; ``WorkerError`` if that fails."""
    import cloudpickle

    from build.extract import checkout_plugin

    root = Path(__file__).resolve().parents[2]
    cloudpickle.register_pickle_by_value(checkout_plugin)
    try:
        client.register_plugin(checkout_plugin.CheckoutPlugin(str(root)))
        client.run_on_scheduler(checkout_plugin.find_checkout, str(root), "the scheduler")
    except FileNotFoundError as error:
        raise WorkerError(
            f"{error}; the cluster must see this checkout, and the recordings, under these paths"
        ) from error
    finally:
        cloudpickle.unregister_pickle_by_value(checkout_plugin)
