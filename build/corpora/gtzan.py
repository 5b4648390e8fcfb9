"""The GTZAN data beside the project: published tables, log-mel frames and recordings of the same tracks, joined.

The rows of some tracks in the tables (49 of pop, 10 of rock and a few more of those with audio) are of other
recordings, by their chroma, while frames and recordings agree. So the features of a track with whole audio are all
computed from audio; tables and frames are used for the others.
"""

from __future__ import annotations

from pathlib import Path

from build.corpora import gtzan_frames
from build.extract import rows
from build.tables.feature_table import FeatureTable, load_features
from features_np.spec import FeatureSpec
from features_np.vector.groups import GROUPS

AUDIO_FOLDER = "audio"
#: Seconds of audio from which on a track of 30 s counts as whole.
WHOLE_TRACK_S = 28.0


def load_joined(features: Path) -> FeatureTable:
    """Read a features CSV; or a folder of published tables, joined with the frames and recordings beside it.

    Such a folder's track without frames (GTZAN: jazz.00054) is left out.
    """
    table = load_features(features)
    frames, audio = features.parent / gtzan_frames.FRAMES_FILE, features.parent / AUDIO_FOLDER
    if not (features.is_dir() and frames.exists()):
        return table
    table = gtzan_frames.with_timbre(table, gtzan_frames.read_frames(frames))
    return table.corrected(whole_track_features(table, audio)) if audio.exists() else table


def whole_track_features(table: FeatureTable, audio: Path) -> FeatureTable:
    """Return all features of those of a table's tracks whose audio under ``audio`` is whole."""
    recordings = rows.find_recordings(audio, table.keys, WHOLE_TRACK_S)
    return rows.features_of(recordings, FeatureSpec(groups=tuple(GROUPS)))
