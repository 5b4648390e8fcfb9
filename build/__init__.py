"""The training lab: from audio or feature tables to a published model bundle. Never installed; run from the root."""

import contextlib
import importlib
import os

from edge.model.interpreter import RUNTIMES

# TensorFlow reads these once, when it is first imported: log errors only, and use the backend that we convert from.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

# tflite-runtime must be loaded before TensorFlow, which contains another copy of the same library: loaded after it,
# tflite-runtime 2.14 answers every model with "vector::reserve".
for _runtime in RUNTIMES:
    with contextlib.suppress(ImportError):
        importlib.import_module(_runtime)
        break
