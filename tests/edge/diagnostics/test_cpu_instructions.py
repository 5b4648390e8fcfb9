"""Instructions are counted where the machine counts them, and None says that it does not."""

from __future__ import annotations

import pytest

from edge.diagnostics import cpu_instructions


def work(size: int) -> int:
    return sum(range(size))


def test_more_work_is_more_instructions_or_nothing_is_counted() -> None:
    little, much = (cpu_instructions.instructions_of(lambda size=size: work(size)) for size in (1_000, 1_000_000))
    assert (little is None) == (much is None)
    if little is not None and much is not None:
        assert 10 * little < much


def test_the_system_call_is_made_as_the_kernel_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that every kernel has in place of the processor's counter: nanoseconds of this thread."""
    monkeypatch.setattr(cpu_instructions, "_HARDWARE", 1)
    monkeypatch.setattr(cpu_instructions, "_INSTRUCTIONS", 1)
    little, much = (cpu_instructions.instructions_of(lambda size=size: work(size)) for size in (1_000, 1_000_000))
    if little is None or much is None:
        assert cpu_instructions._open() < 0  # a container or a setting of the kernel forbids it
    else:
        assert 10 * little < much


def test_a_machine_of_another_kind_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_instructions.platform, "machine", lambda: "s390x")
    assert cpu_instructions.instructions_of(lambda: work(10)) is None
