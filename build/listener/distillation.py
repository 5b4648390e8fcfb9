"""Teaches a backbone to describe music through a microphone as it describes the recording.

No labels are used: the pretrained network, given a patch of the recording, is the teacher of its own copy, which is
given the same patch through a room, talking people, noise and a cheap microphone. What it knows of music stays, and
with it the styles; it learns to ignore what the path adds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from build.listener.backbone import Backbone, Patches, Schedule
from build.models.recipe import be_deterministic
from features_np.front_end import PatchSpec

Frames = NDArray[np.float16]
AnyBackbone = TypeVar("AnyBackbone", bound=Backbone)

#: Differences further than this from the teacher, in its standard deviations, count no more.
FURTHEST = 3.0
#: A fifth of the patches are the recording's own: what is clean already must stay.
CLEAN_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Pair:
    """Log-mel frames (n, mels) of one recording, and of the same through a microphone, frame by frame."""

    recorded: Frames
    heard: Frames


def distill(backbone: AnyBackbone, pairs: Sequence[Pair], schedule: Schedule, seed: int) -> AnyBackbone:
    """Return the backbone as taught with pairs of recordings and what microphones made of them."""
    be_deterministic(seed)
    teacher = backbone.trainable()
    student = backbone.trainable(schedule.n_frozen)
    batches = _batches(pairs, schedule.batch_size, backbone.front_end, np.random.default_rng(seed))
    deviations = [tf.math.reduce_std(output, axis=0) + 0.02 for output in _outputs(teacher, next(batches)[0])]
    terms = list(zip(backbone.compared, deviations, strict=True))
    for n_steps in schedule.cycles:
        step = _step_function(teacher, student, terms, schedule.learning_rate, n_steps)
        for _ in range(n_steps):
            step(*map(tf.constant, next(batches)))
    return backbone.with_weights_of(student)


def _outputs(network: keras.Model, patches: tf.Tensor, *, training: bool = False) -> list[tf.Tensor]:
    """Return the outputs of a network, also of one, which Keras gives by itself."""
    return list(tf.nest.flatten(network(patches, training=training)))


def _step_function(
    teacher: keras.Model, student: keras.Model, terms: Sequence[tuple[float, tf.Tensor]], rate: float, n_steps: int
) -> Any:
    """Return a step, a function of recorded and heard patches; ``terms`` are weight and deviation of each output."""
    n_warm = min(100, n_steps // 4)
    decay = keras.optimizers.schedules.CosineDecay(
        rate / 20, n_steps - n_warm, alpha=0.02, warmup_target=rate, warmup_steps=n_warm
    )
    optimizer = keras.optimizers.Adam(decay)
    optimizer.build(student.trainable_variables)

    @tf.function  # type: ignore[untyped-decorator]
    def step(recorded: tf.Tensor, heard: tf.Tensor) -> tf.Tensor:
        aims = _outputs(teacher, recorded)
        with tf.GradientTape() as tape:
            loss = tf.constant(0.0)
            outputs = _outputs(student, heard, training=True)
            for (weight, deviation), aim, output in zip(terms, aims, outputs, strict=True):
                loss += weight * tf.reduce_mean(tf.minimum(tf.square((output - aim) / deviation), FURTHEST**2))
        gradients = tape.gradient(loss, student.trainable_variables)
        optimizer.apply(gradients, student.trainable_variables)
        return loss

    return step


def _batches(
    pairs: Sequence[Pair], size: int, spec: PatchSpec, rng: np.random.Generator
) -> Iterator[tuple[Patches, Patches]]:
    """Yield patches (size, frames, mels, 1), as recorded and as heard, all places once before any comes again."""
    n = spec.n_frames
    places = np.array([(i, start) for i, pair in enumerate(pairs) for start in range(0, len(pair.heard) - n + 1, n)])
    size = min(size, len(places))
    while True:
        order = rng.permutation(len(places))
        for at in range(0, len(order) - size + 1, size):
            chosen = [_patch(pairs[i], start, n, rng) for i, start in places[order[at : at + size]]]
            recorded, heard = (np.stack(patches).astype(np.float32) for patches in zip(*chosen, strict=True))
            responding = rng.random(size) < 0.5
            heard[responding] = _through_a_response(heard[responding], spec, rng)
            yield recorded[..., np.newaxis], heard[..., np.newaxis]


def _patch(pair: Pair, start: int, n: int, rng: np.random.Generator) -> tuple[Frames, Frames]:
    start += int(rng.integers(0, min(n, len(pair.heard) - start - n + 1)))
    heard = pair.recorded if rng.random() < CLEAN_SHARE else pair.heard
    return pair.recorded[start : start + n], heard[start : start + n]


def _through_a_response(log_mel: Patches, spec: PatchSpec, rng: np.random.Generator) -> Patches:
    """Add a smooth response over the bands, cosines the finer the weaker, and a gain of -13 to 4 dB."""
    n, _, n_mels = log_mel.shape
    places = np.linspace(0, 1, n_mels)
    gain = rng.uniform(-1.5, 0.5, (n, 1))
    for cycles in range(1, 5):
        phases = rng.uniform(0, np.pi, (n, 1))
        gain = gain + 0.35 * rng.standard_normal((n, 1)) / cycles * np.cos(np.pi * cycles * places + phases)
    return with_gain(log_mel, gain, spec)


def with_gain(log_mel: Patches, gain: NDArray[np.float64], spec: PatchSpec) -> Patches:
    """Return patches (n, frames, mels) as of audio whose bands are ``gain`` (n, mels), in nepers, louder."""
    sums = np.maximum(np.exp(log_mel * spec.scale - spec.shift) - spec.offset, 0)
    louder = sums * np.exp(spec.power * gain)[:, np.newaxis]
    logarithms = np.log(np.maximum(louder, spec.floor) + spec.offset)
    return np.asarray((logarithms + spec.shift) / spec.scale, dtype=np.float32)
