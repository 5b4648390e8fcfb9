"""The exceptions of ``edge``; each carries the exit status the command ends with.

::

    EdgeError                            exit 1
    ├── AudioFileError  (OSError)        exit 1  a file that cannot be read as audio
    ├── SourceError     (OSError)        exit 2  no microphone, or none by that name
    │   ├── NoMicrophone                 exit 2  there is none at all; another source or the demo can do without
    │   ├── NoSoundSystem                exit 2  PortAudio is not installed; waiting does not help
    │   └── SoundSystemStuck             exit 2  a call to it that never returns; only a new process helps
    ├── BundleError     (ValueError)     exit 3  a model that is damaged or does not fit this program
    ├── RuntimeMissing  (ImportError)    exit 3  no usable TFLite runtime
    ├── HistoryError    (OSError)        exit 1  a history file that cannot be read, or is not ours to write
    ├── CorrectionError (ValueError)     exit 2  a label that the model does not know, or nothing to correct
    ├── LearningError                    exit 1  what was learned cannot be kept, or there is nothing to take back
    ├── ServiceError                     exit 1  the systemd service cannot be set up
    ├── FaceError                        exit 1  a page, window or broker connection that cannot be had
    └── ConfigError     (ValueError)     exit 2  an option or a configuration key that makes no sense
        └── SettingError                 exit 2  the same, with the name of the setting

The message of each is one line that names the thing and the remedy.
"""

from edge.progress import Progress


class EdgeError(Exception):
    """Base of all exceptions that ``edge`` raises itself."""

    exit_status = 1


class AudioFileError(EdgeError, OSError):
    """A file cannot be opened or decoded as audio."""


class SourceError(EdgeError, OSError):
    """A source of live audio cannot be opened."""

    exit_status = 2


class NoMicrophone(SourceError):  # noqa: N818 - it is a state of the machine, told as one
    """The sound system works and has no input at all."""


class NoSoundSystem(SourceError):  # noqa: N818 - it is a state of the machine, told as one
    """A library that every microphone needs is missing."""


class SoundSystemStuck(SourceError):  # noqa: N818 - it is a state of the machine, told as one
    """A call into the sound system does not return: this process cannot use it any more, a new one can.

    ``away_since`` is the time of the last audio, in seconds on the steady clock; ``progress`` is handed to the new
    process, and ``rooms`` in its place where sources have names.
    """

    def __init__(self, words: str, away_since: float) -> None:
        super().__init__(words)
        self.away_since = away_since
        self.progress = Progress(away_since=away_since)
        self.rooms: dict[str, Progress] = {}


class BundleError(EdgeError, ValueError):
    """A model bundle is missing, damaged or made for another feature definition."""

    exit_status = 3


class RuntimeMissing(EdgeError, ImportError):  # noqa: N818 - it is a state of the machine, told as one
    """No TFLite runtime on this machine can load the model."""

    exit_status = 3


class HistoryError(EdgeError, OSError):
    """A history file cannot be read, belongs to another program or was written by a newer one."""


class CorrectionError(EdgeError, ValueError):
    """A correction names no label of the model, or there is no segment to correct."""

    exit_status = 2


class LearningError(EdgeError):
    """A personal layer cannot be kept beside the history, or there is none to take back."""


class ServiceError(EdgeError):
    """The systemd service cannot be set up or removed."""


class FaceError(EdgeError):
    """A face cannot work: its extra is not installed, its address is taken, there is no screen."""


class ConfigError(EdgeError, ValueError):
    """An option or a configuration key has no meaning or a bad value."""

    exit_status = 2


class SettingError(ConfigError):
    """A setting has no meaning or a bad value; ``key`` is its name."""

    def __init__(self, key: str, words: str) -> None:
        super().__init__(words)
        self.key = key
