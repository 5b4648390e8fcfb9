"""Teaches a backbone to describe music through a microphone as it describes the recording.

No labels are used: the pretrained network, given a patch of the recording, is the teacher of its own copy, which is
given the same patch through a room, talking people, noise and a cheap microphone. What it knows of music stays, and
with it the styles; it learns to ignore what the path adds. The first blocks keep their weights, so what they and the
teacher say of each patch is computed once, and only the blocks that learn run in each step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
Maps = NDArray[np.float16]
AnyBackbone = TypeVar("AnyBackbone", bound=Backbone)

#: Differences further than this from the teacher, in its standard deviations, count no more.
FURTHEST = 3.0
#: A fifth of the patches are the recording's own: what is clean already must stay.
CLEAN_SHARE = 0.2
#: Seconds from one patch that is learned from to the next: more of them would not fit into memory once blocks have
#: made maps of them (YAMNet's three frozen ones 98 kB of each).
APART_S = 1.45
#: Patches that a network is given at once where nothing learns.
AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Pair:
    """Log-mel frames (n, mels) of one recording, and of the same through a microphone, frame by frame."""

    recorded: Frames
    degraded: Frames


@dataclass(frozen=True, slots=True)
class Lessons:
    """Patches as the frozen blocks leave them: of recordings (n, ...), with the teacher's outputs, and degraded ones.

    ``recorded_at`` is the place among the recordings' patches of what was played in each of the degraded ones.
    """

    recorded: Maps
    aims: tuple[NDArray[np.float32], ...]
    degraded: Maps
    recorded_at: NDArray[np.int64]


def distill(backbone: AnyBackbone, pairs: Sequence[Pair], schedule: Schedule, seed: int) -> AnyBackbone:
    """Return the backbone as taught with pairs of recordings and what microphones made of them."""
    be_deterministic(seed)
    rng = np.random.default_rng(seed)
    student = backbone.trainable(schedule.n_frozen)
    frozen, learning = _divided(student, backbone, schedule.n_frozen)
    lessons = _lessons(pairs, backbone, frozen, rng)
    terms = [(weight, aim.std(axis=0) + 0.02) for weight, aim in zip(backbone.compared, lessons.aims, strict=True)]
    batches = _batches(lessons, schedule.batch_size, rng)
    for n_steps in schedule.cycles:
        step = _step_function(learning, terms, schedule.learning_rate, n_steps)
        for _ in range(n_steps):
            step(*map(tf.constant, next(batches)))
    return backbone.with_weights_of(student)


def _divided(student: keras.Model, backbone: Backbone, n_frozen: int) -> tuple[keras.Model | None, keras.Model]:
    """Return the network's blocks that keep their weights, None without any, and those that learn."""
    if not n_frozen:
        return None, student
    between = student.get_layer(backbone.end_of_block(n_frozen)).output
    return keras.Model(student.input, between), keras.Model(between, student.outputs)


def _lessons(
    pairs: Sequence[Pair], backbone: Backbone, frozen: keras.Model | None, rng: np.random.Generator
) -> Lessons:
    """Return the patches of all pairs, the degraded ones half of the time through one more response."""
    spec = backbone.front_end
    recordings = {id(pair.recorded): pair.recorded for pair in pairs}  # several pairs share one
    cut = {key: _patches(frames, spec) for key, frames in recordings.items()}
    begins = dict(zip(cut, np.cumsum([0, *map(len, cut.values())]), strict=False))
    recorded = np.concatenate(list(cut.values()))
    degraded = np.concatenate([_patches(pair.degraded, spec) for pair in pairs])
    places = [begins[id(pair.recorded)] + np.arange(len(cut[id(pair.recorded)])) for pair in pairs]

    def as_taken(patches: Frames) -> Maps:
        if frozen is None:
            return patches
        return _answers(frozen, patches)[0].astype(np.float16)

    for begin in range(0, len(degraded), AT_ONCE):
        some = degraded[begin : begin + AT_ONCE]
        responding = rng.random(len(some)) < 0.5
        some[responding] = _through_a_response(some[responding, ..., 0].astype(np.float32), spec, rng)[..., np.newaxis]
    return Lessons(
        as_taken(recorded),
        tuple(_aims(backbone, list(recordings.values()), recorded)),
        as_taken(degraded),
        np.concatenate(places).astype(np.int64),
    )


