"""A bundle's answers on whole recordings, as ``livegenre classify`` defines them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import soundfile

from build.audio.condition import Condition
from build.audio.condition import microphone as microphone_of
from build.audio.read import read_recording
from build.audio.simulated_microphone import SAMPLE_RATE, Part
from build.extract.parallel import in_order
from build.score.scoring import MicrophoneScores, Scores, TempoScores
from build.tables.feature_table import Track, targets_of
from build.tables.splits import artist_of_keys
from edge.files.whole_file import Verdict, classify_file
from edge.model.bundle import Bundle, load_bundle
from features_np.spec import FeatureSpec

#: Simulated microphones for each recording.
MICROPHONE_DRAWS = 3


def classify_recordings(
    recordings: Mapping[str, Path], folder: Path | None, microphone: Condition | None = None
) -> list[Verdict]:
    """Classify recordings, by tracks' keys, with the bundle in ``folder`` (None: the shipped one).

    With a ``microphone`` as it hears the middle 30 s of them.
    """
    work = partial(_classified, folder=folder, microphone=microphone)
    return in_order(work, list(recordings.items()), "classifying")


def _classified(recording: tuple[str, Path], folder: Path | None, microphone: Condition | None) -> Verdict:
    key, path = recording
    if microphone is None:
        return classify_file(path, _bundle(folder))
    degraded = microphone(key, read_recording(path, FeatureSpec()))
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary, "degraded.wav")
        soundfile.write(copy, degraded, SAMPLE_RATE, subtype="FLOAT")
        return classify_file(copy, _bundle(folder), str(path))


@lru_cache(maxsize=1)
def _bundle(folder: Path | None) -> Bundle:
    return load_bundle(folder)


@dataclass(frozen=True)
class RecordingScores:
    """The scores of a bundle on recordings."""

    scores: Scores
    tempo: TempoScores | None  # None if no tempo is annotated, or the model does not take it


def score_recordings(
    recordings: Mapping[str, Path],
    tracks: Mapping[str, Track],
    folder: Path | None,
    split: str,
    microphone: Condition | None = None,
) -> RecordingScores:
    """Classify recordings and compare with their genres and, where ``tracks`` annotates one, with their tempi."""
    labels = _bundle(folder).labels
    verdicts = classify_recordings(recordings, folder, microphone)
    probabilities = np.array([[verdict.probabilities[label] for label in labels] for verdict in verdicts])
    artists = tuple(artist_of_keys(recordings, tracks)) if tracks else None
    scores = Scores(split, labels, targets_of(recordings, labels), probabilities, artists)
    pairs = [
        (verdict.tempo_bpm, tracks[key].tempo_bpm)
        for key, verdict in zip(recordings, verdicts, strict=True)
        if key in tracks and tracks[key].tempo_bpm and verdict.tempo_bpm is not None
    ]
    tempo = TempoScores(split, *np.array(pairs, dtype=np.float64).T) if pairs else None
    return RecordingScores(scores, tempo)


def score_through_microphones(
    recordings: Mapping[str, Path], tracks: Mapping[str, Track], folder: Path | None, clean: Scores
) -> MicrophoneScores:
    """Score recordings through simulated microphones, in rooms and noises that no model is trained with."""
    microphones = [microphone_of(Part.EVALUATION, draw) for draw in range(MICROPHONE_DRAWS)]
    drawn = (score_recordings(recordings, tracks, folder, clean.split, microphone) for microphone in microphones)
    return MicrophoneScores(clean, tuple(scores.scores for scores in drawn))
