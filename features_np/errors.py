"""The exceptions of ``features_np``.

::

    FeatureError                     librosa's LibrosaError
    ├── SpecError       (ValueError)  a FeatureSpec that cannot be computed
    └── ParameterError  (ValueError)  an argument that has no meaning, as librosa's; the message says what to pass
        └── SignalError               audio that has no defined features
            └── SampleRateError       audio at another rate than asked for
"""

from __future__ import annotations

import sys
import warnings

PACKAGE = __name__.partition(".")[0] + "."


class FeatureError(Exception):
    """Base of all exceptions that ``features_np`` raises itself."""


#: librosa's name for it.
LibrosaError = FeatureError


class SpecError(FeatureError, ValueError):
    """A feature specification is inconsistent, unknown or out of range."""


class ParameterError(FeatureError, ValueError):
    """An argument is not what the function needs."""


class SignalError(ParameterError):
    """A signal is not what the function needs: shape, type or values."""


class SampleRateError(SignalError):
    """A signal has another sample rate than the one asked for."""


#: Hints for names that only librosa has.
INSTEAD = {
    "cqt": "for 12 bins take feature.chroma_stft",
    "vqt": "for 12 bins take feature.chroma_stft",
    "chroma_cqt": "for 12 bins of another transform take chroma_stft",
    "chroma_cens": "for 12 bins of another transform take chroma_stft",
    "chroma_vqt": "for 12 bins of another transform take chroma_stft",
    "plp": "for beats take beat_track",
    "fourier_tempogram": "for autocorrelation take tempogram",
    "pyin": "for how far the whole is out of tune take estimate_tuning",
    "yin": "for how far the whole is out of tune take estimate_tuning",
    "stream": "for features of a stream take FeatureStream, for its blocks soundfile.SoundFile.blocks",
}


def only_in_librosa(module: str, name: str) -> AttributeError:
    """Return the error for a name that librosa's module has and its counterpart here lacks."""
    message = f"module {module!r} has no attribute {name!r}"
    if name.startswith("__"):
        return AttributeError(message)
    theirs = f"{module}.{name}".replace("features_np", "librosa", 1)
    if name in INSTEAD:
        return AttributeError(f"{message}: {theirs} needs librosa; {INSTEAD[name]}")
    return AttributeError(f"{message}; if {theirs} exists, it needs librosa")


def warn(message: str) -> None:
    """Issue a warning at the line that called the library."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and (frame.f_globals["__name__"] + ".").startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)
