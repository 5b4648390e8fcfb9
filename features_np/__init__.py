"""librosa's MFCC, chroma and tempo on NumPy and SciPy's FFT alone, in batch and exactly streaming.

The functions have librosa 0.11's names, argument names, defaults, shapes and units. Signals are mono, shape (n,),
floating, full scale 1; float64 is computed in float64, everything else in float32. What they cannot compute raises a
``FeatureError`` that says what to do.

* spectra: ``stft``, ``melspectrogram``, ``power_to_db``, ``mfcc``
* pitch: ``chroma_stft``, ``estimate_tuning``
* rhythm: ``onset_strength``, ``tempogram``, ``tempo``
* shape: ``zero_crossing_rate``, ``spectral_rolloff``, ``spectral_centroid``
* one vector of a signal, or of the last seconds of a stream: ``summarize`` and ``FeatureStream`` by a ``FeatureSpec``
* log-mel patches, what a convolutional network hears: ``log_mel_patches`` and ``PatchStream`` by a ``PatchSpec``
* rates and samples: ``resample``, ``Resampler``, ``int16_to_float32``, ``float32_to_int16``, ``to_mono``
"""

from features_np.errors import FeatureError, SampleRateError, SignalError, SpecError
from features_np.patches import PatchSpec, PatchStream, log_mel_patches
from features_np.pcm import float32_to_int16, int16_to_float32, require_signal, to_mono
from features_np.resampling import Resampler, resample
from features_np.rhythm.onsets import onset_strength
from features_np.rhythm.tempi import tempo, tempogram
from features_np.spec import SEED_FEATURE_SETS, FeatureSpec
from features_np.spectra.cepstrum import mfcc
from features_np.spectra.chroma import chroma_stft, estimate_tuning
from features_np.spectra.mel import melspectrogram
from features_np.spectra.shape import spectral_centroid, spectral_rolloff, zero_crossing_rate
from features_np.spectra.spectrum import power_to_db, stft
from features_np.stream import FeatureStream
from features_np.summary import summarize

__all__ = [
    "SEED_FEATURE_SETS",
    "FeatureError",
    "FeatureSpec",
    "FeatureStream",
    "PatchSpec",
    "PatchStream",
    "Resampler",
    "SampleRateError",
    "SignalError",
    "SpecError",
    "chroma_stft",
    "estimate_tuning",
    "float32_to_int16",
    "int16_to_float32",
    "log_mel_patches",
    "melspectrogram",
    "mfcc",
    "onset_strength",
    "power_to_db",
    "require_signal",
    "resample",
    "spectral_centroid",
    "spectral_rolloff",
    "stft",
    "summarize",
    "tempo",
    "tempogram",
    "to_mono",
    "zero_crossing_rate",
]
