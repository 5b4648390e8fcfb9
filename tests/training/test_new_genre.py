"""A genre of one's own: ten genres have a model, an eleventh is ingested, and the new model knows it."""

import numpy as np
import pytest
import soundfile

from build import ingest, preprocess
from build.corpora.task import read_task
from build.models import perceptron
from build.train import train
from edge.audio.demo import synthesize
from edge.model.bundle import load_bundle
from features_np.vector.parameters import PITCH_CLASSES

RATE = 22_050
SECONDS = 4
N_TRACKS = 7
OLD = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
#: The smallest network and training that tell made-up genres apart.
RECIPE = perceptron.PerceptronRecipe(
    "small", perceptron.DenseWithDropout((24,), dropout=0.0), epochs=40, batch_size=16, learning_rate=5e-3
)


def old_genre(index, track):
    """Music with a wind of the genre's own pitch behind it: each genre another key, tempo and spectrum."""
    rng = np.random.default_rng((index, track))
    music = synthesize(SECONDS, tempo_bpm=70 + 7 * index + track, key=PITCH_CLASSES[index], seed=track)
    spectrum = np.fft.rfft(rng.standard_normal(music.size))
    octaves = np.log2(np.fft.rfftfreq(music.size, 1 / RATE) + 1) - np.log2(150 * 1.45**index)
    wind = np.fft.irfft(spectrum * np.exp(-4 * octaves**2), music.size)
    return 0.5 * music + 0.2 * wind / np.abs(wind).max()


def techno(track):
    """A fast beat under bursts of noise on every sixteenth."""
    tempo_bpm = 135.0 + track
    t = np.arange(SECONDS * RATE) / RATE
    bursts = np.exp(-40 * np.mod(t, 15 / tempo_bpm)) * np.random.default_rng(track).standard_normal(t.size)
    return 0.3 * synthesize(SECONDS, tempo_bpm=tempo_bpm, seed=track) + 0.15 * bursts / 3


@pytest.fixture
def dataset(tmp_path):
    for index, genre in enumerate(OLD):
        (tmp_path / "set" / genre).mkdir(parents=True)
        for track in range(N_TRACKS):
            path = tmp_path / "set" / genre / f"{genre}.{track:05d}.wav"
            soundfile.write(path, old_genre(index, track), RATE)
    (tmp_path / "records").mkdir()
    for track in range(N_TRACKS + 1):
        soundfile.write(tmp_path / "records" / f"{track}.wav", techno(track), RATE)
    return tmp_path / "set"


@pytest.mark.slow
def test_an_eleventh_genre_needs_ingest_preprocess_and_train_alone(dataset, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    features = ["set", "--out", "features.csv", "--jobs", "1"]
    assert preprocess.main(features) == 0

    unheard = tmp_path / "unheard.wav"
    (tmp_path / "records" / f"{N_TRACKS}.wav").rename(unheard)
    assert ingest.main(["records", "--genre", "techno", "--into", "set"]) == 0
    assert preprocess.main(features) == 0
    printed = capsys.readouterr().out
    assert f"77 tracks of 11 genres, 85 features ({len(OLD) * N_TRACKS} from the cache)" in printed

    task = read_task(tmp_path / "features.csv", None, None, dataset / "tracks.csv")
    bundle = train(task, [RECIPE], 0, tmp_path / "models")
    assert bundle.labels == tuple(sorted([*OLD, "techno"]))
    assert load_bundle(tmp_path / "models").labels == bundle.labels
    assert bundle.sidecar["metrics"]["valid"]["accuracy"]["value"] > 0.8

    assert ingest.main([str(unheard), "--classify", "--model", "models"]) == 0
    assert capsys.readouterr().out.startswith(f"{unheard}: techno ")
