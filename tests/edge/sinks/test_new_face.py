"""A face is added by its own package, a line in the list of faces and its table in the example configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TALLY = '''
"""A face that counts what it hears, and writes that down when it is closed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from edge import checked
from edge.checked import setting
from edge.events import Event
from edge.sinks.face import Face, Option, Surroundings


@dataclass(frozen=True, slots=True)
class TallyConfig:
    """Whether and where to count."""

    enabled: bool = False
    file: str = setting("", checked.path)


class Tally:
    """Sink that counts."""

    def __init__(self, file: Path) -> None:
        self._file, self._counts = file, Counter[str]()

    def __call__(self, event: Event) -> None:
        self._counts[event.kind] += 1

    def close(self) -> None:
        self._file.write_text(str(dict(self._counts)))


def _open(settings: TallyConfig, around: Surroundings) -> Tally:
    around.announce(f"counting into {settings.file}")
    return Tally(Path(settings.file))


TALLY = Face(
    section="tally",
    name="tally",
    settings=TallyConfig,
    option=Option("--tally", "count what is heard", metavar="FILE", settings=lambda text: {"file": text}),
    open=_open,
)
'''


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Our sources with that face."""
    for room in ("edge", "features_np"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "edge" / "models").symlink_to(ROOT / "models")
    tally = tmp_path / "edge" / "sinks" / "tally"
    tally.mkdir()
    (tally / "__init__.py").write_text(TALLY)
    faces = tmp_path / "edge" / "sinks" / "every_face.py"
    text = faces.read_text().replace("from edge.sinks.web", "from edge.sinks.tally import TALLY\nfrom edge.sinks.web")
    faces.write_text(text.replace(", PROMETHEUS)", ", PROMETHEUS, TALLY)"))
    example = tmp_path / "edge" / "service" / "livegenre.toml"
    example.write_text(
        example.read_text() + '\n[tally]\n# Whether to count.\nenabled = false\n# Into which file.\nfile = ""\n'
    )
    return tmp_path


def run(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "import sys; from edge.cli import main; sys.exit(main())", *words]
    env = {**os.environ, "PYTHONPATH": str(copy)}
    return subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_a_new_face_has_its_option_and_its_table(copy: Path) -> None:
    assert "--tally [FILE]" in run(copy, "listen", "--help").stdout
    done = run(copy, "listen", "--demo", "--fast", "--json", "--model", "classic", f"--tally={copy / 'counted'}")
    assert done.returncode == 0, done.stderr
    assert "counting into" in done.stderr
    assert "'started': 1" in (copy / "counted").read_text()

    config = copy / "livegenre.toml"
    config.write_text(f"[source]\nuri = 'file:{copy / 'no.wav'}'\n[tally]\nenabled = true\nflie = 'x'\n")
    done = run(copy, "daemon", "--config", str(config))
    assert (done.returncode, "unknown key flie; did you mean file?" in done.stderr) == (78, True), done.stderr
