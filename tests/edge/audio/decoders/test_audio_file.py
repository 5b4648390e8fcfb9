"""Files with a missing or wrong length in the header are read to their end; known truncation is reported."""

from __future__ import annotations

import os
import re
import struct
import subprocess
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.audio.decoders import libsndfile
from edge.audio.file import AudioFile
from edge.errors import AudioFileError

RATE, SECONDS = 22_050, 12.0
#: A quarter of a tone, which takes few bits, and then noise, which takes many: as songs with a quiet beginning.
TONE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(SECONDS / 4 * RATE)) / RATE)
SOUND = np.concatenate([TONE, np.random.default_rng(0).normal(0, 0.2, round(SECONDS * 3 / 4 * RATE))])


def ffmpeg(path: Path, *options: str, picture: str | None = None) -> Path:
    """Encode the sound, with ffmpeg's options, into a file, beside a picture of so many frames."""
    source = path.with_name("source.wav")
    soundfile.write(source, SOUND, RATE)
    inputs = ["-i", source]
    if picture:
        inputs += ["-f", "lavfi", "-i", f"testsrc=size=600x600:rate=1:duration={picture}", "-map", "0", "-map", "1"]
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *inputs, *options, path]
    subprocess.run(command, check=True, timeout=60)
    return path


def heard(path: Path) -> tuple[float, str | None]:
    """Return how many seconds are read of a file, and what it then says is missing."""
    with closing(AudioFile(path)) as file:
        seconds = sum(block.seconds for block in file.blocks(1.0))
        return seconds, file.cut_short


