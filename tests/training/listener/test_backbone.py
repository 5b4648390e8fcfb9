"""Another backbone needs one class: teaching, conversion and the device take it as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from build.listener import teaching
from build.listener.distillation import Pair
from edge.audio.demo import synthesize
from edge.model.listener import ListenerNetwork
from features_np import log_mel_patches
from tests.additions.tiny import KERNEL, SPEC, Tiny


def test_a_backbone_of_another_front_end_is_taught_and_heard_on_the_device() -> None:
    backbone = Tiny.read(Path())
    patches = log_mel_patches(synthesize(12.0, tempo_bpm=140.0), SPEC, sr=22_050)
    frames = patches.reshape(-1, SPEC.n_mels).astype(np.float16)
    dull = (frames - np.linspace(0, 0.5, SPEC.n_mels)).astype(np.float16)
    clip = Pair(frames[:20], dull[:20])  # shorter than a patch: nothing to learn from, and no harm
    taught, network = teaching.teach(backbone, [clip, Pair(frames, dull)], seed=0)
    assert not np.array_equal(taught.kernel, backbone.kernel)
    listener = ListenerNetwork(network, taught.use())
    rows = listener.rows(listener.quantize(patches))
    exact = np.asarray(taught.deployable()(patches)[0])
    assert rows.shape == (len(patches), KERNEL[-1] + 2)
    assert np.corrcoef(rows[:, : KERNEL[-1]].ravel(), exact.ravel())[0, 1] > 0.98
