"""Splits keep apart what belongs apart, and carry a name that says how."""

from pathlib import Path

import numpy as np
import pytest

from build.errors import DatasetError
from build.tables import splits
from build.tables.feature_table import GTZAN, FeatureTable, Track
from tests.shared_data import shared_data


def table(n_tracks: int = 60, genres: tuple[str, ...] = ("jazz", "rock")) -> FeatureTable:
    ids = tuple(f"t{index}" for index in range(n_tracks))
    values = np.arange(n_tracks, dtype=np.float32)[:, np.newaxis]
    return FeatureTable(ids, tuple(genres[index % len(genres)] for index in range(n_tracks)), ("x",), values)


def artists(features: FeatureTable, tracks_an_artist: int) -> dict[str, Track]:
    return {
        key: Track(key.partition("/")[2], genre, "", "", None, f"{genre} {row // (2 * tracks_an_artist)}", None)
        for row, (key, genre) in enumerate(zip(features.keys, features.genres, strict=True))
    }


def test_no_artist_is_on_both_sides_of_a_fold_and_every_track_is_held_out_once() -> None:
    features = table()
    known = artists(features, tracks_an_artist=3)
    held_out = []
    for train, valid in splits.folds(features, known):
        names = [{known[features.keys[row]].artist for row in rows} for rows in (train, valid)]
        assert not names[0] & names[1]
        assert 0.3 <= np.mean([features.genres[row] == "rock" for row in valid]) <= 0.7
        held_out += list(valid)
    assert sorted(held_out) == list(range(len(features)))


def test_tracks_of_unknown_artists_count_as_artists_of_their_own() -> None:
    features = table(4)
    known = {"jazz/t0": Track("t0", "jazz", "", "", None, "Someone", None)}
    assert splits.artist_of_rows(features, known) == ["Someone", "rock/t1", "jazz/t2", "rock/t3"]


def test_a_random_split_says_loudly_that_it_flatters() -> None:
    with pytest.warns(splits.LeakySplitWarning, match="every figure from them is too good"):
        split = splits.held_out_fold(table(), {})
    assert "random, artists unknown" in split.name
    assert (len(split.train), len(split.valid)) == (48, 12)


@pytest.mark.filterwarnings("ignore::build.tables.splits.LeakySplitWarning")
@pytest.mark.parametrize("with_artists", [True, False])
def test_a_recording_that_is_there_twice_is_on_one_side(with_artists: bool) -> None:
    """Under another name or genre, by another artist, or three times over."""
    features = table()
    values = features.values.copy()
    for first, second in ((0, 7), (7, 30), (3, 41)):
        values[second] = values[first]
    features = FeatureTable(features.track_ids, features.genres, features.columns, values)
    for seed in range(5):
        held_out_in = splits.fold_of(features, artists(features, 3) if with_artists else {}, seed)
        assert held_out_in[0] == held_out_in[7] == held_out_in[30] and held_out_in[3] == held_out_in[41]
        assert len(np.unique(held_out_in)) == splits.N_FOLDS


@pytest.mark.parametrize("n_tracks", [10, 12])
def test_five_tracks_a_genre_are_enough_to_hold_some_out_and_to_fold_the_rest(n_tracks: int) -> None:
    features = table(n_tracks)
    with pytest.warns(splits.LeakySplitWarning):
        split = splits.held_out_fold(features, {})
        held_out_in = splits.fold_of(features.select(split.train), {})
    assert len(split.valid) >= 2 and len(np.unique(held_out_in)) >= 4


def test_too_few_tracks_for_folds_is_an_error() -> None:
    with pytest.raises(DatasetError, match="the smallest genre has 4: jazz"):
        splits.held_out_fold(table(8), {})


def test_a_track_in_both_lists_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("rock/one.wav\nrock/two.wav\n")
    (tmp_path / "b.txt").write_text("rock/two.au\n")
    with pytest.raises(DatasetError, match="rock/two is in both lists"):
        splits.from_lists(tmp_path / "a.txt", tmp_path / "b.txt")


def test_the_published_lists_are_named_for_what_they_are(tmp_path: Path) -> None:
    shared_data("gtzan", "splits")
    assert splits.from_lists(GTZAN / "splits/train.txt", GTZAN / "splits/valid.txt").name == splits.FAULT_FILTERED
    (tmp_path / "a.txt").write_text("rock/one.wav\n")
    (tmp_path / "b.txt").write_text("rock/two.wav\n")
    assert splits.from_lists(tmp_path / "a.txt", tmp_path / "b.txt").name == "lists a.txt and b.txt"
