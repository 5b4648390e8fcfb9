"""The rows that ship beside the listener: they are the listener's, small, and make "no music" of what is none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from build.corpora.no_music import EVALUATION_FOLD
from build.corpora.own.training_rows import (
    OWN_KIND,
    TRAINING_ROWS_FILE,
    read_training_rows,
    with_no_music,
    write_training_rows,
)
from build.corpora.task import Task, write_lists
from build.errors import DatasetError
from build.listener.make_training_rows import choose, numbered
from build.models.listening_head import own_head
from build.tables.feature_sets import FEATURE_SETS
from build.tables.feature_table import FeatureTable, read_list
from build.tables.pieces import EMOTIFY, GTZAN_TRAIN, SONGS, Piece
from edge.live.decision import NO_MUSIC
from edge.model.bundle import load_bundle
from features_np.spec import FeatureSpec


def listeners() -> list[dict]:
    return [listener.definition() for listener in own_head().listeners]


def test_they_are_of_the_shipped_listener_and_small() -> None:
    """A failure means another listener ships: python -m build.listener.make_training_rows."""
    rows = read_training_rows(listeners())
    assert TRAINING_ROWS_FILE.stat().st_size <= 1_500_000
    genres = set(load_bundle().labels) - {NO_MUSIC}
    assert set(rows.music.genres) == genres
    assert all(rows.music.genres.count(genre) >= 20 for genre in genres)
    assert set(rows.columns) >= set(load_bundle().vector_names)
    assert {"speech", "hum", "kitchen"} <= set(rows.no_music.kinds)
    assert np.isfinite(rows.no_music.rows).all()


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_features_alone_find_theirs_among_them(name: str) -> None:
    columns = FeatureSpec(groups=FEATURE_SETS[name]).vector_names
    assert read_training_rows([]).music.of_columns(columns).values.shape[1] == len(columns)


def test_rows_come_back_to_a_fraction_of_their_deviation(tmp_path: Path) -> None:
    shipped = read_training_rows(listeners())
    write_training_rows(shipped, tmp_path / "again.npz")
    again = read_training_rows(listeners(), tmp_path / "again.npz")
    assert again.artists == shipped.artists and again.music.keys == shipped.music.keys
    deviation = np.vstack([shipped.music.values, shipped.no_music.rows]).std(axis=0) + 1e-6
    errors = np.abs((again.music.values - shipped.music.values) / deviation)
    assert np.quantile(errors, 0.999) < 0.15  # what is left is cut off, sixteen deviations away


def test_rows_of_another_listener_and_a_damaged_file_are_refused(tmp_path: Path) -> None:
    another = [{**listeners()[0], "sha256": "0" * 64}]
    with pytest.raises(DatasetError, match=r"of another listener .*python -m build.listener.make_training_rows"):
        read_training_rows(another)
    (tmp_path / "damaged.npz").write_bytes(TRAINING_ROWS_FILE.read_bytes()[:1000])
    with pytest.raises(DatasetError, match="cannot be read"):
        read_training_rows([], tmp_path / "damaged.npz")


def test_own_tracks_of_no_music_are_no_genre_and_judge_where_they_do_not_train(tmp_path: Path) -> None:
    shipped, columns = read_training_rows([]), FeatureSpec(groups=FEATURE_SETS["85"]).vector_names
    n_windows = len(shipped.no_music.rows)

    def table(genres: str, first: int) -> FeatureTable:
        names = tuple(f"{first + row}" for row in range(len(genres)))
        labels = tuple({"f": "folk", "p": "polka", "n": NO_MUSIC}[letter] for letter in genres)
        return FeatureTable(names, labels, columns, np.full((len(genres), len(columns)), first, dtype=np.float32))

    task = Task("made up", table("fpnn", 100), table("fpn", 200), {}, train_conditions={"5 s": table("fpnn", 300)})
    found = with_no_music(task, shipped)
    assert found.labels == ("folk", "polka") and found.valid.labels == ("folk", "polka")
    assert found.train_conditions["5 s"].labels == ("folk", "polka")
    assert found.no_music is not None and found.no_music.kinds[n_windows:] == (OWN_KIND,) * 5
    folds = found.no_music.folds[n_windows:]
    assert (folds[:4] != EVALUATION_FOLD).all() and folds[4] == EVALUATION_FOLD
    assert found.no_music.rows[n_windows:, 0].tolist() == [100, 100, 300, 300, 200]
    assert found.other_music is not None and len(found.other_music) == len(shipped.conditions) * len(shipped.music)
    write_lists(found, tmp_path)
    assert read_list(tmp_path / "train.txt") == ("folk/100", "polka/101", "no_music/102", "no_music/103")
    assert found.of_columns(columns[:30]).no_music.rows.shape[1] == 30
    assert found.of_columns([*columns, "unheard of"]).no_music is None


def test_whole_pieces_of_all_collections_and_artists_come_first() -> None:
    pieces = [
        Piece(f"{name}/{number}", "rock", name, f"{name} {number // 2}", Path(), number != 0)
        for name in (GTZAN_TRAIN, SONGS, EMOTIFY)
        for number in range(40)
    ]
    chosen = choose(pieces, 0)
    assert len(chosen) == 25 and all(piece.whole for piece in chosen)
    assert {sum(piece.collection == name for piece in chosen) for name in (GTZAN_TRAIN, SONGS, EMOTIFY)} <= {8, 9}
    assert len({piece.group for piece in chosen}) == 25
    few = [replace(piece, whole=index < 3) for index, piece in enumerate(pieces[:10])]
    assert sorted(piece.whole for piece in choose(few, 0)) == [False] * 7 + [True] * 3
    assert numbered(["b", "a", "b"]) == ("0", "1", "0")
    assert json.dumps(numbered(["b"])) == '["0"]'
