"""Classifies whole files: the same windows, features and model as when listening, without the decision over time.

A recording longer than the model's window is classified in half-overlapping windows, whose probabilities are averaged:
the share of the recording that sounds like each genre. Memory does not grow with its length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.audio.file import AudioFile
from edge.audio.level import LevelMeter, mono
from edge.errors import AudioFileError
from edge.live import styles
from edge.live.decision import DecisionSettings
from edge.model.bundle import Bundle
from edge.model.classifier import Classifier
from edge.model.head_input import HeadInputStream
from edge.words import encodable

#: Shorter recordings, in seconds, are not classified: not even two beats at 120 BPM.
SHORTEST_S = 1.0
#: Seconds read at once.
BLOCK_S = 1.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The genre of a whole recording, and how it was reached."""

    path: str
    genre: str
    confidence: float  # probability of the genre, 0..1
    probabilities: Mapping[str, float]  # per label; they sum to 1
    tempo_bpm: float | None  # median over the windows; None if the model uses no tempo
    duration_s: float
    styles: Mapping[str, float] | None = None  # the likeliest few of the listener's styles, with their scores, 0..1
    nearest: bool = False  # a style leads that is none of the model's genres: ``genre`` is only the nearest of them
    warning: str | None = None  # what could not be read of the file, in words

    def to_json(self) -> dict[str, object]:
        """Return JSON-ready values."""
        return {
            "path": encodable(self.path),
            "genre": encodable(self.genre),
            "confidence": round(self.confidence, 4),
            "probabilities": {encodable(label): round(value, 4) for label, value in self.probabilities.items()},
            "tempo_bpm": None if self.tempo_bpm is None else round(self.tempo_bpm, 2),
            "duration_s": round(self.duration_s, 3),
            "styles": self.styles and {encodable(name): round(score, 4) for name, score in self.styles.items()},
            "nearest": self.nearest,
            "warning": self.warning and encodable(self.warning),
        }


def classify_file(path: Path, bundle: Bundle, name: str | None = None) -> Verdict:
    """Classify one file of any rate, channel count and length, ``name`` to people (by default its path).

    A damaged or truncated file is classified by its readable part, with a ``warning``. ``AudioFileError`` if it is not
    audio or silent.
    """
    file = AudioFile(path, name)
    try:
        windows = _Windows(bundle, file.sample_rate)
        windows.hear(file)
    finally:
        file.close()
    if windows.seconds < windows.shortest_s:
        problem = f"{windows.seconds:.1f} s of audio are too few, {windows.shortest_s:.0f} s are needed"
        raise AudioFileError(f"{file.name}: {problem}")
    if not windows.vectors:
        raise AudioFileError(f"{file.name}: holds only silence")
    classify = Classifier(bundle)
    probabilities = np.mean([classify(vector) for vector in windows.vectors], axis=0)
    best = int(np.argmax(probabilities))
    return Verdict(
        path=file.name,
        genre=bundle.labels[best],
        confidence=float(probabilities[best]),
        probabilities=dict(zip(bundle.labels, probabilities.tolist(), strict=True)),
        tempo_bpm=_median_tempo(bundle, windows.vectors),
        duration_s=windows.seconds,
        **styles.summary(
            bundle.styles,
            bundle.labels,
            np.mean(windows.styles, axis=0) if windows.styles else None,
            bundle.genre_styles,
        ),
        warning=windows.warning,
    )


class _Windows:
    """Collects the feature vectors of a file's windows that are not silent."""

    def __init__(self, bundle: Bundle, source_rate: int) -> None:
        self.vectors: list[NDArray[np.float32]] = []
        self.styles: list[NDArray[np.float32]] = []
        self.seconds = 0.0
        self.warning: str | None = None
        self.shortest_s = max(SHORTEST_S, bundle.first_answer_s)
        self._spec = bundle.spec
        self._stream = HeadInputStream(bundle, source_rate)
        self._level = LevelMeter()
        self._wanted = bundle.spec.window_samples  # samples still to come before the next window is complete

    def hear(self, file: AudioFile) -> None:
        try:
            for block in file.blocks(BLOCK_S):
                if block.sample_rate != self._stream.source_rate:  # another song in the same file
                    self._hear(self._stream.finish())
                    self._stream.change_rate(block.sample_rate)
                self.seconds += block.seconds
                self._push(mono(block.frames))
            self.warning = file.cut_short and f"{file.name}: {file.cut_short}"
        except AudioFileError as error:  # nine tenths of a file are enough
            if self.seconds < self.shortest_s:
                raise
            self.warning = str(error)
        self._hear(self._stream.finish())
        never_full = not self.vectors and self._wanted > 0
        # The window before covers a rest of less than half a hop well enough.
        if never_full or self._wanted < self._hop / 2:
            self._take()

    @property
    def _hop(self) -> int:
        return self._spec.window_samples // 2

    def _push(self, samples: NDArray[np.float32]) -> None:
        while samples.size:
            taken, samples = self._stream.take(samples, self._wanted)
            self._hear(taken)

    def _hear(self, samples: NDArray[np.float32]) -> None:
        self._level.push(samples)
        self._wanted -= samples.size
        if self._wanted <= 0:
            self._take()
            self._wanted += self._hop

    def _take(self) -> None:
        level = self._level.take()
        if level is not None and level >= DecisionSettings().silence_dbfs and self._stream.seconds >= self.shortest_s:
            self.vectors.append(self._stream.vector())
            scores = self._stream.styles()
            if scores is not None:
                self.styles.append(scores)


def _median_tempo(bundle: Bundle, vectors: list[NDArray[np.float32]]) -> float | None:
    tempi = [tempo for vector in vectors if (tempo := bundle.tempo_bpm(vector)) is not None]
    return float(np.median(tempi)) if tempi else None
