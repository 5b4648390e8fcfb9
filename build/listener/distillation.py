"""Teach the listener to describe music through a microphone as it describes the recording.

No genre is told: the pretrained network, hearing a patch of the recording, is the teacher of its own copy, which hears
the same patch through a room, talking people, noise and a cheap microphone. What it knows of music stays, and with it
the styles; what the path adds is learnt to be passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from build.listener.network import PATCH_SPEC, trained_network, with_trained
from build.listener.pretrained import Listener
from build.models.recipe import be_deterministic

Patches = NDArray[np.float32]
Frames = NDArray[np.float16]

#: Where the copy is compared with its teacher, and how much each place counts.
DEPTHS, WEIGHTS = (7, 9, 12, 13), (0.5, 1.0, 1.0, 1.0)
#: Differences further than this from the teacher, in its standard deviations, count no more.
FURTHEST = 3.0
#: A fifth of the patches are the recording's own: what is clean already must stay.
CLEAN_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast it is taught: in each cycle the rate falls to nearly zero along a cosine."""

    cycles: tuple[int, ...] = (1100, 2600)  # steps
    batch_size: int = 64
    learning_rate: float = 1e-3
    n_frozen: int = 3  # pairs of convolutions, from the first on, that stay as they are


@dataclass(frozen=True, slots=True)
class Pair:
    """Log-mel frames (n, mels) of one recording, and of the same through a microphone, frame by frame."""

    recorded: Frames
    heard: Frames


def distill(listener: Listener, pairs: Sequence[Pair], schedule: Schedule, seed: int) -> Listener:
    """Return the listener as taught with pairs of recordings and what microphones made of them."""
    be_deterministic(seed)
    teacher = trained_network(listener, DEPTHS, n_frozen=len(listener.pairs))
    student = trained_network(listener, DEPTHS, n_frozen=schedule.n_frozen)
    batches = _batches(pairs, schedule.batch_size, np.random.default_rng(seed))
    deviations = [tf.math.reduce_std(output, axis=0) + 0.02 for output in teacher(next(batches)[0])]
    for n_steps in schedule.cycles:
        step = _step_function(teacher, student, deviations, schedule.learning_rate, n_steps)
        for _ in range(n_steps):
            step(*map(tf.constant, next(batches)))
    return with_trained(listener, student)


def _step_function(
    teacher: keras.Model, student: keras.Model, deviations: list[tf.Tensor], learning_rate: float, n_steps: int
) -> Any:
    n_warm = min(100, n_steps // 4)
    rate = keras.optimizers.schedules.CosineDecay(
        learning_rate / 20, n_steps - n_warm, alpha=0.02, warmup_target=learning_rate, warmup_steps=n_warm
    )
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(student.trainable_variables)

    @tf.function  # type: ignore[untyped-decorator]
    def step(recorded: tf.Tensor, heard: tf.Tensor) -> tf.Tensor:
        aims = teacher(recorded, training=False)
        with tf.GradientTape() as tape:
            loss = tf.constant(0.0)
            for weight, aim, output, deviation in zip(
                WEIGHTS, aims, student(heard, training=True), deviations, strict=True
            ):
                loss += weight * tf.reduce_mean(tf.minimum(tf.square((output - aim) / deviation), FURTHEST**2))
        gradients = tape.gradient(loss, student.trainable_variables)
        optimizer.apply(gradients, student.trainable_variables)
        return loss

    return step


def _batches(pairs: Sequence[Pair], size: int, rng: np.random.Generator) -> Iterator[tuple[Patches, Patches]]:
    """Yield patches (size, frames, mels, 1), as recorded and as heard, all places once before any comes again."""
    n = PATCH_SPEC.n_frames
    places = np.array([(i, start) for i, pair in enumerate(pairs) for start in range(0, len(pair.heard) - n + 1, n)])
    size = min(size, len(places))
    while True:
        order = rng.permutation(len(places))
        for at in range(0, len(order) - size + 1, size):
            chosen = [_patch(pairs[i], start, rng) for i, start in places[order[at : at + size]]]
            recorded, heard = (np.stack(patches).astype(np.float32) for patches in zip(*chosen, strict=True))
            responding = rng.random(size) < 0.5
            heard[responding] = _through_a_response(heard[responding], rng)
            yield recorded[..., np.newaxis], heard[..., np.newaxis]


def _patch(pair: Pair, start: int, rng: np.random.Generator) -> tuple[Frames, Frames]:
    n = PATCH_SPEC.n_frames
    start += int(rng.integers(0, min(n, len(pair.heard) - start - n + 1)))
    heard = pair.recorded if rng.random() < CLEAN_SHARE else pair.heard
    return pair.recorded[start : start + n], heard[start : start + n]


def _through_a_response(log_mel: Patches, rng: np.random.Generator) -> Patches:
    """Add a smooth response over the bands, cosines the finer the weaker, and a gain of -13 to 4 dB."""
    n, _, n_mels = log_mel.shape
    places = np.linspace(0, 1, n_mels)
    gain = rng.uniform(-1.5, 0.5, (n, 1))
    for cycles in range(1, 5):
        phases = rng.uniform(0, np.pi, (n, 1))
        gain = gain + 0.35 * rng.standard_normal((n, 1)) / cycles * np.cos(np.pi * cycles * places + phases)
    magnitudes = np.maximum(np.exp(log_mel) - PATCH_SPEC.offset, 0) * np.exp(gain)[:, np.newaxis]
    return np.asarray(np.log(magnitudes + PATCH_SPEC.offset), dtype=np.float32)
