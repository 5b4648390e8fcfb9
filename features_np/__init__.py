"""librosa's MFCC, chroma, tempo and their kin on NumPy and SciPy's FFT alone, in batch and exactly streaming.

``import features_np as librosa`` is meant literally: functions have librosa 0.11's names, places, argument names,
defaults, shapes and units. Signals are mono, shape (n,), floating, full scale 1; float64 is computed in float64,
everything else in float32. What they cannot compute raises a ``FeatureError`` that says what to do; a name that only
librosa has is an ``AttributeError`` that says so.

* as in librosa: ``feature``, ``onset``, ``beat``, ``filters``, ``stft``, ``estimate_tuning``, ``resample`` and
  ``to_mono``; decibels, mels, frames and times
* one vector of a signal, or of the last seconds of a stream: ``summarize`` and ``FeatureStream`` by a ``FeatureSpec``
* log-mel patches, what a convolutional network hears: ``log_mel_patches`` and ``PatchStream`` by a ``PatchSpec``
* streams at other rates and of integers: ``Resampler``, ``int16_to_float32``, ``float32_to_int16``
"""

from features_np import beat, feature, filters, onset
from features_np.errors import FeatureError, SampleRateError, SignalError, SpecError, only_in_librosa
from features_np.front_end import PatchSpec
from features_np.patches import PatchStream, log_mel_patches
from features_np.pcm import float32_to_int16, int16_to_float32, to_mono
from features_np.spec import FeatureSpec
from features_np.spectra.decibels import amplitude_to_db, db_to_amplitude, db_to_power, power_to_db
from features_np.spectra.mel import hz_to_mel, mel_frequencies, mel_to_hz
from features_np.spectra.resampling import Resampler, resample
from features_np.spectra.spectrum import fft_frequencies, frames_to_time, stft, time_to_frames
from features_np.spectra.tuning import estimate_tuning
from features_np.stream import FeatureStream
from features_np.summary import summarize

__all__ = [
    "FeatureError",
    "FeatureSpec",
    "FeatureStream",
    "PatchSpec",
    "PatchStream",
    "Resampler",
    "SampleRateError",
    "SignalError",
    "SpecError",
    "amplitude_to_db",
    "beat",
    "db_to_amplitude",
    "db_to_power",
    "estimate_tuning",
    "feature",
    "fft_frequencies",
    "filters",
    "float32_to_int16",
    "frames_to_time",
    "hz_to_mel",
    "int16_to_float32",
    "log_mel_patches",
    "mel_frequencies",
    "mel_to_hz",
    "onset",
    "power_to_db",
    "resample",
    "stft",
    "summarize",
    "time_to_frames",
    "to_mono",
]


def __getattr__(name: str) -> object:
    raise only_in_librosa(__name__, name)
