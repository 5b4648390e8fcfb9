"""Recordings from anywhere become excerpts in a dataset: from the middle, as loud as they were, once."""

import csv
import shutil
import socket
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from build.audio import fetch
from build.ingest import main, slug
from edge.audio.demo import synthesize
from edge.files.whole_file import classify_file
from edge.model.bundle import load_bundle
from tests.training.http_folder import served

RATE = 22_050
LENGTH_S = 70


def crescendo(seconds=LENGTH_S, rate=44_100):
    """A tone whose loudness tells the time: full scale times t / 100 s."""
    t = np.arange(round(seconds * rate)) / rate
    return (t / 100 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)


def loudness(samples):
    """Peak amplitude of a tone, from its mean square."""
    return float(np.sqrt(2 * np.mean(np.square(samples, dtype=np.float64))))


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """The same tone in several files: name, channels, encoding."""
    folder = tmp_path_factory.mktemp("originals")
    tone = crescendo()
    soundfile.write(folder / "mono.wav", tone, 44_100)
    soundfile.write(folder / "stereo.wav", np.stack([tone, tone], axis=1), 44_100)
    soundfile.write(folder / "low.flac", crescendo(rate=16_000), 16_000)
    tags = ["-metadata", "artist=Ann Archy", "-metadata", "title=Häuser & Höfe (live)"]
    for name in ("song.mp3", "song.m4a", "song.opus"):
        ffmpeg("-i", folder / "stereo.wav", *tags, folder / name)
    ffmpeg("-i", folder / "stereo.wav", folder / "copy.flac")
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64:d=1", "-frames:v", "1", folder / "cover.png")
    return folder


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", *map(str, arguments)], check=True)


@pytest.fixture
def ingest(tmp_path, capsys):
    """Ingest sources into a dataset; returns exit status, the lines printed and the lines on standard error."""

    def run(*arguments, genre="techno"):
        options = [] if genre is None else ["--genre", genre, "--into", str(tmp_path / "set")]
        status = main([str(argument) for argument in arguments] + options)
        printed = capsys.readouterr()
        return status, printed.out.splitlines(), printed.err.splitlines()

    return run


def excerpts(tmp_path):
    return sorted((tmp_path / "set").glob("*/*"))


@pytest.mark.parametrize(
    ("name", "gain"),
    [
        ("mono.wav", 1.0),
        ("stereo.wav", 1.0),
        ("low.flac", 1.0),
        ("song.mp3", 0.95),  # LAME's own default when it encodes; libsndfile decodes the same
        ("song.m4a", 1.0),
        ("song.opus", 1.0),
    ],
)
def test_the_middle_of_any_recording_as_loud_as_it_was(name, gain, originals, ingest, tmp_path):
    status, lines, errors = ingest(originals / name)
    assert (status, errors) == (0, [])
    (path,) = excerpts(tmp_path)
    samples, rate = soundfile.read(path)
    assert (rate, samples.shape, path.suffix) == (RATE, (30 * RATE,), ".flac")
    assert lines[0] == f"{originals / name}: techno/{path.name}, 30.0 s"
    for second in (0, 14, 29):  # of the excerpt, which starts at 20 s
        measured = loudness(samples[second * RATE : (second + 1) * RATE])
        assert measured == pytest.approx(gain * (20 + second + 0.5) / 100, rel=0.02)


def test_sixty_seconds_and_a_recording_shorter_than_that(originals, ingest, tmp_path):
    soundfile.write(tmp_path / "short.wav", crescendo(12.5), 44_100)
    assert ingest(originals / "mono.wav", tmp_path / "short.wav", "--seconds", "60")[0] == 0
    lengths = sorted(soundfile.info(path).duration for path in excerpts(tmp_path))
    assert lengths == pytest.approx([12.5, 60.0], abs=0.01)


def test_the_same_audio_is_added_once(originals, ingest, tmp_path):
    shutil.copy(originals / "stereo.wav", tmp_path / "other name.wav")
    _, lines, _ = ingest(originals / "stereo.wav", tmp_path / "other name.wav", originals / "copy.flac")
    (path,) = excerpts(tmp_path)
    assert lines[-1] == f"{tmp_path / 'set'}: 1 added to techno"
    status, lines, _ = ingest(originals / "copy.flac", genre="polka")
    assert status == 0
    assert lines[0] == f"{originals / 'copy.flac'}: is the same audio as techno/{path.name}, not added again"
    assert excerpts(tmp_path) == [path]