def cut(path: Path, share: float = 0.5) -> Path:
    """Keep so much of the beginning of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: round(len(content) * share)])
    return path


VBR_OF_UNKNOWN_LENGTH = ("-c:a", "libmp3lame", "-q:a", "2", "-write_xing", "0")


@pytest.mark.parametrize("cover", [None, "1"], ids=["bare", "with a cover"])
@pytest.mark.parametrize(
    "options",
    [VBR_OF_UNKNOWN_LENGTH, ("-c:a", "libmp3lame", "-b:a", "128k", "-write_xing", "0"), ("-c:a", "libmp3lame")],
    ids=["variable", "constant", "announced"],
)
def test_an_mp3_is_heard_to_its_end_whatever_its_size_lets_one_guess(
    tmp_path: Path, options: tuple[str, ...], cover: str | None
) -> None:
    seconds, missing = heard(ffmpeg(tmp_path / "a.mp3", "-c:v", "png", *options, picture=cover))
    assert seconds == pytest.approx(SECONDS, abs=0.2)
    assert missing is None


def test_an_mp3_that_announces_its_length_is_known_to_be_cut_short_and_no_other(tmp_path: Path) -> None:
    seconds, missing = heard(cut(ffmpeg(tmp_path / "announced.mp3", "-c:a", "libmp3lame", "-b:a", "64k")))
    assert missing == f"is cut short: {seconds:.1f} of 12.0 s are there"
    seconds, missing = heard(cut(ffmpeg(tmp_path / "guessed.mp3", *VBR_OF_UNKNOWN_LENGTH)))
    assert SECONDS / 4 < seconds < SECONDS
    assert missing is None


@pytest.mark.parametrize("suffix", ["ogg", "opus", "oga", "mp3"])
def test_songs_one_behind_the_other_in_a_file_are_all_heard(tmp_path: Path, suffix: str) -> None:
    """As internet radio is recorded; the rate may change with the song."""
    codec = {"ogg": "libvorbis", "opus": "libopus", "oga": "flac", "mp3": "libmp3lame"}[suffix]
    songs = []
    for number, rate in enumerate(["24000", "24000", "48000"]):
        serial = () if suffix == "mp3" else ("-f", "ogg", "-serial_offset", str(number))
        songs.append(ffmpeg(tmp_path / f"{number}.{suffix}", "-c:a", codec, "-ar", rate, *serial))
    chained = tmp_path / f"chained.{suffix}"
    tag = b"TAG".ljust(128, b"\0") if suffix == "mp3" else b""
    chained.write_bytes(tag.join(song.read_bytes() for song in songs))
    alone = [heard(song) for song in songs]
    seconds, missing = heard(chained)
    assert seconds == pytest.approx(sum(seconds for seconds, _ in alone))
    assert seconds == pytest.approx(3 * SECONDS, abs=0.3)
    assert missing is None
    if suffix in ("ogg", "opus"):
        assert heard(cut(chained, 0.9))[1] == "is cut short: its end is missing"


def test_damage_between_two_songs_hides_neither(tmp_path: Path) -> None:
    song = ffmpeg(tmp_path / "a.ogg", "-c:a", "libvorbis").read_bytes()
    chained = tmp_path / "chained.ogg"
    chained.write_bytes(song + b"\0" * 70_000 + b"Ogg" + song)
    assert heard(chained) == (2 * SECONDS, None)


def test_an_ogg_stream_cut_out_of_a_longer_one_is_no_file_that_is_cut_short(tmp_path: Path) -> None:
    """Its pages go on counting where the station is."""
    path = ffmpeg(tmp_path / "a.ogg", "-c:a", "libvorbis", "-output_ts_offset", "100000")
    assert heard(path) == (pytest.approx(SECONDS, abs=0.1), None)


@pytest.mark.parametrize("form", ["flac", "aiff", "wav", "au", "caf", "w64"])
def test_a_file_written_into_a_pipe_is_whole(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, piped = ffmpeg(tmp_path / f"whole.{form}"), tmp_path / f"piped.{form}"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", whole, "-f", form, "pipe:1"]
    piped.write_bytes(subprocess.run(command, check=True, timeout=60, stdout=subprocess.PIPE).stdout)
    assert piped.read_bytes() != whole.read_bytes()
    monkeypatch.setenv("PATH", "/nowhere")  # without ffmpeg, which would hide what we do not read
    assert heard(piped) == heard(whole) == (SECONDS, None)


@pytest.mark.parametrize("length", [0, 8, 0x7F00_0008, 0x7FFF_FFFF, 0xFFFF_FFFF])
@pytest.mark.parametrize("endian", ["BIG", "LITTLE"])
def test_an_aiff_that_announces_no_length_or_any_is_whole(tmp_path: Path, length: int, endian: str) -> None:
    """As recorders leave it that cannot go back (sox: 0x7F000008), or were killed."""
    path = tmp_path / "piped.aiff"
    soundfile.write(path, SOUND, RATE, endian=endian)
    content = bytearray(path.read_bytes())
    at = content.index(b"SSND") + 4
    frames = content.index(b"COMM") + 10
    content[at : at + 4], content[frames : frames + 4] = struct.pack(">I", length), struct.pack(">I", length // 2)
    path.write_bytes(content)
    expected, _ = soundfile.read(path) if length > 8 else (None, None)
    with closing(AudioFile(path)) as file:
        found = np.concatenate([block.frames[:, 0] for block in file.blocks(1.0)])
        assert file.cut_short is None
    np.testing.assert_allclose(found, SOUND if expected is None else expected, atol=1e-4)


@pytest.mark.parametrize("form", ["wav", "aiff"])
@pytest.mark.parametrize("announced", [3 << 20, 0xFFFF_FFFF])
def test_a_file_of_more_than_four_gigabytes_is_longer_than_its_header_can_say(
    tmp_path: Path, form: str, announced: int
) -> None:
    """Its length has begun anew, or stands still; the file is a sparse one, and only its length is asked for."""
    path, name = tmp_path / f"long.{form}", {"wav": b"data", "aiff": b"SSND"}[form]
    soundfile.write(path, SOUND, RATE)
    content = bytearray(path.read_bytes())
    at = content.index(name) + 4
    content[at : at + 4] = announced.to_bytes(4, "little" if form == "wav" else "big")
    path.write_bytes(content)
    start = at + 4 + (8 if form == "aiff" else 0)
    n_bytes = (1 << 32) + (3 << 20)
    os.truncate(path, start + n_bytes)
    with closing(libsndfile.Libsndfile(path)) as decoder:
        assert decoder.missing(0) == f"is cut short: 0.0 of {n_bytes / 2 / RATE:.1f} s are there"
        assert np.abs(decoder.read(RATE)[:, 0] - SOUND[:RATE]).max() < 1e-4


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("index first.m4a", ("-c:a", "aac", "-movflags", "+faststart"), "is cut short: .* of 12.0 s are there"),
        ("a.mka", ("-c:a", "flac"), "is cut short: .* of 12.0 s are there"),
        ("a.wv", ("-c:a", "wavpack"), "is cut short: .* of 12.0 s are there"),
    ],
)
def test_half_of_what_ffmpeg_reads_is_known_to_be_half(
    tmp_path: Path, name: str, options: tuple[str, ...], words: str
) -> None:
    path = ffmpeg(tmp_path / name, *options)
    assert heard(path) == (pytest.approx(SECONDS, abs=0.1), None)
    seconds, missing = heard(cut(path))
    assert 0 < seconds < 0.8 * SECONDS
    assert missing is not None
    assert re.fullmatch(words, missing)


def test_half_of_a_film_is_known_to_be_half_and_a_film_longer_than_its_sound_is_whole(tmp_path: Path) -> None:
    film = ffmpeg(tmp_path / "film.mkv", "-c:a", "flac", "-c:v", "mjpeg", picture="20")
    assert heard(film) == (pytest.approx(SECONDS, abs=0.1), None)
    seconds, missing = heard(cut(film, 0.3))
    assert seconds < SECONDS
    assert missing == "is cut short: its end is missing"


def test_half_of_an_m4a_without_its_index_says_so(tmp_path: Path) -> None:
    path = cut(ffmpeg(tmp_path / "index last.m4a", "-c:a", "aac"))
    with pytest.raises(AudioFileError, match=r"last\.m4a: is cut short: its index, which comes last, is missing"):
        AudioFile(path)


def test_an_m4a_by_another_name_is_read_or_names_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(ffmpeg(tmp_path / "a.m4a", "-c:a", "aac").read_bytes())
    assert heard(path) == (pytest.approx(SECONDS, abs=0.1), None)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(AudioFileError, match="needs ffmpeg to be read"):
        AudioFile(path)


def test_a_disk_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ffmpeg(tmp_path / "a.mp3", "-c:a", "libmp3lame")
    file, n_reads = AudioFile(path), 0

    def preadv(*_: object) -> int:
        raise OSError(5, "Input/output error")

    with closing(file), pytest.raises(AudioFileError, match=r"a\.mp3: Input/output error after 4\.0 s"):
        for _ in file.blocks(1.0):
            n_reads += 1
            if n_reads == 4:
                monkeypatch.setattr(libsndfile.Part.readinto.__globals__["os"], "preadv", preadv)
