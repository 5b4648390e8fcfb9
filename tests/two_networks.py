"""Bundles with a listener, small and with random weights: made here, so that all code runs without a trained model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build import publish
from build.models.int8 import to_int8
from edge.audio.demo import synthesize
from edge.live.decision import NO_MUSIC
from edge.model.bundle import SIDECAR_FILE, Bundle, load_bundle
from edge.model.sidecar import ListenerUse
from features_np import FeatureSpec, summarize
from features_np.front_end import PatchSpec
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


def listener(use_: ListenerUse, patches: NDArray[np.float32], seed: int = 0) -> bytes:
    """Return a convolutional network for patches (n, n_frames, n_mels) as an int8 model."""
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
    return to_int8(keras.Model(patch, outputs), patches)


def head(n_inputs: int, seed: int = 0) -> bytes:
    """Return a small network for normalized rows as an int8 model."""
    import keras

    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((n_inputs,)), keras.layers.Dense(len(LABELS))])
    return to_int8(model, np.random.default_rng(seed).standard_normal((100, n_inputs)).astype(np.float32))


def make_bundle(folder: Path, use_: ListenerUse | None, seed: int = 0) -> Bundle:
    """Write a bundle with such networks into ``folder``, converted and probed as real ones are, and load it."""
    pieces = [synthesize(8.0, tempo_bpm=60.0 + 20 * number, key=key) for number, key in enumerate("CDEFGA")]
    features = np.array([summarize(piece, SPEC) for piece in pieces])
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    network = axes = None
    if use_ is not None:
        patches = np.concatenate([PatchStream(use_.patch_spec, sr_in=RATE).push(piece) for piece in pieces])
        network = listener(use_, patches, seed)
        axes = np.random.default_rng(seed).standard_normal((sum(SIZES), 3)).astype(np.float32)
        mean, scale = (np.append(part, np.full(use_.n_numbers, rest)) for part, rest in ((mean, 0.2), (scale, 0.3)))
    draft = publish.Draft(
        name="two networks" if use_ else "one network",
        labels=LABELS,
        spec=SPEC,
        listener=use_,
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        temperature=1.5,
        model=head(len(mean), seed),
        training={"facts": {}},
        record_axes=axes,
        listener_model=network,
        origin={"weights": "random"},
    )
    sidecar = {**draft.sidecar(), "probe": publish.make_probe(draft.open())}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SIDECAR_FILE).write_text(json.dumps(sidecar))
    for name, content in draft.networks.items():
        (folder / name).write_bytes(content)
    return load_bundle(folder, try_first=False)
