"""The mean of a tempogram over time, without computing the tempogram.

A tempogram has one autocorrelation per frame: some 1,300 transforms for 30 s, of which a tempo estimate uses the mean
alone. With the padded onset strength x, the window w of length L and the energy E_t of column t, that mean is ::

    A[l] = 1/T sum_t 1/E_t sum_n w[n] w[n+l] x[t+n] x[t+n+l]        0 <= n < L - l
         = 1/T sum_m x[m] x[m+l] G[m,l],     G[m,l] = sum_n w[n] w[n+l] / E_(m-n)

For the Hann window, w[n] w[n+l] is a sum of five cosines, and by the addition theorems G[m,l] is a sum of three
products, each of a function of m and one of m + l. The latter are 1, cos and sin of 2 pi (m + l) / L; the former are
made of running sums of 1 / E_t, also times cosines and sines. Every term is then a cross-correlation of two real
sequences as long as the signal, all of which one inverse transform takes. This is an identity, not an approximation;
it costs a hundredth, and what is left grows with the window as slowly as an FFT.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features_np.spectra.fft import irfft, next_fast_len, rfft
from features_np.spectra.framing import Array, blocks_of, frame_signal
from features_np.spectra.windows import hann_window

#: Columns with less energy than this share of the strongest are transformed one by one. The running sums hold 1 / E_t,
#: so a faint column would cost the others precision. Music has no such columns, the edges of silence have some.
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
        columns = frame_signal(signal, win_length, 1)[: len(envelope)]
        total += _sum_of_autocorrelations(columns, window, energy, np.flatnonzero(faint))
    return total / len(envelope)


def _weighted_autocorrelation(signal: Array, gain: Array, length: int) -> Array:
    """Sum the autocorrelations of all Hann-windowed pieces of ``signal``, that from sample t on times ``gain[t]``."""
    n, waves = len(signal), _waves(len(signal), length)
    size = next_fast_len(n + length, real=True)
    total = np.zeros(size // 2 + 1, dtype=np.complex128)
    for wave, sums in zip(waves, _running_sums(gain, waves), strict=False):
        rows = np.zeros((3, size))
        np.multiply(signal, wave, out=rows[0, :n])
        np.multiply(signal, sums, out=rows[1, :n])  # pieces that began at or before a sample
        np.multiply(signal[length:], sums[:-length], out=rows[2, length:n])  # minus those that ended before it
        plain, begun, ended = rfft(rows)
        total += begun.conj() * plain - ended * plain.conj()
    return np.asarray(irfft(total, size)[:length] / 4)


def _running_sums(gain: Array, waves: Array) -> tuple[Array, Array, Array]:
    """Return the factors of each sample, from running sums of ``gain``, in the products with the first three waves."""
    _, cosine, sine, _, _ = waves
    plain, cosines, sines, cosines_twice, sines_twice = np.cumsum(gain * waves, axis=1)
    return (
        plain - cosine * cosines - sine * sines,
        0.5 * (cosine * (plain + cosines_twice) + sine * sines_twice) - cosines,
        0.5 * (sine * (plain - cosines_twice) + cosine * sines_twice) - sines,
    )


@lru_cache(maxsize=4)
def _waves(n: int, length: int) -> NDArray[np.float64]:
    """Return ones, cos and sin of 2 pi m / length, and of twice that, at each m < n: (5, n)."""
    angles = 2 * np.pi / length * (np.arange(n) % length)
    pairs = [wave for times in (1, 2) for wave in (np.cos(times * angles), np.sin(times * angles))]
    waves: NDArray[np.float64] = np.stack([np.ones(n), *pairs])
    waves.flags.writeable = False
    return waves


def _sum_of_autocorrelations(columns: Array, window: Array, energy: Array, chosen: NDArray[np.intp]) -> Array:
    """Sum the autocorrelations of the ``chosen`` windowed ``columns`` (columns, length), divided by their energies."""
    length = columns.shape[1]
    n_fft = next_fast_len(2 * length - 1, real=True)
    power = np.zeros(n_fft // 2 + 1)
    for block in blocks_of(len(chosen), length):
        spectra = np.abs(rfft(columns[chosen[block]] * window, n_fft)) ** 2
        power += np.sum(spectra / energy[chosen[block], np.newaxis], axis=0)
    return np.asarray(irfft(power, n_fft)[:length])
