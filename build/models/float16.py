"""Conversion of a float network to a TFLite model with float16 weights and float32 sums."""

from __future__ import annotations

import keras
import tensorflow as tf

from build.errors import ConversionError
from build.models.int8 import quiet


def to_float16(model: keras.Model, max_size: int) -> bytes:
    """Convert a network; ``ConversionError`` if the model has more than ``max_size`` bytes."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    with quiet():
        content: bytes = converter.convert()
    if len(content) > max_size:
        raise ConversionError(f"the model has {len(content):,} bytes, more than {max_size:,}; make the network smaller")
    return content
