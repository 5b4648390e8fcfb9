"""A folder of recordings becomes a features CSV: whole, again from where it stopped, in processes and on a cluster."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from build.audio.dataset import find_tracks
from build.audio.read import duration_s, read_recording
from build.corpora import listening_conditions
from build.corpora.task import read_task
from build.extract.extractor import Extractor
from build.extract.one_file import Outcome, VectorCache, extract
from build.files import written_whole
from build.models.listening_head import own_head
from build.preprocess import main
from build.tables.feature_table import load_features, read_csv, read_list, tracks_beside
from edge.audio.demo import synthesize
from edge.errors import AudioFileError
from features_np import FeatureSpec, resample, summarize
from tests.shared_data import shared_data

ROOT = Path(__file__).resolve().parents[2]
SPEC = FeatureSpec()


def write_track(path, seconds=4, tempo_bpm=100.0, rate=22_050, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, synthesize(seconds, tempo_bpm=tempo_bpm, sample_rate=rate), rate, **options)
    return path


@pytest.fixture
def dataset(tmp_path):
    for number, genre in enumerate(["techno", "techno", "polka"]):
        write_track(tmp_path / "set" / genre / f"{genre}.{number:05d}.wav", tempo_bpm=90.0 + 20 * number)
    return tmp_path / "set"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command in an empty folder of its own, where its cache lies too."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: main([str(argument) for argument in arguments])


def test_one_row_a_track_with_the_spec_s_columns_and_exactly_summarize(dataset, run, tmp_path, capsys):
    assert run(dataset, "--out", "f.csv", "--jobs", 1) == 0
    table = read_csv(tmp_path / "f.csv")
    assert table.keys == ("polka/polka.00002", "techno/techno.00000", "techno/techno.00001")
    assert table.columns == SPEC.vector_names
    for row, path in zip(table.values, find_tracks(dataset).values(), strict=True):
        # The workers have one BLAS thread, this process may have several: other last digits of float32.
        np.testing.assert_allclose(row, summarize(read_recording(path, SPEC), SPEC), rtol=1e-5, atol=1e-4)
    assert capsys.readouterr().out == "f.csv: 3 tracks of 2 genres, 85 features (0 from the cache)\n"


def test_every_statistic_can_be_asked_for(dataset, run, tmp_path):
    assert run(dataset, "--out", "f.csv", "--jobs", 1, "--features", "all") == 0
    assert {"zcr_std", "rolloff_mean", "centroid_mean", "tempo_bpm"} < set(read_csv(tmp_path / "f.csv").columns)


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.wav", {"subtype": "FLOAT"}), ("a.au", {}), ("a.flac", {}), ("a.ogg", {}), ("a.mp3", {}), ("A.WAV", {})],
)
def test_formats_agree(name, options, tmp_path):
    path = write_track(tmp_path / "polka" / name, **options)
    assert find_tracks(tmp_path) == {f"polka/{path.stem}": path}
    decoded, truth = read_recording(path, SPEC), synthesize(4)
    n_compared = min(decoded.size, truth.size)
    assert abs(decoded.size - truth.size) < 0.1 * SPEC.sample_rate  # mp3 pads
    assert np.corrcoef(decoded[:n_compared], truth[:n_compared])[0, 1] > 0.99


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.m4a", ["-c:a", "aac"]),
        ("a.opus", ["-c:a", "libopus"]),
        ("a.aiff", []),
        ("a.mp3", ["-c:a", "libmp3lame", "-q:a", "2", "-write_xing", "0"]),
    ],
)
def test_what_classify_reads_is_read_to_its_end(name, options, tmp_path):
    """The music begins late: an mp3's length that is estimated from that beginning is too short."""
    wav, path = tmp_path / "wav" / "a.wav", tmp_path / "set" / "polka" / name
    wav.parent.mkdir()
    path.parent.mkdir(parents=True)
    music = np.concatenate([synthesize(4) * 1e-3, synthesize(12), synthesize(4) * 1e-3])
    soundfile.write(wav, music, SPEC.sample_rate)
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", wav, *options, path], check=True, timeout=60)
    assert find_tracks(tmp_path / "set") == {"polka/a": path}
    assert duration_s(path) == pytest.approx(20.0, abs=0.2)
    middle = read_recording(path, FeatureSpec(window_s=12.0))
    assert np.sqrt(np.mean(middle[: SPEC.sample_rate] ** 2)) > 0.05
    assert np.sqrt(np.mean(middle[-SPEC.sample_rate :] ** 2)) > 0.05


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_another_rate_and_two_channels_are_mixed_then_resampled(rate, tmp_path):
    left, right = synthesize(3, sample_rate=rate), synthesize(3, sample_rate=rate, tempo_bpm=130.0)
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([left, right], axis=1), rate, subtype="FLOAT")
    expected = resample((left + right) / 2, orig_sr=rate, target_sr=SPEC.sample_rate)
    np.testing.assert_allclose(read_recording(path, SPEC), expected, atol=1e-6)


