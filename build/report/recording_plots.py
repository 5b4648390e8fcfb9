"""Pictures of a recording: waveform, mel spectrogram with roll-off, chromagram and tempogram, of the model's window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure as Picture
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from build.audio.read import read_recording
from features_np import FeatureSpec, power_to_db
from features_np.feature import chroma_stft, melspectrogram, spectral_rolloff, tempo, tempogram
from features_np.units.mels import hz_to_mel
from features_np.vector.parameters import PITCH_CLASSES

Signal = NDArray[np.float32]

#: Frequencies to label on the mel axis, in Hz.
MEL_TICKS_HZ = (0, 250, 500, 1_000, 2_000, 4_000, 8_000)
#: Tempi to label on the tempogram, in BPM; its axis reaches from the slowest to the fastest.
TEMPO_TICKS_BPM = (30, 45, 60, 90, 120, 180, 240, 320)
#: Steps of the waveform: fine enough to see, coarse enough to draw.
WAVEFORM_STEPS = 2_000


def plot_recordings(paths: Sequence[Path], spec: FeatureSpec) -> Picture:
    """Draw each recording as a column of four panels over one time axis."""
    picture = Picture(figsize=(max(8.0, 6.0 * len(paths)), 11.0), layout="constrained")
    panels = picture.subplots(4, len(paths), sharex="col", squeeze=False)
    for column, path in zip(panels.T, paths, strict=True):
        y = read_recording(path, spec)
        waveform, mel, chroma, rhythm = column
        _waveform(waveform, y, spec)
        waveform.set_title(path.name)
        images = (_mel(mel, y, spec), _chroma(chroma, y, spec), _tempogram(rhythm, y, spec))
        for axes, image, label in zip(
            column[1:], images, ("dB relative to the peak", "strength", "similarity"), strict=True
        ):
            picture.colorbar(image, ax=axes, label=label, pad=0.01)
        rhythm.set_xlabel("time, s")
        rhythm.set_xlim(0, y.size / spec.sample_rate)
    return picture


def _waveform(axes: Axes, y: Signal, spec: FeatureSpec) -> None:
    step = max(1, y.size // WAVEFORM_STEPS)
    blocks = y[: y.size // step * step].reshape(-1, step)
    times = np.arange(len(blocks)) * step / spec.sample_rate
    axes.fill_between(times, blocks.min(axis=1), blocks.max(axis=1), linewidth=0.3)
    limit = max(1.0, float(np.abs(y).max()))
    axes.set_ylim(-limit, limit)
    axes.set_ylabel("waveform, full scale = 1")
    axes.grid(alpha=0.3)


def _mel(axes: Axes, y: Signal, spec: FeatureSpec) -> AxesImage:
    rate, n_fft, hop_length = spec.sample_rate, spec.n_fft, spec.hop_length
    power = melspectrogram(y=y, sr=rate, n_fft=n_fft, hop_length=hop_length, n_mels=spec.n_mels)
    decibels = power_to_db(power, ref=max(float(power.max()), 1e-10), top_db=spec.top_db)
    top = float(hz_to_mel(rate / 2))
    image = _image(axes, decibels, spec, bottom=0.0, top=top)
    image.set_clim(-spec.top_db, 0.0)
    rolloff = spectral_rolloff(y=y, sr=rate, n_fft=n_fft, hop_length=hop_length, roll_percent=spec.roll_percent)[0]
    times = np.arange(rolloff.size) * hop_length / rate
    label = f"roll-off: {spec.roll_percent:.0%} of the spectrum is below"
    axes.plot(times, hz_to_mel(rolloff), color="white", linewidth=0.8, label=label)
    axes.legend(loc="upper right", fontsize="small", facecolor="black", labelcolor="white")
    ticks = [hertz for hertz in MEL_TICKS_HZ if hertz < rate / 2]
    axes.set_yticks(hz_to_mel(np.array(ticks, dtype=np.float64)), [f"{hertz:,}" for hertz in ticks])
    axes.set_ylabel("mel spectrogram: frequency, Hz")
    return image


def _chroma(axes: Axes, y: Signal, spec: FeatureSpec) -> AxesImage:
    tuning = None if y.any() else 0.0  # silence has no tempo, and estimating it warns
    chroma = chroma_stft(y=y, sr=spec.sample_rate, n_fft=spec.n_fft, hop_length=spec.hop_length, tuning=tuning)
    image = _image(axes, chroma, spec, bottom=-0.5, top=spec.n_chroma - 0.5, cmap="Blues")
    image.set_clim(0.0, 1.0)
    axes.set_yticks(range(spec.n_chroma), PITCH_CLASSES)
    axes.set_ylabel("chromagram: pitch class")
    return image


def _tempogram(axes: Axes, y: Signal, spec: FeatureSpec) -> QuadMesh:
    rate, hop_length = spec.sample_rate, spec.hop_length
    lags_per_minute = 60 * rate / hop_length
    first, last = (round(lags_per_minute / bpm) for bpm in (max(TEMPO_TICKS_BPM), min(TEMPO_TICKS_BPM)))
    strength = tempogram(y=y, sr=rate, hop_length=hop_length)[first : last + 1]
    edges_bpm = lags_per_minute / (np.arange(first, last + 2) - 0.5)
    times = np.arange(strength.shape[1] + 1) * hop_length / rate
    image = axes.pcolormesh(times, edges_bpm, strength, vmin=0.0, vmax=1.0, rasterized=True)
    estimate = float(tempo(y=y, sr=rate, hop_length=hop_length)[0])
    axes.axhline(estimate, color="white", linestyle="--", linewidth=1, label=f"{estimate:.0f} BPM")
    axes.legend(loc="upper right", fontsize="small", facecolor="black", labelcolor="white")
    axes.set_yscale("log", base=2)
    axes.set_yticks(TEMPO_TICKS_BPM, [str(bpm) for bpm in TEMPO_TICKS_BPM])
    axes.set_ylim(min(TEMPO_TICKS_BPM), max(TEMPO_TICKS_BPM))
    axes.set_ylabel("tempogram: tempo, BPM")
    return image


def _image(
    axes: Axes, rows: NDArray[Any], spec: FeatureSpec, *, bottom: float, top: float, cmap: str = "magma"
) -> AxesImage:
    end = rows.shape[1] * spec.hop_length / spec.sample_rate
    extent = (0.0, end, bottom, top)
    return axes.imshow(rows, extent=extent, origin="lower", aspect="auto", interpolation="nearest", cmap=cmap)
