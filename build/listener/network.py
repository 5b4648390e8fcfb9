"""The listener as Keras networks: one to train, one to convert, with the same weights.

Pointwise convolutions are matrix products over the channels. TensorFlow trains them several times faster when they
are written as such; the device's runtime wants them as convolutions, whose int8 weights have a scale each channel.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from build.listener.pretrained import STRIDES, Convolution, Listener, class_names
from edge.model.sidecar import ListenerUse
from features_np.front_end import PatchSpec

#: What the head hears of a patch: after the 9th pointwise convolution, which still knows timbre, and after the last.
DEPTHS = (9, 13)
OUTPUT_NAMES = {9: "pointwise_09", 13: "embedding"}
STATISTICS = ("mean",)
PATCH_SPEC = PatchSpec()

#: AudioSet's kinds of music, from "Pop music" to "Ska", without what names no style.
_FIRST_STYLE, _LAST_STYLE = "Pop music", "Ska"
_NO_STYLES = frozenset({"Beatboxing", "Vocal music"})


def style_indices() -> list[int]:
    """Return the indices of the styles among AudioSet's classes."""
    names = class_names()
    between = range(names.index(_FIRST_STYLE), names.index(_LAST_STYLE) + 1)
    return [index for index in between if names[index] not in _NO_STYLES]


def listener_use(listener: Listener) -> ListenerUse:
    """Return how a bundle must use a listener's network."""
    names = class_names()
    return ListenerUse(
        patch_spec=PATCH_SPEC,
        outputs=tuple((OUTPUT_NAMES[depth], listener.pairs[depth - 1][1].bias.size) for depth in DEPTHS),
        statistics=STATISTICS,
        styles=tuple(names[index] for index in style_indices()),
    )


def deployed_network(listener: Listener) -> keras.Model:
    """Return the network that is converted: a patch in, the means over time and bands at ``DEPTHS`` and styles out."""
    patch = keras.Input((PATCH_SPEC.n_frames, PATCH_SPEC.n_mels))
    x = keras.layers.Reshape((PATCH_SPEC.n_frames, PATCH_SPEC.n_mels, 1))(patch)
    x = _apply(x, keras.layers.Conv2D(32, 3, strides=2, padding="same"), listener.first)
    pooled = {}
    for depth, ((depthwise, pointwise), stride) in enumerate(zip(listener.pairs, STRIDES, strict=True), start=1):
        x = _apply(x, keras.layers.DepthwiseConv2D(3, strides=stride, padding="same"), depthwise)
        x = _apply(x, keras.layers.Conv2D(pointwise.bias.size, 1), pointwise)
        pooled[depth] = keras.layers.GlobalAveragePooling2D()(x) if depth in DEPTHS else None
    styles = keras.layers.Dense(len(style_indices()), "sigmoid")
    scores = styles(pooled[DEPTHS[-1]])
    chosen = style_indices()
    styles.set_weights([listener.classes.kernel[:, chosen], listener.classes.bias[chosen]])
    return keras.Model(patch, [*(pooled[depth] for depth in DEPTHS), scores])


def trained_network(listener: Listener, depths: Sequence[int], n_frozen: int) -> keras.Model:
    """Return the network that is trained: a patch (frames, mels, 1) in, the means at ``depths`` out.

    The first convolution and the first ``n_frozen`` pairs keep their weights. Matrix products are computed in
    bfloat16, which the processors of today's workstations do several times faster.
    """
    frames, mels = PATCH_SPEC.n_frames, PATCH_SPEC.n_mels
    x = patch = keras.Input((frames, mels, 1))
    x = _apply(x, keras.layers.Conv2D(32, 3, strides=2, padding="same", trainable=False), listener.first)
    pooled = {}
    for depth, ((depthwise, pointwise), stride) in enumerate(zip(listener.pairs, STRIDES, strict=True), start=1):
        learns = depth > n_frozen
        name = f"depthwise_{depth:02d}"
        layer = keras.layers.DepthwiseConv2D(3, strides=stride, padding="same", trainable=learns, name=name)
        x = _apply(x, layer, depthwise)
        name = f"pointwise_{depth:02d}"
        dense = keras.layers.Dense(pointwise.bias.size, trainable=learns, dtype="mixed_bfloat16", name=name)
        x = _apply(x, dense, Convolution(pointwise.kernel[0, 0], pointwise.bias))
        if depth in depths:
            pooled[depth] = keras.layers.GlobalAveragePooling2D(dtype="float32")(x)
    return keras.Model(patch, [pooled[depth] for depth in depths])


def with_trained(listener: Listener, network: keras.Model) -> Listener:
    """Return the listener with the weights of its ``trained_network``."""

    def pair(depth: int) -> tuple[Convolution, Convolution]:
        kernel, bias = network.get_layer(f"depthwise_{depth:02d}").get_weights()
        depthwise = Convolution(np.asarray(kernel, dtype=np.float32), np.asarray(bias, dtype=np.float32))
        kernel, bias = network.get_layer(f"pointwise_{depth:02d}").get_weights()
        pointwise = np.asarray(kernel, dtype=np.float32)[np.newaxis, np.newaxis]
        return depthwise, Convolution(pointwise, np.asarray(bias, dtype=np.float32))

    return Listener(listener.first, tuple(pair(depth) for depth in range(1, len(STRIDES) + 1)), listener.classes)


def _apply(x: keras.KerasTensor, layer: keras.layers.Layer, weights: Convolution) -> keras.KerasTensor:
    """Apply a layer with the given weights, then the cut-off at 6 that every layer of the network has."""
    y = layer(x)
    layer.set_weights([weights.kernel, weights.bias])
    return keras.layers.ReLU(6.0)(y)