BROKEN = {
    "text.wav": (b"this is not audio", "is not audio that can be read"),
    "empty.ogg": (b"", "is not audio that can be read"),
}


def test_broken_files_are_skipped_told_at_the_end_and_exit_1(dataset, run, tmp_path, capsys):
    for name, (content, _) in BROKEN.items():
        (dataset / "polka" / name).write_bytes(content)
    write_track(dataset / "polka" / "short.wav", seconds=0.2)
    soundfile.write(dataset / "polka" / "nan.wav", np.full(50_000, np.nan, np.float32), 22_050, subtype="FLOAT")
    assert run(dataset, "--out", "f.csv", "--jobs", 1) == 1
    assert len(read_csv(tmp_path / "f.csv")) == 3
    *lines, last = capsys.readouterr().err.splitlines()
    assert last == "build.preprocess: 4 of 7 files are broken and were left out"
    told = {Path(line.partition(": ")[0]).name: line for line in lines}
    assert told.keys() == {*BROKEN, "short.wav", "nan.wav"}
    assert all(problem in told[name] for name, (_, problem) in BROKEN.items())
    assert "lasts 0.2 s, at least 1 s are needed" in told["short.wav"]
    assert "nan at sample 0" in told["nan.wav"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "is not a folder"),
        (lambda path: path.mkdir(), "holds no tracks; put them into a folder for each genre"),
        (lambda path: write_track(path / "loose.wav"), "holds no tracks"),
        (lambda path: [write_track(path / "a" / name) for name in ("x.wav", "x.ogg")], "a/x: is both x.ogg and x.wav"),
        (lambda path: ((path / "a").mkdir(parents=True), (path / "a/x.wav").touch()), "none of 1 files can be used"),
    ],
)
def test_a_folder_that_is_no_dataset_is_one_line(make, message, run, tmp_path, capsys):
    make(tmp_path / "set")
    assert run("set", "--out", "f.csv", "--jobs", 1) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "f.csv").exists()


def test_hidden_files_are_no_tracks(dataset):
    (dataset / "polka" / "._polka.00002.wav").write_bytes(b"resource fork")
    assert len(find_tracks(dataset)) == 3


def test_what_was_computed_is_not_computed_again_but_what_changed_is(dataset, run, tmp_path, capsys):
    assert run(dataset, "--out", "f.csv", "--jobs", 1) == 0
    first = read_csv(tmp_path / "f.csv")
    moved = dataset / "waltz" / "renamed.wav"
    moved.parent.mkdir()
    (dataset / "techno" / "techno.00000.wav").rename(moved)
    write_track(dataset / "polka" / "polka.00002.wav", tempo_bpm=77.0)
    assert run(dataset, "--out", "f.csv", "--jobs", 1) == 0
    assert capsys.readouterr().out.endswith("(2 from the cache)\n")
    second = read_csv(tmp_path / "f.csv")
    assert second.keys == ("polka/polka.00002", "techno/techno.00001", "waltz/renamed")
    np.testing.assert_array_equal(second.values[2], first.select(["techno/techno.00000"]).values[0])
    assert not np.array_equal(second.values[0], first.select(["polka/polka.00002"]).values[0])
    assert run(dataset, "--out", "f.csv", "--jobs", 1, "--features", "30") == 0
    assert capsys.readouterr().out.endswith("30 features (0 from the cache)\n")


def test_a_damaged_cache_entry_is_computed_again(dataset, tmp_path):
    cache, path = VectorCache(tmp_path / "cache"), next(iter(find_tracks(dataset).values()))
    first = extract(path, Extractor(SPEC), cache)
    (entry,) = (tmp_path / "cache").rglob("*.npy")
    for damaged in (b"", entry.read_bytes()[:100], b"\x80\x04K\x01."):
        entry.write_bytes(damaged)
        again = extract(path, Extractor(SPEC), cache)
        assert not again.cached
        np.testing.assert_array_equal(again.vector, first.vector)
    assert extract(path, Extractor(SPEC), cache).cached


