"""Lets a Dask worker that was started without it find this checkout, which it sees under the same path."""

from __future__ import annotations

import os
import sys
from typing import Any

import distributed


class CheckoutPlugin(distributed.WorkerPlugin):  # type: ignore[misc]
    """Puts a checkout at the front of a worker's path; a worker that does not see it says so.

    Sent by value: nothing of ours can be imported there yet.
    """

    name = "livegenre-checkout"

    def __init__(self, root: str) -> None:
        self.root = root

    def setup(self, worker: Any) -> None:
        """Run on each worker, those that come later included."""
        if not os.path.isfile(os.path.join(self.root, "build", "errors.py")):  # noqa: PTH113, PTH118 - of few imports
            raise FileNotFoundError(f"worker {worker.address} does not see {self.root}")
        if self.root not in sys.path:
            sys.path.insert(0, self.root)
