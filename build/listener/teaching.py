"""From the published weights to the listener that ships: heard through microphones, taught, converted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from build.audio.read import read_recording
from build.audio.simulated_microphone import Part
from build.corpora.hearing_ways import TALKERS_DB
from build.extract.described import Way
from build.extract.parallel import in_order
from build.listener.distillation import Frames, Pair, Schedule, distill
from build.listener.network import PATCH_SPEC, deployed_network
from build.listener.pretrained import Listener
from build.models.int8 import to_int8
from build.tables.pieces import Piece
from features_np import FeatureSpec, PatchSpec, log_mel_patches

#: What the listener is taught to pass over.
LESSONS = tuple(Way(f"lesson {draw}", part=Part.TRAINING, talkers_db=TALKERS_DB) for draw in range(3))
#: Patches on which the ranges of the int8 listener's tensors are measured.
N_REPRESENTATIVE = 500
#: Bytes; half of a bundle is not much more than this.
MAX_SIZE = 4_000_000

#: Patches side by side, so that frames follow each other without a gap.
_SPEC = PatchSpec(patch_hop=PATCH_SPEC.n_frames)


def lessons(pieces: Sequence[Piece]) -> list[Pair]:
    """Return pieces as recorded, and through a microphone for each of ``LESSONS``."""
    ways = (Way("as recorded"), *LESSONS)
    items = [(index, number) for index in range(len(pieces)) for number in range(len(ways))]
    frames = dict(in_order(partial(_frames, pieces=tuple(pieces), ways=ways), items, "lessons"))
    numbers = range(1, len(ways))
    return [Pair(frames[index, 0], frames[index, number]) for index in range(len(pieces)) for number in numbers]


def _frames(item: tuple[int, int], pieces: tuple[Piece, ...], ways: tuple[Way, ...]) -> tuple[tuple[int, int], Frames]:
    spec = FeatureSpec()
    audio = ways[item[1]](pieces[item[0]].name, read_recording(pieces[item[0]].path, spec))
    patches = log_mel_patches(audio, _SPEC, sr=spec.sample_rate)
    return item, patches.reshape(-1, _SPEC.n_mels).astype(np.float16)


def teach(listener: Listener, pairs: Sequence[Pair], schedule: Schedule, seed: int) -> tuple[Listener, bytes]:
    """Return the listener as taught, and its int8 network."""
    taught = distill(listener, pairs, schedule, seed)
    return taught, converted(taught, pairs, seed)


def converted(listener: Listener, pairs: Sequence[Pair], seed: int) -> bytes:
    """Return a listener's int8 network, its ranges measured on patches as recorded and as heard."""
    rng = np.random.default_rng(seed)
    patches = []
    for _ in range(N_REPRESENTATIVE):
        pair = pairs[rng.integers(len(pairs))]
        frames = (pair.recorded, pair.heard)[rng.integers(2)]
        start = rng.integers(0, len(frames) - PATCH_SPEC.n_frames + 1)
        patches.append(frames[start : start + PATCH_SPEC.n_frames].astype(np.float32))
    return to_int8(deployed_network(listener), np.array(patches), MAX_SIZE)
