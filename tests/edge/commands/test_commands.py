"""The real command in a process of its own: what it prints, where, and how it ends."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.audio.demo import disco, synthesize
from features_np import pcm, resample
from tests.edge.pulse import Pulse

LIVEGENRE = Path(sys.executable).with_name("livegenre")
KEYS = ["path", "genre", "confidence", "probabilities", "tempo_bpm", "duration_s", "styles", "nearest", "warning"]
RATE = 22_050
#: A last digit that falls to the other side of a step of the model's int8 input moves probabilities by about this.
ONE_STEP = 0.03
MUSIC = synthesize(12.0, tempo_bpm=100.0)


def livegenre(
    *args: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [LIVEGENRE, *map(str, args)],
        input=stdin,
        capture_output=True,
        env={**os.environ, **(env or {})},
        check=False,
        timeout=120,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def events(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same piece in every format, at several rates and channel counts, and files that are none."""
    folder = tmp_path_factory.mktemp("recordings")
    soundfile.write(folder / "mono.wav", pcm.float32_to_int16(MUSIC), RATE)
    soundfile.write(folder / "mono.flac", pcm.float32_to_int16(MUSIC), RATE)
    for rate, name in ((48_000, "48k.ogg"), (44_100, "44k.mp3"), (96_000, "96k.wav")):
        soundfile.write(folder / name, resample(MUSIC, orig_sr=RATE, target_sr=rate), rate)
    soundfile.write(folder / "six channels.wav", np.stack([pcm.float32_to_int16(MUSIC)] * 6, axis=1), RATE)
    soundfile.write(folder / "silent.wav", np.zeros(5 * RATE), RATE)
    soundfile.write(folder / "short.wav", MUSIC[:2_000], RATE)
    soundfile.write(folder / "empty.wav", MUSIC[:0], RATE)
    soundfile.write(folder / "nan.wav", np.full(2 * RATE, np.nan, np.float32), RATE, subtype="FLOAT")
    (folder / "text.mp3").write_text("this is no music\n")
    (folder / "nothing.ogg").write_bytes(b"")
    return folder


def test_classify_takes_every_format_rate_and_channel_count(recordings: Path) -> None:
    names = ["mono.wav", "mono.flac", "six channels.wav", "96k.wav", "48k.ogg", "44k.mp3"]
    done = livegenre("classify", "--json", *(recordings / name for name in names))
    assert done.returncode == 0, done.stderr
    verdicts = events(done.stdout)
    assert [list(verdict) for verdict in verdicts] == [KEYS] * len(names)
    assert [verdict["path"] for verdict in verdicts] == [str(recordings / name) for name in names]
    first = list(verdicts[0]["probabilities"].values())
    for verdict, tolerance in zip(verdicts, (0, 0, 0, 0.15, 0.15, 0.15), strict=True):
        # Resampled twice, the highest band is gone, and the model hears that.
        assert list(verdict["probabilities"].values()) == pytest.approx(first, abs=tolerance)
        assert sum(verdict["probabilities"].values()) == pytest.approx(1.0, abs=1e-3)
        assert verdict["confidence"] == max(verdict["probabilities"].values())
        assert verdict["probabilities"][verdict["genre"]] == verdict["confidence"]
        assert verdict["tempo_bpm"] == pytest.approx(100.0, rel=0.03)
        assert verdict["duration_s"] == pytest.approx(12.0, abs=0.1)


def test_classify_prints_a_table_for_people(recordings: Path) -> None:
    done = livegenre("classify", recordings / "mono.wav")
    header, row = done.stdout.splitlines()
    assert header.split() == ["FILE", "GENRE", "SURE", "TEMPO", "LENGTH", "NEXT", "STYLES"]
    assert row.startswith(str(recordings / "mono.wav"))
    assert "00:12" in row


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.wav", "No such file"),
        ("text.mp3", "is not audio that can be read"),
        ("nothing.ogg", "is not audio that can be read"),
        ("empty.wav", "holds no audio"),
        ("short.wav", "0.1 s of audio are too few"),
        ("silent.wav", "only silence"),
        ("nan.wav", "audio holds nan at sample 0"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_and_the_others_go_through(
    recordings: Path, name: str, reason: str
) -> None:
    bad = recordings / name
    done = livegenre("classify", "--json", bad, recordings / "mono.wav")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"livegenre: {bad}: ")
    assert reason in line
    failure, verdict = events(done.stdout)
    assert failure == {"path": str(bad), "error": line.removeprefix(f"livegenre: {bad}: ")}
    assert verdict["path"].endswith("mono.wav")


