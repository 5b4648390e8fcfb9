"""Lets a Dask cluster that was started without it find this checkout, which it sees under the same path.

All of this is sent by value: nothing of ours can be imported there yet.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import distributed


def find_checkout(root: str, who: str) -> None:
    """Put a checkout at the front of this process's path; ``FileNotFoundError`` where it is not seen."""
    if not os.path.isfile(os.path.join(root, "build", "errors.py")):  # noqa: PTH113, PTH118 - of few imports
        raise FileNotFoundError(f"{who} does not see {root}")
    if root not in sys.path:
        sys.path.insert(0, root)


class CheckoutPlugin(distributed.WorkerPlugin):  # type: ignore[misc]
    """Finds the checkout on each worker, those that come later included."""

    name = "livegenre-checkout"

    def __init__(self, root: str) -> None:
        self.root = root

    def setup(self, worker: Any) -> None:
        """Run on a worker."""
        find_checkout(self.root, f"worker {worker.address}")
