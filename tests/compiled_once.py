"""Lets several processes share what Numba has compiled for librosa.

Numba keeps an index for each function. Two processes that compile one function for different types at the same moment
each add theirs to what they have read, and give both the same number: from then on whoever calls it crashes.
"""

from __future__ import annotations

import fcntl
import os
from typing import Any


def by_one_process_at_a_time() -> None:
    """Let this process wait for its turn before it adds to Numba's cache."""
    from numba.core.caching import IndexDataCacheFile

    save = IndexDataCacheFile.save

    def in_turn(self: Any, key: object, data: object) -> None:
        folder = os.open(self._cache_path, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            save(self, key, data)
        finally:
            os.close(folder)

    IndexDataCacheFile.save = in_turn