def test_a_long_file_is_heard_in_windows_and_its_mean_counts(tmp_path: Path) -> None:
    from edge.model.bundle import load_bundle
    from edge.model.classifier import Classifier
    from features_np import summarize

    bundle = load_bundle("classic")  # a listener's patches lie where the file has them, not where a window begins
    window = bundle.spec.window_samples
    music = synthesize(2 * bundle.spec.window_s, tempo_bpm=130.0, key="E")
    path = tmp_path / "long.wav"
    soundfile.write(path, music, RATE, subtype="FLOAT")
    (verdict,) = events(livegenre("classify", "--model", "classic", "--json", path).stdout)
    starts = (0, window // 2, window)
    classify = Classifier(bundle)
    expected = np.mean([classify(summarize(music[s : s + window], bundle.spec)) for s in starts], axis=0)
    assert list(verdict["probabilities"].values()) == pytest.approx(expected.tolist(), abs=ONE_STEP)


def test_a_reader_that_goes_away_ends_it_quietly(recordings: Path) -> None:
    for command in ("listen --demo --fast --json", "listen --demo --fast", f"classify {recordings}/mono.wav"):
        script = f"{shlex.quote(str(LIVEGENRE))} {command} | head -1; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        assert len(done.stdout.splitlines()) == 1


def test_another_broken_pipe_is_an_error_of_its_own() -> None:
    script = (
        "import sys, edge.audio.sources, edge.cli\n"
        "def away(*_, **__): raise BrokenPipeError(32, 'Broken pipe', 'radio')\n"
        "edge.audio.sources.from_uri = away\n"
        "sys.exit(edge.cli.main(['listen']))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr == "livegenre: [Errno 32] Broken pipe: 'radio'\n"


def test_output_that_cannot_be_written_is_told_and_listening_goes_on() -> None:
    with Path("/dev/full").open("w") as full:
        command = [LIVEGENRE, "listen", "--demo", "--fast", "--json"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert done.returncode == 1
    first, at_the_end, last = done.stderr.splitlines()
    assert first == "output failed: [Errno 28] No space left on device; listening goes on (failure 1)"
    assert at_the_end.startswith("output failed: [Errno 28] No space left on device; ")
    assert last == "livegenre: [Errno 28] No space left on device"


def test_the_demo_goes_the_whole_way() -> None:
    done = livegenre("listen", "--demo", "--fast", "--json")
    assert done.returncode == 0, done.stderr
    heard = events(done.stdout)
    assert heard[0]["event"] == "started"
    assert heard[-1]["event"] == "stopped"
    shown = [event["genre"] for event in heard if event["event"] == "change"]
    assert {"classical", "metal", "jazz", "reggae", "hiphop", "disco"} <= set(shown)
    last = [event for event in heard if event["event"] == "prediction"][-1]
    assert last["tempo_bpm"] == pytest.approx(disco.BPM, rel=0.03)


def test_without_a_terminal_the_display_is_plain_lines() -> None:
    done = livegenre("listen", "--demo", "--fast")
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0].startswith("00:00  listening to demo")
    assert any("BPM" in line for line in lines)


def test_a_file_and_the_same_audio_on_standard_input_give_the_same_events(recordings: Path) -> None:
    from_file = events(livegenre("listen", "--source", f"file:{recordings / 'mono.wav'}", "--fast", "--json").stdout)
    raw = pcm.float32_to_int16(MUSIC).tobytes()
    options = ("--source", "-", "--rate", "22050", "--channels", "1", "--fast", "--json")
    from_pipe = events(livegenre("listen", *options, stdin=raw).stdout)
    keys = ("audio_s", "state", "genre", "probabilities")

    def predictions(heard: list[dict[str, object]]) -> list[list[object]]:
        return [[event[key] for key in keys] for event in heard if event["event"] == "prediction"]

    assert len(predictions(from_file)) == 12
    assert predictions(from_pipe) == predictions(from_file)


def test_a_command_is_a_source(recordings: Path, tmp_path: Path) -> None:
    raw = tmp_path / "music raw.s16le"
    raw.write_bytes(pcm.float32_to_int16(MUSIC).tobytes())
    options = ("--rate", "22050", "--channels", "1", "--fast", "--json")
    done = livegenre("listen", "--source", f"cmd:cat {shlex.quote(str(raw))}", *options)
    assert done.returncode == 0, done.stderr
    assert events(done.stdout)[-1]["audio_s"] == pytest.approx(12.0, abs=0.01)


def test_a_command_that_fails_is_started_again(tmp_path: Path) -> None:
    raw, count = tmp_path / "music.s16le", tmp_path / "count"
    raw.write_bytes(pcm.float32_to_int16(MUSIC[: 4 * RATE]).tobytes())
    count.write_text("")
    script = tmp_path / "radio"
    script.write_text(f"#!/bin/sh\necho x >> {count}\ncat {raw}\n[ $(wc -l < {count}) -ge 2 ] || exit 7\n")
    script.chmod(0o755)
    done = livegenre("listen", "--source", f"cmd:{script}", "--rate", "22050", "--channels", "1", "--fast", "--json")
    assert done.returncode == 0, done.stderr
    told = [event for event in events(done.stdout) if event["event"].startswith(("source", "gap", "stopped"))]
    assert [event["event"] for event in told] == ["source_lost", "source_restored", "gap", "stopped"]
    assert told[0]["reason"] == "radio ended with status 7"
    assert told[-1]["audio_s"] == pytest.approx(8.0 + told[1]["away_s"], abs=0.01)


@pytest.mark.parametrize(
    ("args", "status", "says"),
    [
        (["listen", "--source", "file:/nowhere.wav"], 1, "/nowhere.wav: No such file"),
        (["listen", "--source", "radio:x"], 2, "unknown source 'radio:x': use mic"),
        (["listen", "--source", "cmd:no-such-program"], 2, "no-such-program: No such file"),
        (["listen", "--source", "cmd:false"], 2, "false ended with status 1 and gave no audio"),
        (["listen", "--source", "cmd:unclosed 'quote"], 2, "No closing quotation"),
        (["listen", "--source", "-", "--rate", "7"], 2, "rate is 7, must be"),
        (["listen", "--demo", "--model", "/nowhere"], 3, "/nowhere/genres.json: No such file"),
        (["classify", "--model", "/nowhere", "x.wav"], 3, "/nowhere/genres.json: No such file"),
    ],
)
def test_a_wrong_argument_is_one_line_that_names_it(args: list[str], status: int, says: str) -> None:
    done = livegenre(*args)
    assert done.returncode == status
    (line,) = done.stderr.splitlines()
    assert line.startswith("livegenre: ")
    assert says in line


def test_no_microphone_is_said_with_what_to_do(tmp_path: Path) -> None:
    nothing = Pulse(tmp_path).env  # a server that was never started
    for command in ("listen", "devices"):
        done = livegenre(command, env=nothing)
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        for word in ("no microphone", "plug one in", "livegenre devices", "--demo"):
            assert word in line


def test_without_portaudio_it_says_what_to_install(tmp_path: Path) -> None:
    """``sounddevice`` raises ``OSError`` when the library is missing; here a module that does just that."""
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    done = livegenre("listen", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "livegenre: PortAudio is not installed: sudo apt install libportaudio2\n"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_listening_in_order(number: signal.Signals, status: int) -> None:
    process = subprocess.Popen([LIVEGENRE, "listen", "--demo", "--json"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "started"
    process.send_signal(number)
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == status
    assert json.loads(rest.splitlines()[-1])["event"] == "stopped"


def test_listening_without_a_display_loads_nothing_that_it_does_not_use() -> None:
    code = (
        "import sys; from edge.cli import main\n"
        "assert main(['listen', '--demo', '--fast', '--json']) == 0\n"
        "loaded = {name for name, module in sys.modules.items() if module}\n"
        "found = loaded & {'rich', 'scipy.fft', 'scipy.special', 'sounddevice', 'soundfile', 'sqlite3'}\n"
        "assert not found, found\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_hashes_are_right_without_openssl_and_tls_has_it() -> None:
    code = (
        "import pathlib; from edge.cli import main\n"
        "assert main(['listen', '--demo', '--fast', '--json']) == 0\n"
        "maps = pathlib.Path('/proc/self/maps')\n"
        "assert 'libcrypto' not in maps.read_text()\n"
        "import hashlib, hmac\n"
        "assert hashlib.sha256(b'abc').hexdigest().startswith('ba7816bf8f01cfea')\n"
        "assert hmac.new(b'key', b'abc', 'sha256').hexdigest().startswith('9c196e32dc0175f8')\n"
        "import ssl\n"
        "ssl.create_default_context()\n"
        "assert 'libcrypto' in maps.read_text()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_help_needs_no_numpy_and_lists_every_command() -> None:
    code = (
        "import sys; from edge.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'numpy', 'rich', 'sounddevice'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for command in ("listen", "classify", "devices"):
        assert command in done.stdout
