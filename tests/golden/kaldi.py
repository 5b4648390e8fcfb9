"""Kaldi's mel energies of pre-emphasized signals, for the front end whose mel bands are Kaldi's.

Written by ``python -m tests.golden.kaldi`` where kaldi-native-fbank 1.23 is installed, which no test needs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.golden.signals import SIGNALS

GOLDEN_ENERGIES = Path(__file__).with_name("kaldi.npz")

SAMPLE_RATE, FRAME, HOP, PREEMPHASIS, N_MELS, TOP_HZ = 32_000, 800, 320, 0.97, 128, 15_000.0
#: The frames of a patch of 3 s that are kept, none of which is reflected.
FRAMES = [2, 40, 298]
#: Samples of a patch, and of pre-emphasized ones before the first frame that lies within it.
PATCH_SAMPLES, BEFORE_FIRST = 96_000, 240


def kaldi_signals() -> dict[str, NDArray[np.float32]]:
    """The synthetic signals, heard as if they were at 32 kHz, and tones; each a patch long."""
    t = np.arange(PATCH_SAMPLES) / SAMPLE_RATE
    signals = {name: np.resize(make(), PATCH_SAMPLES) for name, make in SIGNALS.items()}
    tones = {f"{hertz}_hz": np.sin(2 * np.pi * hertz * t).astype(np.float32) for hertz in (50, 440, 1_000, 10_000)}
    return signals | tones


def energies(y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what Kaldi sums under its mel bands for the frames of ``y`` that are kept: float32 (3, 128)."""
    import kaldi_native_fbank

    options = kaldi_native_fbank.FbankOptions()
    frame, mel = options.frame_opts, options.mel_opts
    frame.samp_freq, frame.frame_length_ms, frame.frame_shift_ms = SAMPLE_RATE, 25.0, 10.0
    frame.window_type, frame.dither, frame.preemph_coeff = "hanning", 0.0, 0.0
    frame.remove_dc_offset, frame.snip_edges, frame.round_to_power_of_two = False, True, True
    mel.num_bins, mel.low_freq, mel.high_freq = N_MELS, 0.0, TOP_HZ
    options.use_power, options.use_log_fbank = True, False
    bank = kaldi_native_fbank.OnlineFbank(options)
    emphasized = y[1:] - np.float32(PREEMPHASIS) * y[:-1]
    bank.accept_waveform(SAMPLE_RATE, emphasized[BEFORE_FIRST:].tolist())
    bank.input_finished()
    return np.array([bank.get_frame(frame - 2) for frame in FRAMES], dtype=np.float32)


def main() -> None:
    """Write the golden energies."""
    arrays = {name: energies(y) for name, y in kaldi_signals().items()}
    np.savez_compressed(GOLDEN_ENERGIES, **arrays)
    print(f"{GOLDEN_ENERGIES}: {len(arrays)} signals, {GOLDEN_ENERGIES.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
