"""``livegenre classify`` on folders, playlists, pipes, truncated files, and many files at once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.audio.demo import synthesize
from features_np import pcm
from tests.edge.pseudo_terminal import MODERN, PseudoTerminal

LIVEGENRE = Path(sys.executable).with_name("livegenre")
RATE = 22_050
MUSIC = synthesize(10.0)


def classify(
    *args: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None
) -> tuple[int, list[dict[str, object]], list[str]]:
    """Return the exit status, the JSON objects and the lines on standard error."""
    command = [LIVEGENRE, "classify", "--json", *map(str, args)]
    done = subprocess.run(
        command, input=stdin, capture_output=True, check=False, timeout=120, env={**os.environ, **(env or {})}
    )
    assert b"Traceback" not in done.stderr
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, objects, done.stderr.decode().splitlines()


def heard_by_listen(path: Path) -> tuple[int, list[dict[str, object]], list[str]]:
    """Return the same of ``listen`` to the file, with every event."""
    command = [LIVEGENRE, "listen", "--json", "--fast", "--source", f"file:{path}"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode().splitlines()


def names(objects: list[dict[str, object]]) -> list[str]:
    return [Path(str(found["path"])).name for found in objects]


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records in folders, beside covers and notes."""
    folder = tmp_path_factory.mktemp("records")
    for name in ("b.wav", "a.flac", "later/c.ogg", ".trash/d.wav", "._a.flac"):
        (folder / name).parent.mkdir(exist_ok=True)
        soundfile.write(folder / name, MUSIC[: 4 * RATE], RATE, format=Path(name).suffix[1:].upper())
    (folder / "cover.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "later" / "notes.txt").write_text("side A")
    return folder


def test_a_folder_stands_for_the_recordings_in_it_in_order(collection: Path) -> None:
    status, verdicts, told = classify(collection)
    assert (status, told) == (0, [])
    assert names(verdicts) == ["a.flac", "b.wav", "c.ogg"]


def test_a_folder_without_recordings_is_told(tmp_path: Path) -> None:
    status, (failure,), (line,) = classify(tmp_path)
    assert status == 1
    assert failure == {"path": str(tmp_path), "error": "holds no audio files"}
    assert line == f"livegenre: {tmp_path}: holds no audio files"


@pytest.mark.parametrize("suffix", [".m3u", ".M3U8"])
def test_a_playlist_stands_for_its_entries(collection: Path, tmp_path: Path, suffix: str) -> None:
    shutil.copy(collection / "b.wav", tmp_path / "naïve.wav")
    shutil.copy(collection / "b.wav", os.fsencode(tmp_path) + b"/caf\xe9.wav")
    playlist = tmp_path / f"party{suffix}"
    lines = [
        b"\xef\xbb\xbf#EXTM3U",
        b"#EXTINF:4,Somebody - Something",
        os.fsencode(collection / "a.flac"),
        b"na\xefve.wav",
    ]
    lines += [
        b"",
        b"caf\xe9.wav",
        b"missing.wav",
        f"file://{collection}/later/c%2Eogg".encode(),
        b"http://radio.example/x",
    ]
    playlist.write_bytes(b"\r\n".join(lines))
    status, found, told = classify(playlist)
    assert status == 1
    assert names(found) == ["a.flac", "naïve.wav", r"caf\xe9.wav", "missing.wav", "c.ogg", "x"]
    assert [index for index, one in enumerate(found) if "error" in one] == [3, 5]
    assert told[0].endswith("missing.wav: No such file or directory")
    assert told[1] == "livegenre: http://radio.example/x: is on the network, from which livegenre fetches nothing"


def test_backslashes_of_a_playlist_lead_into_folders(collection: Path, tmp_path: Path) -> None:
    (tmp_path / "party.m3u").write_text("later\\c.ogg\n")
    shutil.copytree(collection / "later", tmp_path / "later")
    assert names(classify(tmp_path / "party.m3u")[1]) == ["c.ogg"]


def test_a_file_comes_through_standard_input_or_a_pipe(collection: Path, tmp_path: Path) -> None:
    status, (verdict,), _ = classify("-", stdin=(collection / "a.flac").read_bytes())
    (by_path,) = classify(collection / "a.flac")[1]
    assert status == 0
    assert verdict == {**by_path, "path": "-"}
    script = '"$0" classify --json --jobs 2 <(cat "$1") "$1"'
    done = subprocess.run(["bash", "-c", script, LIVEGENRE, collection / "a.flac"], capture_output=True, check=False)
    through_pipe, by_path = map(json.loads, done.stdout.splitlines())
    assert {**through_pipe, "path": by_path["path"]} == by_path
    assert classify("-", stdin=b"no audio")[1] == [
        {"path": "-", "error": "is not audio that can be read; wav, flac, ogg and mp3 can"}
    ]


def test_several_processes_give_what_one_gives_in_the_same_order(collection: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mp3").write_text("no music")
    paths = (collection, tmp_path / "text.mp3", collection / "b.wav", "/nowhere.wav")
    assert classify("--jobs", "3", *paths) == classify(*paths)


def test_a_file_that_ends_the_process_takes_no_other_along(collection: Path, tmp_path: Path) -> None:
    """A crash as a decoder's defect causes it, triggered by a file's name."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, soundfile\n"
        "opened = soundfile.SoundFile.__init__\n"
        "def init(self, file, *args, **options):\n"
        "    if b'deadly' in os.fsencode(file): os.abort()\n"
        "    opened(self, file, *args, **options)\n"
        "soundfile.SoundFile.__init__ = init\n"
    )
    deadly = tmp_path / "deadly.wav"
    shutil.copy(collection / "b.wav", deadly)
    good = collection / "b.wav"
    env = {"PYTHONPATH": str(tmp_path)}
    status, found, told = classify("--jobs", "2", good, deadly, good, good, deadly, good, env=env)
    assert status == 1
    assert [index for index, one in enumerate(found) if "error" in one] == [1, 4]
    assert told == [f"livegenre: {deadly}: ended the process that read it; it may be damaged, or too large"] * 2


@pytest.mark.parametrize("jobs", ["0", "-1", "many", "1.5"])
def test_a_wrong_number_of_processes_is_told(jobs: str) -> None:
    status, _, told = classify(f"--jobs={jobs}", "x.wav")
    assert status == 2
    assert told[-1].endswith(f"argument --jobs: {jobs}: write a number of processes, from 1 on")


@pytest.mark.parametrize("name", ["cut.wav", "cut.aiff", "cut.ogg", "cut.mp3", "cut.flac"])
def test_nine_tenths_of_a_file_are_classified_and_it_is_said(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    soundfile.write(path, MUSIC, RATE)
    assert classify(path)[1][0]["warning"] is None
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 9 // 10])
    status, (verdict,), (line,) = classify(path)
    assert status == 0
    assert 7.5 < float(str(verdict["duration_s"])) < 9.5
    assert line == f"livegenre: {verdict['warning']}"
    assert line.startswith(f"livegenre: {path}: is ")
    assert ("is damaged after" if name == "cut.flac" else "is cut short") in line
    status, (*_, stopped), told = heard_by_listen(path)
    assert (status, stopped["event"], stopped["warning"], told) == (0, "stopped", verdict["warning"], [line])


@pytest.mark.parametrize("length", [0xFFFF_FFFF, 0x8000_0000, 0x7FFF_F000])
def test_a_wav_written_into_a_pipe_is_not_cut_short(tmp_path: Path, length: int) -> None:
    path = tmp_path / "piped.wav"
    soundfile.write(path, MUSIC[: 4 * RATE], RATE)
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = length.to_bytes(4, "little")
    path.write_bytes(content)
    status, (verdict,), told = classify(path)
    assert (status, told, verdict["warning"], verdict["duration_s"]) == (0, [], None, 4.0)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_U8", "FLOAT", "ULAW"])
@pytest.mark.parametrize(("form", "channels"), [("WAV", 1), ("WAVEX", 3), ("RF64", 2)])
def test_a_wav_that_announces_no_audio_is_read_to_its_end(
    tmp_path: Path, subtype: str, form: str, channels: int
) -> None:
    """As a recorder leaves it that was killed; ffmpeg, which some have, would hide what we do not."""
    whole, killed = tmp_path / "whole.wav", tmp_path / "killed.wav"
    soundfile.write(whole, np.stack([MUSIC[: 4 * RATE]] * channels, axis=1), RATE, format=form, subtype=subtype)
    content = bytearray(whole.read_bytes())
    for name, offset, n_bytes in ((b"data", 4, 4), (b"ds64", 8, 24)):  # RF64 has the lengths in a chunk before
        if name in content:
            at = content.index(name) + offset
            content[at : at + n_bytes] = bytes(n_bytes)
    killed.write_bytes(content)
    without_ffmpeg = {"PATH": "/nowhere"}
    status, (by_whole, by_killed), told = classify(whole, killed, env=without_ffmpeg)
    assert (status, told) == (0, [])
    assert by_killed == {**by_whole, "path": str(killed)}


def test_a_wav_that_holds_no_audio_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    for after in (b"", b"LIST\x04\0\0\0INFO", b"LIST\x05\0\0\0INFO "):
        soundfile.write(path, MUSIC[:0], RATE)
        path.write_bytes(path.read_bytes() + after)
        expected = (1, [f"livegenre: {path}: holds no audio"])
        for status, _, told in (classify(path), heard_by_listen(path)):
            assert (status, told) == expected


def test_a_file_with_damage_near_its_beginning_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "damaged.flac"
    soundfile.write(path, MUSIC, RATE)
    whole = path.read_bytes()
    path.write_bytes(whole[:9_000] + bytes(len(whole) - 9_000))
    status, (failure,), _ = classify(path)
    assert status == 1
    assert str(failure["error"]).startswith("is damaged after 0.")


def test_channels_in_opposite_phase_are_heard(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "same.wav", MUSIC, RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "opposite.wav", np.stack([MUSIC, -MUSIC], axis=1), RATE, subtype="FLOAT")
    status, (same, opposite), told = classify(tmp_path / "same.wav", tmp_path / "opposite.wav")
    assert (status, told) == (0, [])
    assert opposite["probabilities"] == same["probabilities"]


@pytest.mark.parametrize("rate", [1_000_000, 2_000_000_000])
def test_a_rate_that_nobody_hears_is_one_line_and_the_others_go_through(tmp_path: Path, rate: int) -> None:
    good, bad = tmp_path / "good.wav", tmp_path / "bad.wav"
    soundfile.write(good, MUSIC[: 4 * RATE], RATE)
    with wave.open(str(bad), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(pcm.float32_to_int16(MUSIC).tobytes())
    status, found, (line,) = classify(good, bad, good)
    assert status == 1
    assert ["error" in one for one in found] == [False, True, False]
    assert line.startswith(f"livegenre: {bad}: sample rate is {rate}, must be ")
    done = subprocess.run([LIVEGENRE, "listen", "--source", f"file:{bad}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, line + "\n")


@pytest.fixture(scope="module")
def m4a(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ffmpeg") / "a -music.m4a"
    soundfile.write(path.with_suffix(".wav"), np.stack([MUSIC, MUSIC], axis=1), 44_100)
    command = ["ffmpeg", "-v", "error", "-i", path.with_suffix(".wav"), "-c:a", "aac", "-b:a", "256k", path]
    subprocess.run(command, check=True, timeout=60)
    return path


def test_what_libsndfile_does_not_know_goes_through_ffmpeg(m4a: Path) -> None:
    status, (verdict, reference), told = classify(m4a, m4a.with_suffix(".wav"))
    assert (status, told) == (0, [])
    assert verdict["duration_s"] == pytest.approx(reference["duration_s"], abs=0.1)
    assert verdict["probabilities"] == pytest.approx(reference["probabilities"], abs=0.15)


def test_without_ffmpeg_it_says_what_to_install(m4a: Path, tmp_path: Path) -> None:
    status, (failure,), _ = classify(m4a, env={"PATH": str(tmp_path)})
    assert status == 1
    assert failure["error"] == "needs ffmpeg to be read: sudo apt install ffmpeg"


def test_ffmpeg_opens_nothing_on_the_network(tmp_path: Path) -> None:
    """A file may be a playlist in ffmpeg's eyes, whatever its name."""
    import http.server
    from threading import Thread

    asked: list[str] = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/x.ts"
        path = tmp_path / "spy.m4a"
        path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}\n#EXT-X-ENDLIST\n")
        status, (failure,), _ = classify(path)
        server.shutdown()
    assert (status, asked) == (1, [])
    assert "is not audio" in str(failure["error"])


def test_a_bar_shows_how_far_it_is_where_somebody_watches(collection: Path) -> None:
    terminal = PseudoTerminal("classify", collection, "/nowhere.wav", env=MODERN, piped_stdout=True)
    assert terminal.process.stdout is not None
    rows = terminal.process.stdout.read().decode().splitlines()
    status, drawn = terminal.end()
    assert status == 1
    assert len(rows) == 4
    assert not any("\x1b" in row for row in rows)
    for expected in ("0/4", "3/4", "livegenre: /nowhere.wav: No such file"):
        assert expected in drawn


def test_an_interrupt_ends_all_processes_at_once(tmp_path: Path) -> None:
    long = tmp_path / "long.wav"
    soundfile.write(long, np.tile(MUSIC, 60), RATE)
    command = [LIVEGENRE, "classify", "--jobs", "2", "--json", tmp_path / "short.wav", *[long] * 20]
    soundfile.write(tmp_path / "short.wav", MUSIC, RATE)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    assert b"short" in process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of them
    _, told = process.communicate(timeout=30)
    assert (process.returncode, told) == (130, b"")