def test_another_revision_of_the_features_finds_nothing(dataset, tmp_path, monkeypatch):
    cache, path = VectorCache(tmp_path / "cache"), next(iter(find_tracks(dataset).values()))
    extract(path, Extractor(SPEC), cache)
    monkeypatch.setattr("features_np.FeatureSpec.REVISION", 10**6)
    assert not extract(path, Extractor(SPEC), cache).cached


def test_a_file_that_vanishes_is_an_outcome(tmp_path):
    outcome = extract(tmp_path / "gone.wav", Extractor(SPEC), VectorCache(tmp_path))
    assert outcome == Outcome(tmp_path / "gone.wav", None, "No such file or directory")
    with pytest.raises(AudioFileError, match=r"gone\.wav: No such file"):
        read_recording(tmp_path / "gone.wav", SPEC)


def test_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), written_whole(path) as temporary:
        temporary.write_text("ha")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    with written_whole(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["f.csv"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def command(*arguments, cwd):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # A shell's background jobs ignore Ctrl-C, and so would what the tests start among them.
    attentive = ["env", "--default-signal=INT"]
    arguments = [*attentive, sys.executable, "-m", "build.preprocess", *map(str, arguments)]
    output = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(arguments, cwd=cwd, env=environment, start_new_session=True, **output)


def wait_until(holds, seconds=60):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_an_interrupt_loses_nothing_and_the_same_command_goes_on(tmp_path):
    music = synthesize(20)
    (tmp_path / "set" / "polka").mkdir(parents=True)
    for number in range(60):
        soundfile.write(tmp_path / "set" / "polka" / f"{number:02d}.wav", music / (1 + number), 22_050)
    process = command("set", "--out", "f.csv", "--jobs", 2, cwd=tmp_path)
    wait_until(lambda: len(list(tmp_path.glob(".cache/**/*.npy"))) >= 2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    out, err = process.communicate(timeout=60)
    n_kept = len(list(tmp_path.glob(".cache/**/[!.]*.npy")))
    assert process.returncode == 130, err
    assert "of 60 tracks are done and kept" in err
    assert "Traceback" not in err
    assert 2 <= n_kept < 60
    assert not (tmp_path / "f.csv").exists()
    again = command("set", "--out", "f.csv", "--jobs", 2, cwd=tmp_path)
    out, err = again.communicate(timeout=120)
    assert out.endswith(f"({n_kept} from the cache)\n"), (out, err)


def test_a_cluster_of_processes_gives_the_same_csv(dataset, run, tmp_path, capsys):
    import distributed

    (dataset / "polka" / "text.wav").write_bytes(b"this is not audio")
    assert run(dataset, "--out", "here.csv", "--jobs", 1) == 1
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs="ERROR"
    ) as cluster:
        options = ("--scheduler", cluster.scheduler_address, "--cache", "another")
        assert run(dataset, "--out", "there.csv", *options) == 1
        assert "text.wav: is not audio" in capsys.readouterr().err
        assert run(dataset, "--out", "there.csv", *options) == 1
        assert capsys.readouterr().out.endswith("(3 from the cache)\n")
    assert (tmp_path / "here.csv").read_bytes() == (tmp_path / "there.csv").read_bytes()


def test_no_scheduler_is_one_line(dataset, run, monkeypatch, capsys):
    monkeypatch.setattr("build.extract.parallel.CLUSTER_TIMEOUT_S", 1)
    assert run(dataset, "--out", "f.csv", "--scheduler", "tcp://127.0.0.1:9") == 1
    assert capsys.readouterr().err == (
        "build.preprocess: no Dask scheduler with workers answers at tcp://127.0.0.1:9; is it running?\n"
    )


def test_published_tables_become_the_same_csv(run, tmp_path, capsys):
    folder = shared_data("gtzan", "features")
    assert run("--published", folder, "--out", "p.csv") == 0
    table = read_csv(tmp_path / "p.csv")
    splits = shared_data("gtzan", "splits")
    assert set(table.keys) == {*read_list(splits / "train.txt"), *read_list(splits / "valid.txt")}
    assert table.columns[:85] == SPEC.vector_names
    assert "without rnb and techno" in capsys.readouterr().out


def test_our_features_agree_with_the_published_ones(run, tmp_path):
    """Of the same recordings by librosa 0.8; of pop and some of rock the published rows are other recordings."""
    keys = ["blues/blues.00029", "classical/classical.00010", "metal/metal.00010"]
    for key in keys:
        (tmp_path / "set" / key).parent.mkdir(parents=True)
        shutil.copy(shared_data("gtzan", "audio") / f"{key}.ogg", tmp_path / "set" / f"{key}.ogg")
    assert run("set", "--out", "f.csv", "--jobs", 1) == 0
    assert run("--published", shared_data("gtzan", "features"), "--out", "p.csv") == 0
    ours, published = (read_csv(tmp_path / name).select(keys) for name in ("f.csv", "p.csv"))
    for group, tolerance in TOLERANCES.items():
        columns = SPEC.group_names(group)
        np.testing.assert_allclose(ours.matrix(columns), published.matrix(columns), atol=tolerance, err_msg=group)


#: What 0.1 s less of the track and another copy of it make: measured, with as much again.
TOLERANCES = {"mfcc_mean": 8.0, "mfcc_std": 3.0, "chroma_mean": 0.01, "chroma_std": 0.01, "tempo": 0.01}


def test_artists_stand_beside_the_features_where_training_finds_them(tmp_path, monkeypatch):
    """From the table that ingest writes, or from tags; a list that is no longer true goes."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "set" / "waltz"
    folder.mkdir(parents=True)
    for number, artist in enumerate(("Strauss", "", "Lanner")):
        with soundfile.SoundFile(folder / f"{number}.flac", "w", 22_050, 1) as file:
            if artist:
                file.artist = artist
            file.write(synthesize(2, seed=number))
    (tmp_path / "set" / "tracks.csv").write_text("track_id,genre,artist\n1,waltz,Chopin\n")
    command = ["set", "--out", "f.csv", "--features", "30", "--jobs", "1"]
    assert main(command) == 0
    found = read_task(tmp_path / "f.csv", *_lists(tmp_path, ["waltz/0", "waltz/1"], ["waltz/2"]), None).tracks
    assert {key: track.artist for key, track in found.items()} == {
        "waltz/0": "Strauss",
        "waltz/1": "Chopin",
        "waltz/2": "Lanner",
    }
    for number in (0, 2):
        (folder / f"{number}.flac").unlink()
    (tmp_path / "set" / "tracks.csv").unlink()
    assert main(command) == 0
    assert not tracks_beside(tmp_path / "f.csv").exists()


def _lists(folder, *lists):
    for number, keys in enumerate(lists):
        (folder / f"{number}.txt").write_text("\n".join(keys))
    return [folder / f"{number}.txt" for number in range(len(lists))]


def test_a_head_of_ones_own_learns_from_several_windows_of_a_long_record(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_track(tmp_path / "set" / "waltz" / "0.wav", seconds=45)
    assert main(["set", "--out", "f.csv", "--features", "listener", "--jobs", "1"]) == 0
    rows = [load_features(tmp_path / "f.csv").values[0]]
    rows += [load_features(path).values[0] for path in (tmp_path / "f.conditions").glob("*.csv")]
    assert len(rows) == len(listening_conditions.OWN) + 1  # the microphone that judges is one more
    assert len({row.tobytes() for row in rows}) == len(rows)


def test_a_head_of_ones_own_hears_microphones_and_short_windows(tmp_path, monkeypatch):
    """Each recording is there in every condition, the same from the cache, and the task holds them as such."""
    monkeypatch.chdir(tmp_path)
    for number in range(3):
        write_track(tmp_path / "set" / "waltz" / f"{number}.wav", seconds=7, tempo_bpm=90.0 + number)
    command = ["set", "--out", "f.csv", "--features", "listener", "--jobs", "1"]
    assert main(command) == 0
    lists = _lists(tmp_path, ["waltz/0", "waltz/1"], ["waltz/2"])
    task = read_task(tmp_path / "f.csv", *lists, None)
    assert set(task.train_conditions) == {condition.name for condition in listening_conditions.OWN} - {"as recorded"}
    assert set(task.valid_conditions) == {listening_conditions.MICROPHONES[0].name}
    tables = [task.train, *task.train_conditions.values()]
    assert len({row.tobytes() for table in tables for row in table.values}) == 2 * (len(tables) - 2)
    for window in ("earlier window", "later window"):  # of recordings that are no longer than one
        np.testing.assert_array_equal(task.train_conditions[window].values, task.train.values)
    sample = own_head().sample(task)
    assert len(sample.rows) == 2 * len(listening_conditions.OWN)

    monkeypatch.setattr("build.extract.one_file.read_windows", None)
    assert main(command) == 0
    again = read_task(tmp_path / "f.csv", *lists, None)
    for name, table in task.train_conditions.items():
        np.testing.assert_array_equal(again.train_conditions[name].values, table.values)
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert main([*command[:-4], "--features", "30", "--jobs", "1"]) == 0
    assert not read_task(tmp_path / "f.csv", *lists, None).train_conditions
