"""The mean of a tempogram over time, without the tempogram.

A tempogram has one autocorrelation per frame: some 1,300 transforms for 30 s, of which a tempo estimate uses the mean
alone. With the padded onset strength x, the window w of length L and the energy E_t of column t, that mean is ::

    A[l] = 1/T sum_t 1/E_t sum_n w[n] w[n+l] x[t+n] x[t+n+l]        0 <= n < L - l
         = 1/T sum_m x[m] x[m+l] G[m,l],     G[m,l] = sum_n w[n] w[n+l] / E_(m-n)

For the Hann window, w[n] w[n+l] is a sum of five cosines of n, so G[m,l] is a sum of differences of running sums,
``C_k(m) - C_k(m - L + l)`` with ``C_k(m) = sum_(i<=m) exp(-2 pi i k i / L) / E_i`` and k = 0, 1, 2. Put in, every term
is a cross-correlation of two sequences as long as the signal: three inverse transforms in all. This is an identity,
not an approximation; it costs a thirtieth, and what is left grows with the window as slowly as an FFT.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features_np.spectra.fft import fft, ifft, irfft, next_fast_len, rfft
from features_np.spectra.framing import Array, frame_signal
from features_np.spectra.windows import hann_window

#: Columns with less energy than this share of the strongest are transformed one by one. The running sums hold 1 / E_t,
#: so a faint column would drown the others' digits. Music has no such columns, the edges of silence some.
FAINT = 1e-4


def mean_tempogram(envelope: Array, win_length: int) -> NDArray[np.float64]:
    """Return the mean over time of ``rhythm.tempogram`` (infinity norm, centred): float64 of shape (win_length,).

    The norm of a column is its energy, the value at lag 0, which no other lag exceeds. Differs from the mean of the
    columns by some 1e-15.
    """
    envelope, half = envelope.astype(np.float64), win_length // 2
    rise = np.arange(half) / max(half, 1)  # np.pad's linear_ramp, in a tenth of its time
    signal = np.concatenate((envelope[0] * rise, envelope, envelope[-1] * rise[::-1]))
    window = hann_window(win_length)
    energy = np.correlate(signal**2, window**2)[: len(envelope)]
    loud = energy > energy.max() * FAINT
    gain = np.zeros(len(signal))
    gain[: len(envelope)][loud] = 1.0 / energy[loud]
    total = _weighted_autocorrelation(signal, gain, win_length)
    faint = ~loud & (energy >= np.finfo(np.float64).tiny)  # librosa leaves columns below that as they are, zeros
    if faint.any():
        columns = frame_signal(signal, win_length, 1)[: len(envelope)][faint] * window
        total += _sum_of_autocorrelations(columns, energy[faint])
    return total / len(envelope)


def _weighted_autocorrelation(signal: Array, gain: Array, length: int) -> Array:
    """Sum the autocorrelations of all Hann-windowed pieces of ``signal``, that from sample t on times ``gain[t]``."""
    n = len(signal)
    turns = _turns(n, length)
    running = np.cumsum(gain * turns.conj(), axis=1)
    rows = np.zeros((9, next_fast_len(n + length)), dtype=np.complex128)
    plain = signal * turns.conj()
    rows[:3, :n] = plain
    rows[3:6, :n] = plain * running.conj()
    rows[6:, length:n] = signal[length:] * running[:, :-length]
    plain, upper, lower = np.split(fft(rows), 3)
    constant, single, double = ifft(plain[0] * upper.conj() - lower * plain.conj())[:, :length]
    turn = turns[1, :length]
    terms = (1 + turn.real / 2) * constant.real - ((1 + turn) * single).real + (turn * double).real / 2
    return np.asarray(terms / 4)


@lru_cache(maxsize=4)
def _turns(n: int, length: int) -> NDArray[np.complex128]:
    """Return ``exp(2 pi i k m / length)`` for k = 0, 1, 2 and m < n: complex128 (3, n)."""
    turns: NDArray[np.complex128] = np.exp(2j * np.pi / length * np.outer(np.arange(3), np.arange(n) % length))
    turns.flags.writeable = False
    return turns


def _sum_of_autocorrelations(columns: Array, energy: Array) -> Array:
    """Sum the autocorrelations of windowed ``columns`` (columns, length), each divided by its ``energy``."""
    length = columns.shape[1]
    n_fft = next_fast_len(2 * length - 1, real=True)
    spectra = np.abs(rfft(columns, n_fft)) ** 2
    return np.asarray(irfft(np.sum(spectra / energy[:, np.newaxis], axis=0), n_fft)[:length])
