"""The mean of a tempogram over time, without computing the tempogram.

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
from features_np.spectra.framing import Array, blocks_of, frame_signal
from features_np.spectra.windows import hann_window

#: Columns with less energy than this share of the strongest are transformed one by one. The running sums hold 1 / E_t,
#: so a faint column would cost the others precision. Music has no such columns, the edges of silence have some.
FAINT = 1e-4

#: Frames up to which everything is transformed at once, which is faster, and takes 600 bytes for each.
TOGETHER = 32_768


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
        columns = frame_signal(signal, win_length, 1)[: len(envelope)]
        total += _sum_of_autocorrelations(columns, window, energy, np.flatnonzero(faint))
    return total / len(envelope)


def _weighted_autocorrelation(signal: Array, gain: Array, length: int) -> Array:
    """Sum the autocorrelations of all Hann-windowed pieces of ``signal``, that from sample t on times ``gain[t]``."""
    n = len(signal)
    turns = _turns(n, length)
    parts, spectrum = [], np.empty(0)
    for part in [slice(0, 3)] if n <= TOGETHER else [slice(k, k + 1) for k in range(3)]:
        plain, upper, lower = _spectra(signal, gain, turns[part], length)
        spectrum = spectrum if part.start else plain[0]
        parts.append(ifft(spectrum * upper.conj() - lower * plain.conj())[:, :length].copy())
    constant, single, double = np.concatenate(parts)
    turn = turns[1, :length]
    terms = (1 + turn.real / 2) * constant.real - ((1 + turn) * single).real + (turn * double).real / 2
    return np.asarray(terms / 4)


def _spectra(signal: Array, gain: Array, turns: Array, length: int) -> list[Array]:
    """Return the transforms of the turned signal, of that times its running sums, and of those of ``length`` before."""
    n, k = len(signal), len(turns)
    rows = np.zeros((3 * k, next_fast_len(n + length)), dtype=np.complex128)
    running = np.cumsum(gain * turns.conj(), axis=1)
    np.multiply(signal, turns.conj(), out=rows[:k, :n])
    np.multiply(rows[:k, :n], running.conj(), out=rows[k : 2 * k, :n])
    np.multiply(signal[length:], running[:, :-length], out=rows[2 * k :, length:n])
    return np.split(fft(rows), 3)


@lru_cache(maxsize=4)
def _turns(n: int, length: int) -> NDArray[np.complex128]:
    """Return ``exp(2 pi i k m / length)`` for k = 0, 1, 2 and m < n: complex128 (3, n)."""
    turns: NDArray[np.complex128] = np.exp(2j * np.pi / length * np.outer(np.arange(3), np.arange(n) % length))
    turns.flags.writeable = False
    return turns


def _sum_of_autocorrelations(columns: Array, window: Array, energy: Array, chosen: NDArray[np.intp]) -> Array:
    """Sum the autocorrelations of the ``chosen`` windowed ``columns`` (columns, length), divided by their energies."""
    length = columns.shape[1]
    n_fft = next_fast_len(2 * length - 1, real=True)
    power = np.zeros(n_fft // 2 + 1)
    for block in blocks_of(len(chosen), length):
        spectra = np.abs(rfft(columns[chosen[block]] * window, n_fft)) ** 2
        power += np.sum(spectra / energy[chosen[block], np.newaxis], axis=0)
    return np.asarray(irfft(power, n_fft)[:length])
