"""What Numba has compiled is kept, whoever else compiles at that moment."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import pytest
from numba.core.caching import IndexDataCacheFile

from tests.compiled_once import by_one_process_at_a_time


def test_two_that_compile_at_once_both_find_theirs_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IndexDataCacheFile, "save", IndexDataCacheFile.save)
    by_one_process_at_a_time()
    cache = IndexDataCacheFile(str(tmp_path), "function", "stamp")
    both_have_read, read = threading.Barrier(2), IndexDataCacheFile._load_index

    def read_and_wait(self: IndexDataCacheFile) -> object:
        found = read(self)
        with suppress(threading.BrokenBarrierError):
            both_have_read.wait(timeout=0.3)
        return found

    with monkeypatch.context() as slow:
        slow.setattr(IndexDataCacheFile, "_load_index", read_and_wait)
        threads = [threading.Thread(target=cache.save, args=(key, key.upper())) for key in ("float32", "float64")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [cache.load(key) for key in ("float32", "float64")] == ["FLOAT32", "FLOAT64"]
