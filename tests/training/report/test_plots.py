"""The pictures are drawn, and what is drawn is what was measured."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from matplotlib.colors import to_rgb
from matplotlib.container import ErrorbarContainer

from build.plots import main
from build.report.genre_plots import genre_means, group_columns, plot_genre_averages
from build.report.recording_plots import plot_recordings
from build.tables.feature_table import FeatureTable, write_csv
from edge.audio.demo import synthesize
from features_np import FeatureSpec
from tests.training.synthetic import made_up_table

SPEC = FeatureSpec()


@pytest.fixture
def tone(tmp_path):
    """Five seconds of A5 at 0.5, then five of silence."""
    t = np.arange(5 * 22_050) / 22_050
    path = tmp_path / "tone.wav"
    soundfile.write(path, np.concatenate([0.5 * np.sin(2 * np.pi * 880 * t), np.zeros(t.size)]), 22_050)
    return path


def test_the_four_panels_show_the_recording(tone):
    picture = plot_recordings([tone], SPEC)
    waveform, mel, chroma, rhythm = picture.axes[:4]
    assert waveform.get_title() == "tone.wav"
    assert rhythm.get_xlim() == pytest.approx((0, 10))
    outline = waveform.collections[0].get_paths()[0].vertices
    assert np.abs(outline[outline[:, 0] < 4.9, 1]).max() == pytest.approx(0.5, abs=0.01)
    assert np.abs(outline[outline[:, 0] > 5.1, 1]).max() == pytest.approx(0, abs=0.01)
    decibels = mel.images[0].get_array()
    assert (decibels.max(), decibels.min()) == pytest.approx((0, -80), abs=0.1)
    _, right, bottom, top = mel.images[0].get_extent()
    assert right == pytest.approx(10, abs=0.03)
    loudest = bottom + (np.argmax(decibels[:, 100]) + 0.5) / len(decibels) * (top - bottom)
    ticks = {label.get_text(): place for place, label in zip(mel.get_yticks(), mel.get_yticklabels(), strict=True)}
    assert ticks["500"] < loudest < ticks["1,000"]
    (rolloff,) = mel.lines
    assert ticks["500"] < rolloff.get_ydata()[100] < ticks["1,000"]
    strongest = int(np.argmax(chroma.images[0].get_array()[:, 100]))
    assert chroma.get_yticklabels()[strongest].get_text() == "A"
    assert "spectrum is below" in mel.get_legend().get_texts()[0].get_text()


def test_the_tempogram_s_axis_and_line_tell_the_tempo(tmp_path):
    soundfile.write(tmp_path / "beat.wav", synthesize(20, tempo_bpm=120.0), 22_050)
    rhythm = plot_recordings([tmp_path / "beat.wav"], SPEC).axes[3]
    (line,) = rhythm.lines
    assert line.get_ydata()[0] == pytest.approx(120, rel=0.03)
    mesh = rhythm.collections[0]
    edges_bpm = mesh.get_coordinates()[:, 0, 1]
    strength = mesh.get_array().reshape(len(edges_bpm) - 1, -1).mean(axis=1)
    between = (edges_bpm[:-1] < 150) & (edges_bpm[1:] > 85)
    strongest = np.flatnonzero(between)[np.argmax(strength[between])]
    assert edges_bpm[strongest + 1] <= line.get_ydata()[0] <= edges_bpm[strongest]


def test_several_files_are_columns_and_any_length_can_be_drawn(tmp_path, capsys):
    for name, seconds in (("a.wav", 1.0), ("b.flac", 4.0), ("c.ogg", 2.5)):
        soundfile.write(tmp_path / name, synthesize(seconds), 22_050)
    files = [str(tmp_path / name) for name in ("a.wav", "b.flac", "c.ogg")]
    assert main([*files, "-o", str(tmp_path / "out.png")]) == 0
    content = (tmp_path / "out.png").read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    assert content.startswith(b"\x89PNG")
    assert width > height


def test_silence_can_be_drawn(tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(5 * 22_050), 22_050)
    assert main([str(tmp_path / "silence.wav"), "-o", str(tmp_path / "out.svg")]) == 0


def test_averages_are_each_genre_s_own(tmp_path):
    table = FeatureTable(
        ("1", "2", "3"),
        ("rock", "folk", "rock"),
        ("chroma_mean_C", "chroma_mean_C#", "tempo_bpm"),
        np.array([[0.2, 0.4, 100], [0.9, 0.8, 90], [0.4, 0.8, 120]], np.float32),
    )
    np.testing.assert_allclose(genre_means(table), [[0.9, 0.8, 90], [0.3, 0.6, 110]], rtol=1e-6)
    chroma, tempo = plot_genre_averages(table).axes[:2]
    folk, rock = chroma.lines
    assert (folk.get_label(), rock.get_label()) == ("folk", "rock")
    assert rock.get_ydata() == pytest.approx([0.3, 0.6])
    assert [text.get_text() for text in chroma.get_xticklabels()] == ["C", "C#"]
    assert [bar.get_height() for bar in tempo.patches] == pytest.approx([90, 110])
    assert [text.get_text() for text in tempo.get_xticklabels()] == ["folk", "rock"]
    assert tempo.get_ylabel() == "BPM"
    assert to_rgb(tempo.patches[1].get_facecolor()) == to_rgb(rock.get_color())


def test_genres_are_told_apart_without_colour_and_show_their_spread():
    spec, n_genres = FeatureSpec(groups=("chroma_mean", "tempo")), 12
    rng = np.random.default_rng(0)
    values = rng.normal(0.5, 0.1, (3 * n_genres, len(spec.vector_names))).astype(np.float32)
    genres = tuple(f"genre {row // 3:02d}" for row in range(len(values)))
    table = FeatureTable(tuple(map(str, range(len(values)))), genres, spec.vector_names, values)
    chroma, tempo = plot_genre_averages(table).axes[:2]
    assert len({(line.get_marker(), line.get_linestyle()) for line in chroma.lines}) == n_genres
    band = chroma.collections[0].get_paths()[0].vertices[:, 1]
    deviation = values[:3, :12].std(axis=0)
    assert band.max() == pytest.approx((values[:3, :12].mean(axis=0) + deviation).max(), abs=1e-5)
    (bars,) = (item for item in tempo.containers if isinstance(item, ErrorbarContainer))
    assert len(bars.lines[2][0].get_segments()) == n_genres


def test_styles_are_no_features_to_draw():
    table = FeatureTable(("1", "2"), ("a", "b"), ("tempo_bpm", "style Disco"), np.ones((2, 2), np.float32))
    assert [axes.get_title() for axes in plot_genre_averages(table).axes if axes.get_visible()] == ["tempo bpm"]


def test_every_column_has_a_place_in_one_panel():
    groups = group_columns(SPEC.vector_names)
    assert [column for elements in groups.values() for column in elements] != []
    assert sorted(column for elements in groups.values() for column in elements) == sorted(SPEC.vector_names)
    assert list(groups["chroma_std"].values())[:2] == ["C", "C#"]
    assert len(groups["mfcc_mean"]) == 29
    assert list(groups["mfcc_mean_00"]) == ["mfcc_mean_00"]


def test_a_features_csv_is_drawn(tmp_path):
    write_csv(made_up_table(30), tmp_path / "f.csv")
    assert main(["--features", str(tmp_path / "f.csv"), "-o", str(tmp_path / "out.png")]) == 0
    assert (tmp_path / "out.png").stat().st_size > 50_000


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], 2, "give either recordings or --features"),
        (["a.wav", "--features", "f.csv"], 2, "give either recordings or --features"),
        (["gone.wav"], 1, "build.plots: gone.wav: No such file or directory\n"),
        (["--features", "gone.csv"], 1, "build.plots: gone.csv: No such file or directory\n"),
    ],
)
def test_errors_are_one_line(arguments, status, message, capsys):
    try:
        ended = main([*arguments, "-o", "out.png"])
    except SystemExit as stopped:
        ended = stopped.code
    assert ended == status
    assert message in capsys.readouterr().err
    assert not Path("out.png").exists()


def test_a_picture_needs_a_known_suffix(capsys):
    with pytest.raises(SystemExit):
        main(["a.wav", "-o", "out.xyz"])
    assert "must end in .png, .svg or .pdf" in capsys.readouterr().err
