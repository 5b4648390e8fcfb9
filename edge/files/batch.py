"""Many files, one outcome each, in this process or in several: whatever one of them does, the others go through."""

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

#: What ``python -P`` is as a variable: multiprocessing takes no options for the interpreters that it starts.
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
    """Yield the outcome of each file, in order; closing the generator ends what is under way.

    ``jobs`` processes work on them; where they are several, each loads a model of its own from ``folder``. They end
    with this one, however that may end.
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
        raise  # not the file's fault: no other would fare better
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
    """Yield the outcomes from processes; what ends one of them (a decoder's defect) takes its own file along alone."""
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
                    n_processes = 1  # any that was at work may be the cause; with one at a time it is known
                    continue
                yield Failure(rest.pop(0).name, "ended the process that read it; it may be damaged, or too large")
        n_processes = jobs


@contextmanager
def _pool(folder: Path | None, jobs: int) -> Iterator[ProcessPoolExecutor]:
    # Not forked: the threads of the TFLite runtime would be missing in a copy.
    spawned = multiprocessing.get_context("spawn")
    with _imports_left_to_us():  # it starts a process, too, which cleans up behind the others
        pool = ProcessPoolExecutor(jobs, mp_context=spawned, initializer=_begin_worker, initargs=(folder,))
    try:
        yield pool
    except BaseException:  # Ctrl-C, or nobody wants the rest: what is under way need not come to its end
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def interrupts_left_to_us() -> Iterator[None]:
    """Make processes started here inherit a blocked SIGINT: a terminal sends it to them too, even while they start."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _imports_left_to_us() -> Iterator[None]:
    """Keep Python processes started here from importing from the working directory, as this one does not either."""
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
    _loaded.append(load_bundle(folder, try_first=False))  # who started this has


def _end_with_parent() -> None:
    """End this process once the one that started it has, however that was: a worker that waits would not notice."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _in_worker(found: Found) -> Outcome:
    return _outcome(found, _loaded[0])
