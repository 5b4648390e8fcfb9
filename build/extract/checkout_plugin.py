"""Makes this checkout importable for a Dask cluster that was started elsewhere but sees the same path.

The plugin is sent by value, since our code cannot be imported there yet.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import distributed


def find_checkout(root: str, who: str) -> None:
    """Insert a checkout at the front of ``sys.path``; ``FileNotFoundError`` if this machine does not see it."""
    if not os.path.isfile(os.path.join(root, "build", "errors.py")):  # noqa: PTH113, PTH118 - of few imports
        raise FileNotFoundError(f"{who} does not see {root}")
    if root not in sys.path:
        sys.path.insert(0, root)


class CheckoutPlugin(distributed.WorkerPlugin):  # type: ignore[misc]
    """Makes the checkout importable on each worker, also on later ones."""

    name = "livegenre-checkout"

    def __init__(self, root: str) -> None:
        self.root = root

    def setup(self, worker: Any) -> None:
        """Run on a worker."""
        find_checkout(self.root, f"worker {worker.address}")
