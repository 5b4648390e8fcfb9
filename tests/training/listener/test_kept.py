"""A listener taught once is taken from the cache, unless what it depends on is another: its settings, or the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from build.listener import preparing


def test_other_settings_and_other_code_make_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def make() -> int:
        made.append(len(made))
        return made[-1]

    assert [preparing.kept(tmp_path, "x", make, "slow", 0) for _ in range(2)] == [0, 0]
    assert preparing.kept(tmp_path, "x", make, "slow", 1) == 1
    assert preparing.kept(None, "x", make, "slow", 1) == 2
    monkeypatch.setattr(preparing, "code_digest", lambda *_paths: "another")
    assert preparing.kept(tmp_path, "x", make, "slow", 0) == 3
