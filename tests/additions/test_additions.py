"""A sink, a feature and a listener are each added by the files that CONTRIBUTING names, to a copy of the project.

Child processes import the copy.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from edge.audio.demo import synthesize

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

FACE_TABLE = '\n[tally]\n# Whether to count.\nenabled = false\n# Into which file.\nfile = ""\n'
QUANTITY = 'CREST = Quantity("crest", Source.MAGNITUDE, lambda magnitude, _: spectral_crest(magnitude))\n'
GROUPS = """        Group("crest_mean", CREST, _single, _mean),
        Group("crest_profile", CREST, _numbered(3), lambda s: np.quantile(s.values, (0.1, 0.5, 0.9))),
"""

#: The new groups in batch and in a stream; the inputs of the shipped heads are unchanged.
DESCRIBE = """
import numpy as np
from build.tables.feature_sets import FEATURE_SETS, TIMBRE_GROUPS
from edge.audio.demo import synthesize
from edge.model.bundle import load_bundle
from features_np import FeatureSpec, FeatureStream, summarize

spec, y = FeatureSpec(window_s=3.0, groups=("tempo", "crest_mean", "zcr_mean", "crest_profile")), synthesize(8.0)
assert spec.vector_names[1:3] == ("crest_mean", "zcr_mean"), spec.vector_names
assert spec.vector_names[3:] == ("crest_profile_000", "crest_profile_001", "crest_profile_002")
stream = FeatureStream(spec)
for block in np.array_split(y, 11):
    stream.push(block)
    assert np.array_equal(stream.vector(), summarize(y[stream.start : stream.end], spec))
assert stream.start > 0 and np.all(stream.vector()[1:] > 0)
assert "crest_mean" in FEATURE_SETS["all"]
for model, n_features in ((None, 359), ("classic", 359)):
    spec = load_bundle(model, try_first=False).spec
    assert spec.groups == TIMBRE_GROUPS and len(spec.vector_names) == n_features
"""

#: The new backbone's network in a bundle, which the shipped command loads as any other.
DEPLOY = """
import sys
from pathlib import Path

from build.listener.registry import BACKBONES
from tests.two_networks import make_bundle

backbone = BACKBONES["tiny"].read(Path())
make_bundle(Path(sys.argv[1]), backbone.use(), deployed=lambda use, patches, seed: backbone.deployed(patches))
"""


def add(file: Path, after: str, text: str) -> None:
    """Put ``text`` after the one place where ``after`` stands."""
    content = file.read_text()
    assert content.count(after) == 1, f"{after!r} stands {content.count(after)} times in {file}"
    file.write_text(content.replace(after, after + text))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with all three additions."""
    copy = tmp_path_factory.mktemp("project")
    for package in ("edge", "features_np", "build"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "edge" / "models").symlink_to(ROOT / "models")

    face = copy / "edge" / "sinks" / "tally"
    face.mkdir()
    shutil.copy(HERE / "tally.py", face / "__init__.py")
    faces = copy / "edge" / "sinks" / "every_face.py"
    add(faces, "from edge.sinks.face import Face\n", "from edge.sinks.tally import TALLY\n")
    add(faces, "FACES: tuple[Face, ...] = (", "TALLY, ")
    with (copy / "edge" / "service" / "livegenre.toml").open("a") as example:
        example.write(FACE_TABLE)

    shutil.copy(HERE / "crest.py", copy / "features_np" / "spectra" / "crest.py")
    groups = copy / "features_np" / "vector" / "groups.py"
    add(groups, "import crossing_rates\n", "from features_np.spectra.crest import spectral_crest\n")
    add(groups, 'Quantity("MFCC", Source.LOG_MEL)\n', QUANTITY)
    add(groups, "    for group in (\n", GROUPS)

    shutil.copy(HERE / "tiny.py", copy / "build" / "listener" / "tiny.py")
    registry = copy / "build" / "listener" / "registry.py"
    add(registry, "import Backbone\n", "from build.listener.tiny import Tiny\n")
    add(registry, "for backbone in (", "Tiny, ")
    return copy


def python(project: Path, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a program on the copy; of this project it imports the tests alone."""
    env = {**os.environ, "PYTHONPATH": f"{project}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-P", "-c", program, *words]
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, timeout=300, check=False)


def livegenre(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return python(project, "import sys; from edge.cli import main; sys.exit(main())", *words)


def piece(folder: Path) -> Path:
    """A file with some seconds of music."""
    soundfile.write(folder / "piece.wav", synthesize(5.0), 22_050)
    return folder / "piece.wav"


def test_a_new_sink_has_its_option_and_its_table(project: Path, tmp_path: Path) -> None:
    assert "--tally [FILE]" in livegenre(project, "listen", "--help").stdout
    counted, source = tmp_path / "counted", f"file:{piece(tmp_path)}"
    done = livegenre(project, "listen", "--source", source, "--fast", "--model", "classic", f"--tally={counted}")
    assert done.returncode == 0, done.stderr
    assert "counting into" in done.stderr
    assert "'started': 1" in counted.read_text()

    config = tmp_path / "livegenre.toml"
    config.write_text(f"[source]\nuri = 'file:{tmp_path / 'no.wav'}'\n[tally]\nenabled = true\nflie = 'x'\n")
    done = livegenre(project, "daemon", "--config", str(config))
    assert (done.returncode, "unknown key flie; did you mean file?" in done.stderr) == (78, True), done.stderr


def test_a_new_feature_is_computed_and_streamed_and_no_shipped_head_is_given_it(project: Path) -> None:
    done = python(project, DESCRIBE)
    assert done.returncode == 0, done.stderr


def test_a_new_listener_is_deployed_and_listened_with(project: Path, tmp_path: Path) -> None:
    done = python(project, DEPLOY, str(tmp_path / "bundle"))
    assert done.returncode == 0, done.stderr
    done = livegenre(project, "classify", "--json", "--model", str(tmp_path / "bundle"), str(piece(tmp_path)))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["probabilities"].keys() >= {"ambient", "chanson", "techno"}
