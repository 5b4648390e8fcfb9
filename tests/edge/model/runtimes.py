"""The Pythons on which tests find both runtimes."""

import sys

import pytest

#: tflite-runtime has no wheels after Python 3.11.
UP_TO_3_11 = pytest.mark.skipif(sys.version_info >= (3, 12), reason="there is no tflite-runtime for this Python")
