"""The daemon and what is learned beside its history: taken up, set aside and dropped while it listens."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.model.bundle import load_bundle
from edge.model.personal import PersonalLayer, layer_beside, write_layer
from tests.edge.pulse import wait_until
from tests.edge.service.manager import Manager
from tests.edge.service.test_daemon import config, daemon, manager  # noqa: F401 - fixtures


def test_what_is_learned_is_used_without_a_restart_and_what_is_damaged_is_told(
    config: Path,  # noqa: F811
    manager: Manager,  # noqa: F811
    tmp_path: Path,
) -> None:
    bundle, history = load_bundle(), tmp_path / "state" / "history.db"
    weights = np.zeros((bundle.n_inputs + 1, len(bundle.labels) + 1), dtype=np.float32)
    weights[-1, -1] = 100.0
    with daemon(config, manager) as process:
        manager.wait_for("READY")
        wait_until(history.exists, 60, "it records")
        write_layer(layer_beside(history), PersonalLayer((*bundle.labels, "tango"), weights), bundle)
        wait_until(lambda: "what was learned is in use" in process.log(), 60, "it is taken up")
        wait_until(lambda: "now: tango" in process.log(), 60, "and answers")
        layer_beside(history).write_bytes(b"nothing of the kind")
        wait_until(lambda: "what was learned is no longer in use" in process.log(), 60, "it is dropped")
        assert "is damaged; set aside until `livegenre learn` makes it anew" in process.log()
