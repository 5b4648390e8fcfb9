"""Fixtures of the tests of the distributions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packaging.checkout import copy_of_what_is_tracked


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git tracks, so that nothing left over in the working tree gets packed."""
    return copy_of_what_is_tracked(".", tmp_path_factory.mktemp("checkout"))
