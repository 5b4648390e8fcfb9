"""From a backbone's published weights to a listener: pieces through microphones, teaching, conversion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build.audio.condition import AS_RECORDED, Condition
from build.audio.read import read_recording
from build.corpora import no_music
from build.extract.parallel import in_order
from build.listener.backbone import Backbone, Schedule
from build.listener.distillation import AnyBackbone, Frames, Pair, distill
from build.tables.pieces import Piece
from features_np import FeatureSpec, log_mel_patches
from features_np.front_end import PatchSpec

#: Patches on which the ranges of the deployed network's tensors are measured.
N_REPRESENTATIVE = 500


def lessons(pieces: Sequence[Piece], backbone: Backbone) -> list[Pair]:
    """Return pieces as recorded, and through a microphone for each of the backbone's lessons."""
    conditions, spec = (AS_RECORDED, *backbone.lessons), _side_by_side(backbone.front_end)
    items = [(index, number) for index in range(len(pieces)) for number in range(len(conditions))]
    frames = dict(in_order(partial(_frames, pieces=tuple(pieces), conditions=conditions, spec=spec), items, "lessons"))
    numbers = range(1, len(conditions))
    return [Pair(frames[index, 0], frames[index, number]) for index in range(len(pieces)) for number in numbers]


def no_music_lessons(data: Path, backbone: Backbone, seed: int) -> list[Pair]:
    """Return windows of what is no music, of the folds that train, as recorded and through a microphone or a room.

    Without them all that a listener is taught with is music, and it soon takes everything for that.
    """
    hears_rooms = any(condition.recorded_room for condition in backbone.lessons)
    planned = (no_music.windows_everywhere if hears_rooms else no_music.windows)(data, seed)
    planned = [window for window in planned if window.fold != no_music.EVALUATION_FOLD]
    of_window = partial(_no_music_pair, spec=_side_by_side(backbone.front_end))
    return in_order(of_window, planned, "lessons without music")


def _no_music_pair(window: no_music.Window, spec: PatchSpec) -> Pair:
    return Pair(_log_mels(window.audio().astype(np.float32), spec), _log_mels(window.degraded(), spec))


def _side_by_side(front_end: PatchSpec) -> PatchSpec:
    """Return a front end whose patches do not overlap, so that frames follow without a gap."""
    return replace(front_end, patch_hop=front_end.n_frames)


def _frames(
    item: tuple[int, int], pieces: tuple[Piece, ...], conditions: tuple[Condition, ...], spec: PatchSpec
) -> tuple[tuple[int, int], Frames]:
    audio = conditions[item[1]](pieces[item[0]].name, read_recording(pieces[item[0]].path, FeatureSpec()))
    return item, _log_mels(audio, spec)


def _log_mels(audio: NDArray[np.float32], spec: PatchSpec) -> Frames:
    patches = log_mel_patches(audio, spec, sr=FeatureSpec().sample_rate)
    return patches.reshape(-1, spec.n_mels).astype(np.float16)


def teach(
    backbone: AnyBackbone,
    pairs: Sequence[Pair],
    seed: int,
    schedule: Schedule | None = None,
    *,
    beside: bool = False,
) -> tuple[AnyBackbone, bytes]:
    """Return the backbone as taught (by its own schedule unless another is given) and its deployed network.

    ``beside`` another listener that network scores no styles.
    """
    taught = distill(backbone, pairs, schedule or backbone.schedule, seed)
    return taught, taught.deployed(representative(pairs, backbone.front_end, seed), beside=beside)


def representative(pairs: Sequence[Pair], front_end: PatchSpec, seed: int) -> NDArray[np.float32]:
    """Return ``N_REPRESENTATIVE`` patches, some as recorded and some through a microphone."""
    rng = np.random.default_rng(seed)
    patches, pairs = [], [pair for pair in pairs if len(pair.recorded) >= front_end.n_frames]  # clips may be shorter
    for _ in range(N_REPRESENTATIVE):
        pair = pairs[rng.integers(len(pairs))]
        frames = (pair.recorded, pair.degraded)[rng.integers(2)]
        start = rng.integers(0, len(frames) - front_end.n_frames + 1)
        patches.append(frames[start : start + front_end.n_frames].astype(np.float32))
    return np.array(patches)