def test_tags_name_the_excerpt_and_stand_in_tracks_csv_beside_what_others_wrote(originals, ingest, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "tracks.csv").write_text("track_id,genre,split,artist\nblues.00000,blues,train,B. B.\n")
    ingest(originals / "song.mp3")
    (path,) = excerpts(tmp_path)
    assert path.name.startswith("hauser-hofe-live-")
    with (tmp_path / "set" / "tracks.csv").open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["split"], first["artist"], first["source"]) == ("train", "B. B.", "")
    assert second == {
        "track_id": path.stem,
        "genre": "techno",
        "split": "",
        "artist": "Ann Archy",
        "title": "Häuser & Höfe (live)",
        "seconds": "30.0",
        "source": str(originals / "song.mp3"),
    }


@pytest.mark.parametrize(
    ("title", "expected"),
    [("Häuser & Höfe", "hauser-hofe"), ("../../etc", "etc"), ("日本", "untitled"), ("a" * 99, "a" * 60)],
)
def test_slug(title, expected):
    assert slug(title) == expected


def test_a_folder_is_searched_to_its_bottom_without_hidden_and_other_files(originals, ingest, tmp_path):
    deep = tmp_path / "records" / "artist" / "album"
    deep.mkdir(parents=True)
    shutil.copy(originals / "mono.wav", deep)
    shutil.copy(originals / "song.m4a", deep / "S.M4A")
    shutil.copy(originals / "cover.png", deep)
    (deep / "._mono.wav").write_bytes(b"resource fork")
    status, _, errors = ingest(tmp_path / "records")
    assert (status, errors, len(excerpts(tmp_path))) == (0, [], 2)


def test_a_playlist_with_relative_absolute_and_dead_lines(originals, ingest, tmp_path):
    shutil.copy(originals / "mono.wav", tmp_path / "Grüße.wav")
    lines = ["#EXTM3U", "#EXTINF:70,Ann Archy - Song", "Grüße.wav", "", str(originals / "song.mp3"), "gone.wav"]
    for name, encoding in (("list.m3u8", "utf-8"), ("list.m3u", "latin-1")):
        (tmp_path / name).write_text("\r\n".join(lines), encoding=encoding)
        status, _, errors = ingest(tmp_path / name)
        assert (status, errors) == (1, [f"build.ingest: {tmp_path / 'gone.wav'}: there is no such file"])
        assert len(excerpts(tmp_path)) == 2


def test_a_playlist_is_read_as_classify_reads_it(originals, ingest, tmp_path):
    (tmp_path / "later").mkdir()
    shutil.copy(originals / "mono.wav", tmp_path / "later")
    shutil.copy(originals / "song.mp3", tmp_path / "a song.mp3")
    (tmp_path / "list.m3u").write_text(f"later\\mono.wav\r\nfile://{tmp_path}/a%20song.mp3\r\n")
    status, _, errors = ingest(tmp_path / "list.m3u")
    assert (status, errors, len(excerpts(tmp_path))) == (0, [], 2)


def test_urls_of_a_recording_a_feed_a_page_and_a_playlist_of_urls(originals, ingest, tmp_path):
    web = tmp_path / "web"
    web.mkdir()
    for name in ("mono.wav", "song.mp3", "low.flac"):
        shutil.copy(originals / name, web)
    shutil.copy(originals / "song.opus", web / "song.ogg")
    with served(web) as url:
        (web / "feed.xml").write_text(
            "<?xml version='1.0'?><rss version='2.0'><channel><title>Records</title><item><title>One</title>"
            f"<link>{url}/</link><enclosure url='{url}/low.flac' type='audio/flac'/></item></channel></rss>"
        )
        (web / "page.html").write_text("<title>T</title><audio src='song.mp3'></audio><audio src='song.ogg'></audio>")
        (tmp_path / "list.m3u").write_text(f"{url}/song.ogg\n{url}/gone.mp3\n")
        status, lines, errors = ingest(f"{url}/mono.wav", f"{url}/feed.xml", f"{url}/page.html", f"{url}/song.mp3")
        assert (status, errors) == (0, [])
        assert lines[0].startswith(f"{url}/mono.wav: techno/mono-")
        assert lines[-2].endswith("not added again")
        assert lines[-1] == f"{tmp_path / 'set'}: 4 added to techno"
        status, lines, errors = ingest(tmp_path / "list.m3u")
        assert status == 1
        assert lines[0].endswith("not added again")
        assert errors == [
            f"build.ingest: {url}/gone.mp3: gone: Unable to download webpage: HTTP Error 404: File not found"
        ]


EMPTY_FEED = "<?xml version='1.0'?><rss version='2.0'><channel><title>Records</title></channel></rss>"


