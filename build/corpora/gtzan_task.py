"""The GTZAN data beside the project as a task: rows as recorded, in variants, and through simulated microphones."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from build.corpora import gtzan, gtzan_frames, microphone_shift, no_music
from build.corpora.frame_variants import VARIANTS
from build.corpora.listening_conditions import MICROPHONES
from build.corpora.task import Task
from build.extract.extractor import Extractor
from build.extract.rows import find_recordings, tables_of
from build.tables import splits
from build.tables.feature_table import read_tracks
from features_np import summarize
from features_np.spec import FeatureSpec


def gtzan_task(folder: Path, spec: FeatureSpec, seed: int) -> Task:
    """Read the GTZAN data beside the project, on the fault-filtered split, and compute features of its audio.

    Every train track has rows as recorded, in variants, and through simulated microphones, the last two with the
    columns of ``spec``; without audio, the last are the recorded row plus shifts measured on other tracks.
    """
    table = gtzan.load_joined(folder / "features")
    split = splits.from_lists(folder / "splits" / "train.txt", folder / "splits" / "valid.txt")
    known = table.select(key for key in split.train if key in set(table.keys))
    variants = gtzan_frames.variants(known, gtzan_frames.read_frames(folder / gtzan_frames.FRAMES_FILE), VARIANTS, seed)
    recordings = find_recordings(folder / gtzan.AUDIO_FOLDER, known.keys, gtzan.WHOLE_TRACK_S)
    degraded = microphone_shift.through_microphones(recordings, spec)
    without_audio = [
        rows.rows(row for row, key in enumerate(rows.keys) if key not in recordings) for rows in (known, variants)
    ]
    made_up = microphone_shift.transplant(without_audio, microphone_shift.differences(degraded, known), spec, seed)
    judging = find_recordings(folder / gtzan.AUDIO_FOLDER, split.valid, gtzan.WHOLE_TRACK_S)
    through = tables_of(judging, MICROPHONES, Extractor(spec))
    return Task(
        split=split.name,
        train=known,
        valid=table.select(split.valid),
        tracks=read_tracks(folder / "tracks.csv"),
        variants=variants.stacked(degraded).stacked(made_up),
        no_music=no_music.hear(folder.parent, partial(summarize, spec=spec), seed),
        valid_conditions={condition.name: table for condition, table in zip(MICROPHONES, through, strict=True)},
    )
