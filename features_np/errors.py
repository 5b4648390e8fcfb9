"""The exceptions of ``features_np``.

::

    FeatureError
    ├── SpecError          (ValueError)  a FeatureSpec that cannot be computed
    └── SignalError        (ValueError)  audio that has no defined features
        └── SampleRateError              audio at another rate than asked for
"""


class FeatureError(Exception):
    """Base of everything that ``features_np`` raises on purpose."""


class SpecError(FeatureError, ValueError):
    """A feature specification is inconsistent, unknown or out of range."""


class SignalError(FeatureError, ValueError):
    """A signal is not what the function needs: shape, type or values."""


class SampleRateError(SignalError):
    """A signal has another sample rate than the one asked for."""


def only_in_librosa(module: str, name: str) -> AttributeError:
    """Return the error for a name that a module which stands for one of librosa's does not have."""
    theirs = f"{module}.{name}".replace("features_np", "librosa", 1)
    return AttributeError(f"module {module!r} has no attribute {name!r}; if {theirs} exists, only librosa has it")