def test_what_is_wrong_with_a_source_is_one_line(originals, ingest, tmp_path):
    web = tmp_path / "web"
    (web / "empty").mkdir(parents=True)
    (web / "text.mp3").write_text("this is not audio")
    (web / "feed.xml").write_text(EMPTY_FEED)
    (web / "list.m3u").write_text("#EXTM3U\n")
    soundfile.write(web / "silent.wav", np.zeros(100_000), RATE)
    soundfile.write(web / "short.wav", crescendo(2), 44_100)
    with socket.socket() as reserved, served(web) as url:
        reserved.bind(("127.0.0.1", 0))  # and nobody listens there
        closed = f"http://127.0.0.1:{reserved.getsockname()[1]}/a.mp3"
        expected = {
            closed: "Connection refused",
            f"{url}/gone.mp3": "HTTP Error 404",
            f"{url}/text.mp3": "is not audio that ffmpeg can read",
            f"{url}/feed.xml": "the playlist is empty",
            web / "list.m3u": "the playlist is empty",
            web / "gone.m3u": "No such file or directory",
            web / "empty": "the folder holds no audio files",
            web / "text.mp3": "is not audio that ffmpeg can read",
            originals / "cover.png": "is not audio that ffmpeg can read",
            web / "gone.wav": "there is no such file or folder; a URL starts with https://",
            web / "silent.wav": "is silent",
            web / "short.wav": "lasts 2.0 s, at least 3 s are needed",
        }
        for source, message in expected.items():
            status, _, errors = ingest(source)
            assert status == 1
            assert len(errors) == 1, errors
            assert errors[0].startswith(f"build.ingest: {source}: ")
            assert message in errors[0]
    assert excerpts(tmp_path) == []


def test_one_bad_source_does_not_stop_the_others(originals, ingest, tmp_path):
    status, lines, errors = ingest("/gone", originals / "mono.wav", originals / "cover.png")
    assert status == 1
    assert lines[-1].endswith(": 1 added to techno")
    assert errors[-1] == "build.ingest: 2 sources or recordings failed"
    assert len(errors) == 3


def test_a_missing_ffmpeg_is_said_once_with_the_remedy(originals, ingest, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    status, _, errors = ingest(originals / "mono.wav", originals / "song.mp3")
    assert (status, errors) == (1, ["build.ingest: ffmpeg is not installed: sudo apt install ffmpeg"])


def test_a_missing_yt_dlp_names_the_extra_and_local_files_need_none(originals, ingest, monkeypatch):
    monkeypatch.setitem(sys.modules, "yt_dlp", None)
    assert ingest(originals / "mono.wav")[0] == 0
    status, _, errors = ingest("ytsearch1:some words")
    assert status == 1
    assert "pip install -e '.[ingest]'" in errors[0]


def test_a_search_s_first_find_is_what_is_ingested(originals, ingest, tmp_path, monkeypatch):
    """No search engine is within reach of a test: yt-dlp is given a search of ours, which finds a file of ours."""
    import yt_dlp

    shutil.copy(originals / "mono.wav", tmp_path)

    class OurSearch(yt_dlp.extractor.common.SearchInfoExtractor):
        _SEARCH_KEY = "oursearch"

        def _search_results(self, query):
            yield self.url_result(f"{url}/{query}.wav")
            yield self.url_result(f"{url}/gone.wav")

    class WithOurSearch(yt_dlp.YoutubeDL):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self._ies = {}
            self.add_info_extractor(OurSearch())
            self.add_info_extractor(yt_dlp.extractor.generic.GenericIE())

    monkeypatch.setattr(yt_dlp, "YoutubeDL", WithOurSearch)
    with served(tmp_path) as url:
        status, _, errors = ingest("oursearch1:mono")
    assert (status, errors, len(excerpts(tmp_path))) == (0, [], 1)
    assert fetch._REMOTE.match("ytsearch1:daft punk around the world")


@pytest.mark.parametrize(
    "arguments", [["a.wav"], ["a.wav", "--genre", "x"], ["a.wav", "--classify", "--genre", "x", "--into", "y"], []]
)
def test_either_genre_and_into_or_classify(arguments):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


@pytest.mark.parametrize("genre", ["a/b", "..", ""])
def test_a_genre_that_is_no_folder_name_is_refused(genre):
    with pytest.raises(SystemExit) as stopped:
        main(["a.wav", "--genre", genre, "--into", "set"])
    assert stopped.value.code == 2


def test_classify_says_what_the_device_would_of_files_and_urls(ingest, tmp_path):
    path = tmp_path / "music.wav"
    soundfile.write(path, np.concatenate([np.zeros(5 * RATE), synthesize(30), np.zeros(5 * RATE)]), RATE)
    with served(tmp_path) as url:
        status, lines, errors = ingest(path, f"{url}/music.wav", "--classify", genre=None)
    assert (status, errors) == (0, [])
    verdict = classify_file(path, load_bundle())
    expected = f"{verdict.genre} {verdict.confidence:.0%}, "
    assert [line.partition(": ")[2].startswith(expected) for line in lines] == [True, True]
    assert not (tmp_path / "set").exists()
