"""Path of the data beside the project, for the tests that need it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
#: Part of each message of a test that is skipped for it.
NEEDS_DATA = "this test needs the data beside the project"


def shared_data(*parts: str) -> Path:
    """Return a path under ``../shared/data``; without that folder the calling test skips, or fails in CI."""
    path = SHARED_DATA.joinpath(*parts)
    if path.exists():
        return path
    message = f"{path} is missing: {NEEDS_DATA}, which a clone alone does not have"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