def _aims(backbone: Backbone, recordings: Sequence[Frames], patches: Frames) -> list[NDArray[np.float32]]:
    """Return the teacher's outputs for the patches of all recordings, some of them as it hears more around each.

    Where a recording is shorter than that they stay the patch's own.
    """
    spec, (n_context, n_outputs) = backbone.front_end, backbone.context
    aims = _answers(backbone.trainable(), patches)
    if not n_outputs:
        return aims
    answers_to, at = _answering(backbone.trainable(n_frames=n_context), (n_context, spec.n_mels, 1)), 0
    for frames in recordings:
        starts = np.array(_starts(len(frames), spec))
        if len(frames) >= n_context:
            begins = np.clip(starts + (spec.n_frames - n_context) // 2, 0, len(frames) - n_context)
            places, of_start = np.unique(begins, return_inverse=True)
            answers = answers_to(np.array([frames[begin : begin + n_context] for begin in places])[..., np.newaxis])
            for aim, answer in zip(aims[-n_outputs:], answers[-n_outputs:], strict=True):
                aim[at : at + len(starts)] = answer[of_start]
        at += len(starts)
    return aims


def _patches(frames: Frames, spec: PatchSpec) -> Frames:
    """Return patches (n, frames, mels, 1), each ``APART_S`` after the one before."""
    empty = np.zeros((0, *spec.shape), dtype=frames.dtype)
    starts = _starts(len(frames), spec)
    return np.array([frames[start : start + spec.n_frames] for start in starts] or empty)[..., np.newaxis]


def _starts(n_frames: int, spec: PatchSpec) -> range:
    return range(0, n_frames - spec.n_frames + 1, round(APART_S * spec.sample_rate / spec.hop_length))


def _answers(network: keras.Model, patches: Frames) -> list[NDArray[np.float32]]:
    """Return the outputs of a network for patches."""
    return _answering(network, patches.shape[1:])(patches)


def _answering(network: keras.Model, shape: tuple[int, ...]) -> Callable[[Frames], list[NDArray[np.float32]]]:
    """Return a function that gives the outputs of a network for patches of that shape, a few of them at a time."""
    of_some = tf.TensorSpec((None, *shape), tf.float32)
    call = tf.function(lambda some: _outputs(network, some), input_signature=[of_some])

    def answers(patches: Frames) -> list[NDArray[np.float32]]:
        begins = range(0, len(patches), AT_ONCE)
        found = [call(tf.constant(patches[begin : begin + AT_ONCE].astype(np.float32))) for begin in begins]
        outputs = zip(*found, strict=True)
        return [np.concatenate([np.asarray(some, dtype=np.float32) for some in output]) for output in outputs]

    return answers


def _outputs(network: keras.Model, patches: tf.Tensor, *, training: bool = False) -> list[tf.Tensor]:
    """Return the outputs of a network, also of one, which Keras gives by itself."""
    return list(tf.nest.flatten(network(patches, training=training)))


def _step_function(
    learning: keras.Model, terms: Sequence[tuple[float, NDArray[np.float32]]], rate: float, n_steps: int
) -> Any:
    """Return a step, a function of degraded patches and aims; ``terms`` are weight and deviation of each output."""
    n_warm = min(100, n_steps // 4)
    decay = keras.optimizers.schedules.CosineDecay(
        rate / 20, n_steps - n_warm, alpha=0.02, warmup_target=rate, warmup_steps=n_warm
    )
    optimizer = keras.optimizers.Adam(decay)
    optimizer.build(learning.trainable_variables)

    @tf.function  # type: ignore[untyped-decorator]
    def step(degraded: tf.Tensor, *aims: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.constant(0.0)
            outputs = _outputs(learning, degraded, training=True)
            for (weight, deviation), aim, output in zip(terms, aims, outputs, strict=True):
                loss += weight * tf.reduce_mean(tf.minimum(tf.square((output - aim) / deviation), FURTHEST**2))
        gradients = tape.gradient(loss, learning.trainable_variables)
        optimizer.apply(gradients, learning.trainable_variables)
        return loss

    return step


def _batches(lessons: Lessons, size: int, rng: np.random.Generator) -> Iterator[tuple[NDArray[np.float32], ...]]:
    """Yield degraded patches (size, ...) and the aims for it, all patches once before any comes again."""
    size = min(size, len(lessons.degraded))
    while True:
        order = rng.permutation(len(lessons.degraded))
        for at in range(0, len(order) - size + 1, size):
            chosen = order[at : at + size]
            played = lessons.recorded_at[chosen]
            degraded = lessons.degraded[chosen]
            clean = rng.random(size) < CLEAN_SHARE
            degraded[clean] = lessons.recorded[played[clean]]
            yield degraded.astype(np.float32), *(aim[played] for aim in lessons.aims)


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
