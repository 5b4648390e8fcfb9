"""librosa's MFCC, chroma, tempo and related features on NumPy and SciPy's FFT alone, in batch and in exact streams.

``import features_np as librosa`` works: functions have librosa 0.11's names, modules, arguments, defaults, shapes and
units. Audio is of shape (n,), or (channels, n), floating, full scale 1; float64 is computed in float64, everything else
in float32. What they cannot compute raises a ``FeatureError`` that says what to do; a name that only librosa has is an
``AttributeError`` that says so.

* as in librosa: ``feature``, ``onset``, ``beat``, ``filters``, ``effects``, ``util``; ``load``, ``stft``, ``resample``
  and the rest of its top level for time, pitch and level
* one vector of a signal, or of the last seconds of a stream: ``summarize`` and ``FeatureStream`` by a ``FeatureSpec``
* log-mel patches, what a convolutional network hears: ``log_mel_patches`` and ``PatchStream`` by a ``PatchSpec``
* streams at other rates and of integers: ``Resampler``, ``int16_to_float32``, ``float32_to_int16``
"""

from typing import TYPE_CHECKING

from features_np import beat, effects, feature, filters, onset, util
from features_np.errors import (
    FeatureError,
    LibrosaError,
    ParameterError,
    SampleRateError,
    SignalError,
    SpecError,
    only_in_librosa,
)
from features_np.front_end import PatchSpec
from features_np.patches import PatchStream, log_mel_patches
from features_np.pcm import float32_to_int16, int16_to_float32, to_mono
from features_np.signals.conversion import resample
from features_np.signals.loading import get_duration, load
from features_np.signals.resampling import Resampler
from features_np.signals.waveform import zero_crossings
from features_np.spec import FeatureSpec
from features_np.spectra.phase import magphase
from features_np.spectra.spectrum import fft_frequencies, stft
from features_np.spectra.tuning import estimate_tuning
from features_np.units.decibels import amplitude_to_db, db_to_amplitude, db_to_power, power_to_db
from features_np.units.mels import hz_to_mel, mel_frequencies, mel_to_hz
from features_np.units.pitches import hz_to_midi, hz_to_note, midi_to_hz, midi_to_note, note_to_hz, note_to_midi
from features_np.units.times import (
    frames_to_samples,
    frames_to_time,
    samples_like,
    samples_to_frames,
    samples_to_time,
    tempo_frequencies,
    time_to_frames,
    time_to_samples,
    times_like,
)
from features_np.window.stream import FeatureStream
from features_np.window.summary import summarize

__version__ = "0.1.0"

__all__ = [
    "FeatureError",
    "FeatureSpec",
    "FeatureStream",
    "LibrosaError",
    "ParameterError",
    "PatchSpec",
    "PatchStream",
    "Resampler",
    "SampleRateError",
    "SignalError",
    "SpecError",
    "__version__",
    "amplitude_to_db",
    "beat",
    "db_to_amplitude",
    "db_to_power",
    "effects",
    "estimate_tuning",
    "feature",
    "fft_frequencies",
    "filters",
    "float32_to_int16",
    "frames_to_samples",
    "frames_to_time",
    "get_duration",
    "hz_to_mel",
    "hz_to_midi",
    "hz_to_note",
    "int16_to_float32",
    "load",
    "log_mel_patches",
    "magphase",
    "mel_frequencies",
    "mel_to_hz",
    "midi_to_hz",
    "midi_to_note",
    "note_to_hz",
    "note_to_midi",
    "onset",
    "power_to_db",
    "resample",
    "samples_like",
    "samples_to_frames",
    "samples_to_time",
    "stft",
    "summarize",
    "tempo_frequencies",
    "time_to_frames",
    "time_to_samples",
    "times_like",
    "to_mono",
    "util",
    "zero_crossings",
]

if not TYPE_CHECKING:  # hidden from type checkers, to which an unknown name stays an error

    def __getattr__(name):
        raise only_in_librosa(__name__, name)
