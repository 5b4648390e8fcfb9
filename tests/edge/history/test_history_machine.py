"""After any sequence of operations and faults a history has all that was acknowledged."""

import pytest

from tests.edge.history.history_machine import run


@pytest.mark.filterwarnings("ignore:.*use of fork")
def test_whatever_happens_all_that_was_acknowledged_is_there() -> None:
    run(n_examples=8, n_steps=20)
