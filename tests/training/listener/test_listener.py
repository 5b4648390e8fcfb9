"""The listener: rebuilt as published, taught without forgetting, and converted faithfully."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

from build.listener import distillation, teaching, yamnet
from build.listener.audioset import read_class_names, style_indices
from build.listener.backbone import Schedule
from build.listener.distillation import Pair
from build.listener.yamnet import STRIDES, Convolution, Yamnet
from build.models import int8
from edge.audio.demo import synthesize
from edge.model.listener import ListenerNetwork
from features_np import log_mel_patches
from features_np.front_end import EFFICIENTAT, YAMNET, PatchSpec
from tests.shared_data import shared_data

WIDTHS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)


def made_up(seed: int = 0) -> Yamnet:
    """Return a backbone of the published shape with random weights."""
    rng = np.random.default_rng(seed)

    def convolution(*shape: int) -> Convolution:
        spread = np.sqrt(2 / np.prod(shape[:3] if shape[3] > 1 else shape[:2]))
        kernel = (spread * rng.standard_normal(shape)).astype(np.float32)
        return Convolution(kernel, np.full(shape[3] if shape[3] > 1 else shape[2], 0.1, dtype=np.float32))

    widths = (32, *WIDTHS)
    pairs = [(convolution(3, 3, a, 1), convolution(1, 1, a, b)) for a, b in itertools.pairwise(widths)]
    classes = Convolution(rng.standard_normal((1024, 521)).astype(np.float32), np.zeros(521, dtype=np.float32))
    names = read_class_names(shared_data("pretrained", "yamnet_class_map.csv"))
    return Yamnet(convolution(3, 3, 1, 32), tuple(pairs), classes, names)


def patches(n: int = 8) -> np.ndarray:
    return log_mel_patches(synthesize(6.0, tempo_bpm=140.0), sr=22_050)[:n]


@pytest.fixture(scope="module")
def published() -> Yamnet:
    return Yamnet.read(shared_data("."))


def test_the_rebuilt_network_describes_a_patch_as_the_published_file_does(published: Yamnet) -> None:
    import tensorflow as tf

    sound = synthesize(2.0, sample_rate=16_000)[:15_600]
    with warnings.catch_warnings(action="ignore"):
        file = tf.lite.Interpreter(
            model_path=str(shared_data(*yamnet.WEIGHTS_FILE.parts)),
            experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=True,
        )
    file.allocate_tensors()
    file.set_tensor(0, sound)
    file.invoke()
    (scale,), (zero,) = (
        file.get_tensor_details()[115]["quantization_parameters"][key] for key in ("scales", "zero_points")
    )
    expected = (file.get_tensor(115).ravel().astype(np.float32) - zero) * scale
    early, embedding, styles = published.deployable()(log_mel_patches(sound))
    assert early.shape == (1, 512)
    assert np.corrcoef(embedding[0], expected)[0, 1] > 0.995  # int8 rounds each of its 28 layers
    scores = file.get_tensor(120)[0][style_indices(published.class_names)]
    np.testing.assert_allclose(styles[0], scores, atol=0.02)


def test_the_styles_are_kinds_of_music(published: Yamnet) -> None:
    use = published.use()
    assert {"House music", "Techno", "Swing music", "Bluegrass", "Salsa music", "Ska"} <= set(use.styles)
    assert not {"Beatboxing", "Vocal music", "Speech", "Song"} & set(use.styles)
    assert len(use.styles) == 46 and use.outputs == (("pointwise_09", 512), ("embedding", 1024))


def test_the_network_that_is_trained_and_the_one_that_is_converted_say_the_same() -> None:
    listener = made_up()
    inputs = patches()
    trained = dict(zip(yamnet.COMPARED_DEPTHS, listener.trainable(n_frozen=3)(inputs[..., np.newaxis]), strict=True))
    deployed = listener.deployable()(inputs)
    for depth, theirs in zip(yamnet.DEPTHS, deployed, strict=False):
        np.testing.assert_allclose(trained[depth], theirs, atol=0.05 * float(np.max(theirs)))  # bfloat16 has 8 bits
    again = listener.with_weights_of(listener.trainable(n_frozen=3))
    for before, after in zip(listener.pairs, again.pairs, strict=True):
        for one, other in zip(before, after, strict=True):
            np.testing.assert_array_equal(one.kernel, other.kernel)
    assert len(STRIDES) == len(WIDTHS)


def test_teaching_brings_what_a_microphone_hears_closer_to_the_recording(published: Yamnet) -> None:
    listener, rng = published, np.random.default_rng(0)
    frames = patches(12).reshape(-1, 64).astype(np.float16)
    dull = (frames - np.linspace(0, 3, 64) + 0.3 * rng.standard_normal(frames.shape)).astype(np.float16)
    schedule = Schedule(cycles=(20, 40), batch_size=10, n_frozen=3)
    taught = distillation.distill(listener, [Pair(frames, dull)], schedule, seed=1)
    aims = listener.trainable()(_as_patches(frames))

    def distance(of: Yamnet) -> float:
        answers = of.trainable()(_as_patches(dull))
        moved = [np.mean((a - b) ** 2) / np.mean(np.var(b, axis=0)) for a, b in zip(answers, aims, strict=True)]
        return float(np.mean(moved))

    assert distance(taught) < 0.8 * distance(listener)
    for before, after in zip(listener.pairs[:3], taught.pairs[:3], strict=True):  # what is frozen
        np.testing.assert_array_equal(before[1].kernel, after[1].kernel)


def test_the_int8_listener_follows_the_float_one(published: Yamnet) -> None:
    inputs = patches(12)
    frames = inputs.reshape(-1, 64).astype(np.float16)
    content = published.deployed(teaching.representative([Pair(frames, frames)], published.front_end, seed=0))
    int8.require_int8(content)
    listening = ListenerNetwork(content, published.use())
    rows = listening.rows(listening.quantize(inputs))
    exact = np.concatenate([np.asarray(output) for output in published.deployable()(inputs)], axis=1)
    for start, stop in ((0, 512), (512, 1536)):
        means = rows[:, start:stop].mean(axis=0), exact[:, start:stop].mean(axis=0)
        assert np.corrcoef(*means)[0, 1] > 0.998


def _as_patches(frames: np.ndarray) -> np.ndarray:
    return frames.astype(np.float32).reshape(-1, 96, 64, 1)


@pytest.mark.parametrize("spec", [YAMNET, EFFICIENTAT], ids=["magnitudes", "scaled power"])
def test_a_response_in_the_lessons_is_what_a_filter_does_to_the_patches(spec: PatchSpec) -> None:
    """A gain is the one response that can be had exactly: louder audio."""
    sound = synthesize(6.0, tempo_bpm=140.0)
    quiet, loud = (log_mel_patches(sound * gain, spec, sr=22_050)[:2] for gain in (0.5, 1.0))
    again = distillation.with_gain(quiet, np.full((2, spec.n_mels), np.log(2.0)), spec)
    np.testing.assert_allclose(again, loud, atol=5e-3)
