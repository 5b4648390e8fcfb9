"""Bundles with listeners, small and with random weights: made here, so that all code runs without a trained model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from build import publish
from build.models.int8 import ListenerModel, to_int8
from edge.audio.demo import synthesize
from edge.live.decision import NO_MUSIC
from edge.model.bundle import SIDECAR_FILE, Bundle, load_bundle
from edge.model.sidecar import ListenerUse
from features_np import FeatureSpec, summarize
from features_np.front_end import EFFICIENTAT, PatchSpec
from features_np.patches import PatchStream

LABELS = ("ambient", "chanson", "techno", NO_MUSIC)
STYLES = ("House music", "Techno", "Swing music", "Bluegrass", "Opera")
SIZES = (6, 9)
SPEC = FeatureSpec(window_s=10.0, groups=("mfcc_mean", "chroma_std", "tempo"))
RATE = SPEC.sample_rate


def use(
    patch_hop: int = 48, statistics: tuple[str, ...] = ("mean", "std"), styles: tuple[str, ...] = STYLES
) -> ListenerUse:
    """Return how the listener made here is used."""
    outputs = (("early", SIZES[0]), ("embedding", SIZES[1]))
    return ListenerUse(patch_spec=PatchSpec(patch_hop=patch_hop), outputs=outputs, statistics=statistics, styles=styles)


def another_use(n_frames: int = 160) -> ListenerUse:
    """Return how a listener with quite another front end is used: 1.6 s at 32 kHz, every second, in floats."""
    spec = replace(EFFICIENTAT, n_frames=n_frames, patch_hop=100, n_mels=40)
    return ListenerUse(patch_spec=spec, outputs=(("broad", 5),), statistics=("mean", "max"), styles=(), name="another")


def listener(use_: ListenerUse, patches: NDArray[np.float32], seed: int = 0) -> bytes:
    """Return a convolutional network for patches (n, n_frames, n_mels): int8, but for ``another_use``'s float16."""
    import keras  # behind build, which loads tflite-runtime first

    keras.utils.set_random_seed(seed)
    layers, spec = keras.layers, use_.patch_spec
    patch = keras.Input((spec.n_frames, spec.n_mels))
    hidden = layers.Reshape((spec.n_frames, spec.n_mels, 1))(patch)
    outputs = []
    for _, size in use_.outputs:
        hidden = layers.Conv2D(size, 5, strides=3, activation="relu")(hidden)
        outputs.append(layers.GlobalAveragePooling2D()(hidden))
    if use_.styles:
        outputs.append(layers.Dense(len(use_.styles), activation="sigmoid", kernel_initializer="normal")(outputs[-1]))
    model = keras.Model(patch, outputs)
    return to_float16(model) if use_.name == "another" else to_int8(model, patches)


def to_float16(model: Any) -> bytes:
    """Return a model whose weights are float16, and whose sums are floats."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations, converter.target_spec.supported_types = [tf.lite.Optimize.DEFAULT], [tf.float16]
    content: bytes = converter.convert()
    return content


def head(n_inputs: int, seed: int = 0) -> bytes:
    """Return a small network for normalized rows as an int8 model."""
    import keras

    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((n_inputs,)), keras.layers.Dense(len(LABELS))])
    return to_int8(model, np.random.default_rng(seed).standard_normal((100, n_inputs)).astype(np.float32))


def make_bundle(
    folder: Path,
    *uses: ListenerUse,
    seed: int = 0,
    deployed: Callable[[ListenerUse, NDArray[np.float32], int], bytes] = listener,
) -> Bundle:
    """Write a bundle with such networks into ``folder``, converted and probed as real ones are, and load it.

    ``deployed`` returns the network of a listener, its ranges measured on patches, for a seed.
    """
    pieces = [synthesize(8.0, tempo_bpm=60.0 + 20 * number, key=key) for number, key in enumerate("CDEFGA")]
    features = np.array([summarize(piece, SPEC) for piece in pieces])
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    models, axes = [], None
    for use_ in uses:
        patches = np.concatenate([PatchStream(use_.patch_spec, sr_in=RATE).push(piece) for piece in pieces])
        models.append(ListenerModel(network=deployed(use_, patches, seed), origin={"weights": "random"}))
        mean, scale = (np.append(part, np.full(use_.n_numbers, rest)) for part, rest in ((mean, 0.2), (scale, 0.3)))
    if uses:
        axes = np.random.default_rng(seed).standard_normal((uses[0].n_per_patch, 3)).astype(np.float32)
    draft = publish.Draft(
        name="two networks" if uses else "one network",
        labels=LABELS,
        spec=SPEC,
        listeners=uses,
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        temperature=1.5,
        model=head(len(mean), seed),
        training={"facts": {}},
        record_axes=axes,
        listener_models=tuple(models),
    )
    sidecar = {**draft.sidecar(), "probe": publish.make_probe(draft.open())}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SIDECAR_FILE).write_text(json.dumps(sidecar))
    for name, content in draft.networks.items():
        (folder / name).write_bytes(content)
    return load_bundle(folder, try_first=False)
