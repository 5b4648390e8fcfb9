"""mn04: rebuilt as it was published, taught by the same steps as YAMNet, and shipped as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from build.errors import ConversionError, DatasetError
from build.listener import distillation, mn04
from build.listener.backbone import Schedule
from build.listener.distillation import Pair
from build.listener.mn04 import BLOCKS, EPSILON, WEIGHTS_FILE, Mn04
from build.listener.registry import BACKBONES
from build.models.float16 import to_float16
from edge.audio.demo import synthesize
from edge.model.interpreter import RUNTIMES
from edge.model.listener import ListenerNetwork
from features_np import log_mel_patches
from features_np.front_end import EFFICIENTAT
from tests.shared_data import shared_data

if TYPE_CHECKING:
    import keras

Array = np.ndarray


class Published:
    """The network computed in NumPy straight from the arrays, in their own layout (channels, bands, frames)."""

    def __init__(self) -> None:
        with np.load(shared_data(*WEIGHTS_FILE.parts)) as arrays:
            self.arrays = {name: arrays[name].astype(np.float64) for name in arrays.files}

    def __call__(self, patch: Array) -> tuple[Array, Array, Array]:
        """Return pooled means, embedding and logits of a patch (frames, bands)."""
        x = hard_swish(self.convolved(patch.T[np.newaxis], "features.0", stride=2))
        for number, block in enumerate(BLOCKS, start=1):
            x = self.block(x, f"features.{number}.block", block)
        pooled = hard_swish(self.convolved(x, f"features.{len(BLOCKS) + 1}")).mean(axis=(1, 2))
        embedding = hard_swish(self.dense(pooled, "classifier.2"))
        return pooled, embedding, self.dense(embedding, "classifier.5")

    def block(self, x: Array, name: str, block: mn04.Block) -> Array:
        activation = hard_swish if block.activation == "hard_swish" else rectified
        before, place = x, 0
        if self.arrays[f"{name}.0.0.weight"].shape[2] == 1:
            x, place = activation(self.convolved(x, f"{name}.0")), 1
        x = activation(self.convolved(x, f"{name}.{place}", stride=block.stride))
        if block.squeezes:
            place += 1
            gate = f"{name}.{place}.conc_se_layers.0"
            squeezed = rectified(self.dense(x.mean(axis=(1, 2)), f"{gate}.fc1"))
            x = x / (1 + np.exp(-self.dense(squeezed, f"{gate}.fc2")))[:, np.newaxis, np.newaxis]
        x = self.convolved(x, f"{name}.{place + 1}")
        return x + before if x.shape == before.shape else x

    def convolved(self, x: Array, name: str, stride: int = 1) -> Array:
        kernel = self.arrays[f"{name}.0.weight"]
        size = kernel.shape[2]
        padded = np.pad(x, ((0, 0), (size // 2, size // 2), (size // 2, size // 2)))
        views = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))[:, ::stride, ::stride]
        depthwise = kernel.shape[1] == 1 and len(x) == len(kernel)
        subscripts = "chwij,cij->chw" if depthwise else "chwij,ocij->ohw"
        y = np.einsum(subscripts, views, kernel[:, 0] if depthwise else kernel, optimize=True)
        gamma, beta, mean, variance = (
            self.arrays[f"{name}.1.{key}"][:, np.newaxis, np.newaxis]
            for key in ("weight", "bias", "running_mean", "running_var")
        )
        return gamma * (y - mean) / np.sqrt(variance + EPSILON) + beta

    def dense(self, x: Array, name: str) -> Array:
        return self.arrays[f"{name}.weight"] @ x + self.arrays[f"{name}.bias"]


def hard_swish(x: Array) -> Array:
    return x * np.clip(x + 3, 0, 6) / 6


def rectified(x: Array) -> Array:
    return np.maximum(x, 0)


def patches(n: int) -> Array:
    return log_mel_patches(synthesize(n + 2.0, tempo_bpm=140.0), EFFICIENTAT, sr=22_050)[:n]


@pytest.fixture(scope="module")
def published() -> Mn04:
    return Mn04.read(shared_data("."))


@pytest.fixture(scope="module")
def deployable(published: Mn04) -> keras.Model:
    return published.deployable()


@pytest.fixture(scope="module")
def deployed(published: Mn04) -> bytes:
    return published.deployed(patches(1))


def test_the_rebuilt_network_gives_what_an_independent_run_of_the_arrays_gives(published: Mn04) -> None:
    (patch,) = patches(1)
    ours = published.trainable()(patch[np.newaxis, ..., np.newaxis])
    for given, expected in zip(ours[-3:], Published()(patch), strict=True):
        np.testing.assert_allclose(given[0], expected, atol=5e-5)


def test_the_network_that_is_trained_and_the_one_that_is_converted_say_the_same(
    published: Mn04, deployable: keras.Model
) -> None:
    inputs = patches(2)
    *_, pooled, embedding, logits = published.trainable(n_frozen=6)(inputs[..., np.newaxis])
    their_pooled, their_embedding, music, styles = deployable(inputs)
    np.testing.assert_allclose(pooled, their_pooled, atol=1e-5)
    np.testing.assert_allclose(embedding, their_embedding, atol=1e-5)
    names = ("Music", *published.styles)
    chosen = [published.class_names.index(name) for name in names]
    scores = 1 / (1 + np.exp(-np.asarray(logits)[:, chosen]))
    np.testing.assert_allclose(scores, np.hstack([music, styles]), atol=1e-5)


def test_it_hears_music_in_music_and_none_in_speech(deployable: keras.Model) -> None:
    def music(path: tuple[str, ...]) -> float:
        folder = shared_data(*path)
        sound, rate = soundfile.read(next(iter(sorted(folder.glob("*.ogg")))), dtype="float32")
        inputs = log_mel_patches(np.resize(sound, 4 * rate), EFFICIENTAT, sr=rate)
        return float(np.mean(deployable(inputs)[2]))

    assert min(music(("gtzan", "audio", genre)) for genre in ("classical", "metal")) > 0.5
    assert max(music(("nomusic", *kind)) for kind in (("speech",), ("esc10", "rain"))) < 0.2


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_shipped_form_follows_the_float_one_on_every_runtime(
    published: Mn04, deployable: keras.Model, deployed: bytes, runtime: str
) -> None:
    inputs = patches(2)
    listening = ListenerNetwork(deployed, published.use(), (runtime,))
    rows = listening.rows(listening.quantize(inputs))
    difference = rows - np.hstack([np.asarray(output) for output in deployable(inputs)])
    assert np.sqrt(np.mean(difference**2)) < 0.004 and np.max(np.abs(difference)) < 0.025  # weights of 11 bits


def test_beside_another_listener_it_says_the_same_but_for_the_styles(published: Mn04, deployed: bytes) -> None:
    inputs, second = patches(1), published.use(beside=True)
    assert (second.name, second.styles, second.outputs) == ("mn04", (), published.use().outputs)
    beside = ListenerNetwork(published.deployed(inputs, beside=True), second)
    first = ListenerNetwork(deployed, published.use())
    np.testing.assert_array_equal(beside.rows(inputs), first.rows(inputs)[:, : second.n_per_patch])


def test_a_network_that_is_too_large_is_refused() -> None:
    import keras

    large = keras.Sequential([keras.Input((300,)), keras.layers.Dense(40)])
    assert len(to_float16(large, 40_000)) < 30_000  # two bytes a weight
    with pytest.raises(ConversionError, match="make the network smaller"):
        to_float16(large, 20_000)


def test_what_was_trained_is_kept_and_what_is_frozen_stays(published: Mn04) -> None:
    network = published.trainable(n_frozen=12)
    learning = {variable.path.split("/")[0] for variable in network.trainable_variables}
    assert {name for name in learning if name.startswith("block_")} == {
        name for name in published.layers if name[:8] in {"block_13", "block_14", "block_15"}
    }
    assert learning - {name for name in learning if name.startswith("block_")} == {"last", "hidden"}
    for name in learning:
        kernel, bias = network.get_layer(name).get_weights()
        network.get_layer(name).set_weights([kernel + 1, bias + 1])
    taught = published.with_weights_of(network)
    for name, weights in published.layers.items():
        for before, after in zip(weights, taught.layers[name], strict=True):
            np.testing.assert_array_equal(after, before + 1 if name in learning else before)
    assert not published.trainable().trainable_variables


def test_teaching_brings_what_a_microphone_hears_closer_and_leaves_what_is_frozen(published: Mn04) -> None:
    """The blocks that learn are given what the frozen ones made of each patch; the network is one none the less."""
    frames = patches(6)[:, :145].reshape(-1, 128).astype(np.float16)
    dull = (frames - np.linspace(0, 0.6, 128)).astype(np.float16)
    schedule = Schedule(cycles=(40,), batch_size=4, n_frozen=6)
    taught = distillation.distill(published, [Pair(frames, dull)], schedule, seed=0)

    def outputs(of: Mn04, inputs: Array) -> list[Array]:
        whole = inputs.astype(np.float32)[: 2 * 290].reshape(2, 290, 128, 1)
        return [np.asarray(output) for output in of.trainable()(whole)[-3:-1]]

    aims, before, after = outputs(published, frames), outputs(published, dull), outputs(taught, dull)
    for aim, one, other in zip(aims, before, after, strict=True):
        assert np.mean((other - aim) ** 2) < 0.7 * np.mean((one - aim) ** 2)
    for name, (kernel, bias) in published.layers.items():
        learns = name[:8] > "block_06" if name.startswith("block_") else name in {"last", "hidden"}
        assert learns != (
            np.array_equal(kernel, taught.layers[name][0]) and np.array_equal(bias, taught.layers[name][1])
        )


def test_a_folder_without_the_arrays_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such file"):
        Mn04.read(tmp_path)
    assert BACKBONES["mn04"] is Mn04
