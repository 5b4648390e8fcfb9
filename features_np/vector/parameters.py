"""Parameters: every number that the features of a vector are computed with, and its range."""

from __future__ import annotations

from dataclasses import dataclass

from features_np.options import Options

PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


@dataclass(frozen=True, slots=True)
class Parameters(Options):
    """The numbers of a ``FeatureSpec``, which says what each of them means."""

    sample_rate: int = 22_050
    window_s: float = 30.0
    n_fft: int = 2048
    hop_length: int = 512
    n_mels: int = 128
    n_mfcc: int = 30
    top_db: float = 80.0
    n_chroma: int = 12
    tempo_window_s: float = 8.0
    start_bpm: float = 120.0
    std_bpm: float = 1.0
    max_tempo: float = 320.0
    roll_percent: float = 0.85
    coarse_interval: float = 3.8626
    coarse_offset: float = 3.75
    coarse_range_db: float = 40.0

    def __post_init__(self) -> None:
        Options.__post_init__(self)
        self._require("sample_rate", 8_000 <= self.sample_rate <= 192_000, "8,000 to 192,000 Hz")
        self._require("window_s", 3.0 <= self.window_s <= 600.0, "3 to 600 s")
        self._require("n_fft", 64 <= self.n_fft <= 65_536 and self.n_fft % 2 == 0, "even, 64 to 65,536 samples")
        self._require("hop_length", 1 <= self.hop_length <= self.n_fft, "1 to n_fft samples")
        self._require("n_mels", 1 <= self.n_mels <= self.n_fft // 2, "1 to n_fft / 2")
        self._require("n_mfcc", 1 <= self.n_mfcc <= self.n_mels, "1 to n_mels")
        self._require("n_chroma", self.n_chroma == len(PITCH_CLASSES), "12")
        self._require("top_db", self.top_db > 0, "above 0 dB")
        self._require("tempo_window_s", 1.0 <= self.tempo_window_s <= 60.0, "1 to 60 s")
        self._require("start_bpm", self.start_bpm > 0, "above 0 BPM")
        self._require("std_bpm", self.std_bpm > 0, "above 0 octaves")
        self._require("max_tempo", self.max_tempo > 0, "above 0 BPM")
        self._require("roll_percent", 0 < self.roll_percent < 1, "between 0 and 1")
        self._require("coarse_interval", self.coarse_interval >= 1, "at least 1 frame")
        self._require("coarse_offset", self.coarse_offset >= 0, "at least 0 frames")
        self._require("coarse_range_db", self.coarse_range_db > 0, "above 0 dB")
