"""Files of a command line, a folder or a playlist are found, or reported in their place."""

from __future__ import annotations

import os
import unicodedata
from contextlib import ExitStack
from pathlib import Path

import pytest
import soundfile

from edge.audio.demo import synthesize
from edge.audio.file import AudioFile
from edge.audio.sources import from_uri
from edge.errors import AudioFileError
from edge.files.found_files import Found, found_files
from edge.files.playlist import read_playlist


def found(*names: str | Path) -> list[Found]:
    with ExitStack() as kept:
        return found_files([str(name) for name in names], kept)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "été.wav"
    soundfile.write(path, synthesize(1.0), 22_050)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_playlist_may_be_of_any_encoding_that_is_written(
    record: Path, tmp_path: Path, encoding: str, newline: str
) -> None:
    playlist = tmp_path / "list.m3u"
    playlist.write_bytes(newline.join(["#EXTM3U", record.name, "gone.wav", ""]).encode(encoding))
    assert [entry.path for entry in read_playlist(playlist)] == [record, tmp_path / "gone.wav"]


def test_utf_16_in_the_other_byte_order(record: Path, tmp_path: Path) -> None:
    playlist = tmp_path / "list.m3u"
    playlist.write_bytes(b"\xfe\xff" + f"{record.name}\n".encode("utf-16-be"))
    assert [entry.path for entry in read_playlist(playlist)] == [record]


@pytest.mark.parametrize(
    "line", [b"a\0b.wav", b"x" * 5_000, b"http://[x/", b"/" + b"y/" * 3_000 + b"z.wav", b"\xff\xfe\0"]
)
def test_a_line_that_names_nothing_takes_no_other_along(record: Path, tmp_path: Path, line: bytes) -> None:
    playlist = tmp_path / "list.m3u8"
    playlist.write_bytes(b"\n".join([os.fsencode(record), line, os.fsencode(record)]))
    first, bad, last = found(playlist)
    assert first == last == Found(str(record), record)
    if bad.error is None:
        with pytest.raises(AudioFileError):
            AudioFile(bad.path)


@pytest.mark.parametrize(("on_disk", "in_list"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_in_one_character_or_two_are_the_same_file(tmp_path: Path, on_disk: str, in_list: str) -> None:
    file = tmp_path / unicodedata.normalize(on_disk, "Füße/Ça.wav")
    file.parent.mkdir()
    file.touch()
    (tmp_path / "list.m3u").write_text(unicodedata.normalize(in_list, "Füße\\Ça.wav"), encoding="utf-8")
    assert [entry.path for entry in read_playlist(tmp_path / "list.m3u")] == [file]


def test_linked_folders_belong_to_a_folder_and_loops_end(record: Path, tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "folder"
    (folder / "in it").mkdir(parents=True)
    elsewhere.mkdir()
    for path in (elsewhere / "a.wav", folder / "in it" / "b.wav"):
        path.symlink_to(record)
    (folder / "link").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(folder)
    (folder / "in it" / "self").symlink_to(folder / "in it")
    assert [one.path.relative_to(folder) for one in found(folder)] == [Path("in it/b.wav"), Path("link/a.wav")]


def test_an_empty_name_is_no_folder(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(record.parent)
    empty, one = found("", record.name)
    assert (empty.name, empty.error) == ("''", "is an empty name")
    assert one == Found(record.name, Path(record.name))


def test_a_home_folder_in_a_source_is_found(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(record.parent))
    source = from_uri(f"file:~/{record.name}")
    assert source.name == record.name
    source.close()
