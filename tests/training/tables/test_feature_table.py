"""Reading tables, lists and tracks: what comes back, and what a damaged file is called."""

from pathlib import Path

import numpy as np
import pytest

from build.corpora import gtzan
from build.errors import DatasetError
from build.tables.feature_table import (
    FeatureTable,
    load_features,
    read_csv,
    read_list,
    read_tracks,
    track_key,
    write_csv,
)
from features_np.spec import FeatureSpec
from tests.shared_data import shared_data

TABLE = FeatureTable(
    track_ids=("a", "b", "a"),
    genres=("rock", "jazz", "jazz"),
    columns=("x", "y"),
    values=np.array([[0.1, 1e-7], [2, 3], [-4, 123456.78]], dtype=np.float32),
)


def test_a_table_reads_back_as_it_was_written(tmp_path: Path) -> None:
    write_csv(TABLE, tmp_path / "features.csv")
    read = read_csv(tmp_path / "features.csv")
    assert (read.keys, read.columns) == (("rock/a", "jazz/b", "jazz/a"), ("x", "y"))
    assert read.values.tobytes() == TABLE.values.tobytes()


def test_rows_are_found_by_key_and_come_in_the_order_asked_for() -> None:
    chosen = TABLE.select(["jazz/a", "rock/a"])
    assert chosen.keys == ("jazz/a", "rock/a")
    assert chosen.matrix(["y", "x"])[0].tolist() == pytest.approx([123456.78, -4], rel=1e-6)
    assert TABLE.targets(("jazz", "rock")).tolist() == [1, 0, 0]
    assert TABLE.without(["rock"]).keys == ("jazz/b", "jazz/a")


def test_corrected_rows_are_those_of_the_same_tracks_and_no_others() -> None:
    table = FeatureTable(("a.1", "b.1", "c.1"), ("a", "b", "c"), ("x", "y"), np.zeros((3, 2), dtype=np.float32))
    values = np.array([[1, 2], [3, 4]], dtype=np.float32)
    whole_track_features = FeatureTable(("c.1", "a.1"), ("c", "a"), ("y", "x"), values)
    assert table.corrected(whole_track_features).values.tolist() == [[4, 3], [0, 0], [2, 1]]
    assert not table.values.any()


def test_whole_recordings_stand_before_the_tables_and_the_tables_for_the_rest() -> None:
    folder = shared_data("gtzan", "features")
    table = load_features(folder)
    tracks = read_tracks(folder.parent / "tracks.csv")
    few = [key for key in table.keys if key.startswith("disco/") and tracks[key].audio == "full"][:2]
    clip = next(key for key in table.keys if tracks[key].audio == "clip")
    whole_track_features = gtzan.whole_track_features(table.select([*few, clip]), folder.parent / gtzan.AUDIO_FOLDER)
    assert whole_track_features.keys == tuple(few)
    ours, theirs = (part.matrix(["tempo_bpm"])[:, 0] for part in (whole_track_features, table.select(few)))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is not a features CSV"),
        ("name,genre,x\na,rock,1\n", "must start with track_id,genre"),
        ("track_id,genre,x\n", "holds no track"),
        ("track_id,genre,x\na,rock,1,2\n", "line 2: has 4 fields, the header 3"),
        ("track_id,genre,x\na,rock,loud\n", "line 2: x is 'loud', not a finite number"),
        ("track_id,genre,x\na,rock,nan\n", "line 2: x is 'nan', not a finite number"),
        ("track_id,genre,x\na,rock,1\na,rock,2\n", "rock/a has two rows"),
    ],
)
def test_a_damaged_table_is_named_with_its_line(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "features.csv"
    path.write_text(content)
    with pytest.raises(DatasetError, match=complaint) as caught:
        read_csv(path)
    assert str(path) in str(caught.value)


def test_missing_columns_tracks_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no column 'z' in the features"):
        TABLE.matrix(["x", "z"])
    with pytest.raises(DatasetError, match=r"no features for rock/c \(1 of 2"):
        TABLE.select(["rock/a", "rock/c"])
    with pytest.raises(DatasetError, match="genre 'rock' is not one of the model's"):
        TABLE.targets(("jazz",))
    with pytest.raises(DatasetError, match="No such file"):
        load_features(tmp_path / "none.csv")


def test_a_list_gives_keys_whatever_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("# mine\nblues/blues.00029.wav\n\njazz/Take Five.FLAC\nrock/no.suffix\n")
    assert read_list(path) == ("blues/blues.00029", "jazz/Take Five", "rock/no.suffix")
    assert track_key(Path("jazz/Take Five.ogg")) == "jazz/Take Five"
    assert track_key(Path("jazz/Brubeck/Time Out/Take Five.ogg")) == "jazz/Brubeck/Time Out/Take Five"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "names no track"),
        ("blues.00029.wav\n", "line 1: 'blues.00029.wav' is not GENRE/TRACK"),
        ("a/b.wav\na/b.au\n", "line 2: a/b stands on line 1 already"),
    ],
)
def test_a_damaged_list_is_named_with_its_line(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "list.txt"
    path.write_text(content)
    with pytest.raises(DatasetError, match=complaint):
        read_list(path)


def test_tracks_tell_what_is_known_and_what_is_not(tmp_path: Path) -> None:
    path = tmp_path / "tracks.csv"
    path.write_text("track_id,genre,artist,tempo_bpm\na,rock,Someone,126.5\nb,rock,,\n")
    tracks = read_tracks(path)
    assert (tracks["rock/a"].artist, tracks["rock/a"].tempo_bpm, tracks["rock/b"].tempo_bpm) == ("Someone", 126.5, None)
    path.write_text("track_id,genre,artist,tempo_bpm\na,rock,Someone,fast\n")
    with pytest.raises(DatasetError, match="line 2: could not convert string to float: 'fast'"):
        read_tracks(path)
    path.write_text("track_id,genre\n")
    with pytest.raises(DatasetError, match="has no column 'artist'"):
        read_tracks(path)


def test_the_published_tables_hold_all_tracks_of_the_lists_and_no_confounded_genre() -> None:
    table = load_features(shared_data("gtzan", "features"))
    tracks = read_tracks(shared_data("gtzan", "tracks.csv"))
    train, valid = (read_list(shared_data("gtzan", "splits", f"{name}.txt")) for name in ("train", "valid"))
    assert (len(train), len(valid), len(table.labels)) == (443, 197, 10)
    assert set(train) | set(valid) == set(table.keys) == set(tracks)
    assert not set(train) & set(valid)
    assert table.matrix(FeatureSpec().vector_names).shape == (640, 85)
    first = table.select(["rock/rock.00000"]).matrix(["mfcc_mean_00", "mfcc_std_29", "chroma_std_B", "tempo_bpm"])
    assert first[0].tolist() == pytest.approx([-15.769271, 5.359199, 0.27606037, 123.046875], rel=1e-6)
