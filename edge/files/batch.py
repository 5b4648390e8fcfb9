"""Classification of many files, in one or several processes; a failing file does not affect the others."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from edge.errors import BundleError, EdgeError
from edge.files.found_files import Found
from edge.files.whole_file import Verdict, classify_file
from edge.model.bundle import Bundle, load_bundle
from edge.words import encodable
from features_np.errors import FeatureError

#: ``python -P`` as an environment variable, since multiprocessing passes no options to interpreters.
SAFE_PATH = "PYTHONSAFEPATH"


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be classified, and why."""

    path: str
    error: str

    def to_json(self) -> dict[str, object]:
        """Return JSON-ready values."""
        return {"path": encodable(self.path), "error": encodable(self.error)}

    def __str__(self) -> str:
        return f"{self.path}: {self.error}"


Outcome = Verdict | Failure


def classify_all(
    files: Sequence[Found], bundle: Bundle, folder: Path | None, jobs: int
) -> Generator[Outcome, None, None]:
    """Yield the outcome of each file, in order; closing the generator stops the work.

    With several ``jobs``, each process loads its own model from ``folder``. They end with this process, however it
    ends.
    """
    n_processes = min(jobs, len(files))
    if n_processes > 1:
        yield from _in_processes(files, folder, n_processes)
    else:
        yield from (_outcome(found, bundle) for found in files)


def _outcome(found: Found, bundle: Bundle) -> Outcome:
    if found.error is not None:
        return Failure(found.name, found.error)
    try:
        return classify_file(found.path, bundle, found.name)
    except BundleError:
        raise  # not specific to the file: all others would fail too
    except (EdgeError, FeatureError) as error:
        words = str(error)
    except OSError as error:
        words = error.strerror or str(error)
    except MemoryError:
        words = "takes more memory than there is"
    except Exception as error:
        words = f"a defect of livegenre, please report it: {type(error).__name__}: {error}"
    return Failure(found.name, words.removeprefix(f"{found.name}: "))


def _in_processes(files: Sequence[Found], folder: Path | None, jobs: int) -> Iterator[Outcome]:
    """Yield the outcomes from processes; a crash of one (a decoder's defect) loses only its own file."""
    rest, n_processes = list(files), jobs
    while rest:
        with _pool(folder, n_processes) as pool:
            with interrupts_left_to_us(), _imports_left_to_us():
                futures = [pool.submit(_in_worker, found) for found in rest]
            try:
                for future in futures:
                    outcome = future.result()
                    rest.pop(0)
                    yield outcome
            except BrokenProcessPool:
                if n_processes > 1:
                    n_processes = 1  # any file in progress may be the cause; one at a time shows which
                    continue
                yield Failure(rest.pop(0).name, "ended the process that read it; it may be damaged, or too large")
        n_processes = jobs


@contextmanager
def _pool(folder: Path | None, jobs: int) -> Iterator[ProcessPoolExecutor]:
    # Not forked: the threads of the TFLite runtime would be missing in a copy.
    spawned = multiprocessing.get_context("spawn")
    with _imports_left_to_us():  # it starts a process as well, the resource tracker
        pool = ProcessPoolExecutor(jobs, mp_context=spawned, initializer=_begin_worker, initargs=(folder,))
    try:
        yield pool
    except BaseException:  # Ctrl-C, or the rest is not wanted: stop the work in progress
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def interrupts_left_to_us() -> Iterator[None]:
    """Make child processes inherit a blocked SIGINT, which a terminal sends to them too, even while they start."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _imports_left_to_us() -> Iterator[None]:
    """Keep child Python processes from importing from the working directory, like this one."""
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = before


#: The model of a worker process.
_loaded: list[Bundle] = []


def _begin_worker(folder: Path | None) -> None:
    Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    _loaded.append(load_bundle(folder, try_first=False))  # as the parent process has


def _end_with_parent() -> None:
    """Exit once the parent process has ended, which a waiting worker would not notice."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _in_worker(found: Found) -> Outcome:
    return _outcome(found, _loaded[0])
