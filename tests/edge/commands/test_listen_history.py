"""``listen --history`` keeps what it hears, in one's own file or a named one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.history.reader import read_segments

LIVEGENRE = Path(sys.executable).with_name("livegenre")


def listen(piece, *arguments, **environment):
    command = [LIVEGENRE, "listen", "--json", "--source", f"file:{piece}", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


@pytest.fixture(scope="module")
def piece(tmp_path_factory):
    """Five seconds: the file is heard as it would play."""
    import soundfile

    from edge.audio.demo import synthesize

    path = tmp_path_factory.mktemp("listen") / "piece.wav"
    soundfile.write(path, synthesize(5, sample_rate=22_050), 22_050)
    return path


def test_it_is_kept_in_a_file_of_ones_choice_or_in_ones_own(piece, tmp_path):
    for option, path in [((tmp_path / "h.db",), tmp_path / "h.db"), ((), tmp_path / "livegenre" / "history.db")]:
        done = listen(piece, "--history", *option, XDG_STATE_HOME=str(tmp_path))
        assert done.returncode == 0, done.stderr
        assert sum(segment.duration_s for segment in read_segments(path)) == pytest.approx(4.0, abs=1.1)


def test_what_cannot_be_kept_is_told_before_anything_is_heard(piece, tmp_path):
    (tmp_path / "notes.txt").write_text("milk\n")
    for arguments, status, words in [
        (("--history", tmp_path / "notes.txt"), 1, "is not a livegenre history"),
        (("--history", tmp_path / "h.db", "--fast"), 2, "no time of day"),
    ]:
        done = listen(piece, *arguments)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (status, "", 1)
        assert words in done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]
