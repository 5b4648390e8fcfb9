"""Pitch: in hertz, octaves, MIDI numbers and names of notes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from features_np.errors import ParameterError

NOTE = re.compile(r"(?P<letter>[A-Ga-g])(?P<accidental>[#♯𝄪b!♭𝄫♮]*)(?P<octave>[+-]?\d+)?(?P<cents>[+-]\d+)?")
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"#": 1, "♯": 1, "𝄪": 2, "b": -1, "!": -1, "♭": -1, "𝄫": -2, "♮": 0}
#: Names from C on in C major, the one key that needs no music theory.
NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
A4_HZ, A4_MIDI = 440.0, 69


def midi_to_hz(notes: ArrayLike) -> NDArray[np.float64]:
    """Frequencies of MIDI notes.

    Parameters
    ----------
    notes : array_like
        MIDI numbers; fractions are cents.

    Returns
    -------
    numpy.ndarray or numpy.float64
        Hz, in the shape of ``notes``.

    See Also
    --------
    hz_to_midi : The inverse.

    Notes
    -----
    Equals ``librosa.midi_to_hz`` 0.11.

    Examples
    --------
    >>> from features_np import midi_to_hz
    >>> midi_to_hz([57, 69])
    array([220., 440.])
    """
    return A4_HZ * 2.0 ** ((np.asanyarray(notes) - float(A4_MIDI)) / 12.0)


def hz_to_midi(frequencies: ArrayLike) -> NDArray[np.float64]:
    """MIDI numbers of frequencies.

    Parameters
    ----------
    frequencies : array_like
        Hz, above 0.

    Returns
    -------
    numpy.ndarray or numpy.float64
        MIDI numbers with fractions, in the shape of ``frequencies``.

    See Also
    --------
    midi_to_hz : The inverse.

    Notes
    -----
    Equals ``librosa.hz_to_midi`` 0.11.

    Examples
    --------
    >>> from features_np import hz_to_midi
    >>> hz_to_midi([220.0, 440.0])
    array([57., 69.])
    """
    return 12 * (np.log2(np.asanyarray(frequencies)) - np.log2(A4_HZ)) + A4_MIDI  # type: ignore[no-any-return]


def note_to_midi(note: str | Iterable[str], *, round_midi: bool = True) -> Any:
    """MIDI numbers of notes by name.

    Parameters
    ----------
    note : str or iterable of str
        A letter, accidentals (#, b, ! for flat, ♯, ♭, 𝄪, 𝄫, ♮), an octave and cents: "C#4", "Bb-1", "A4+33".
    round_midi : bool
        Whether cents are rounded to whole notes.

    Returns
    -------
    int, float or numpy.ndarray
        The MIDI number, or one for each name; C4 is 60. Without an octave, that of C0 is meant.

    Raises
    ------
    ParameterError
        If it is not the name of a note.

    See Also
    --------
    midi_to_note : The inverse.

    Notes
    -----
    Equals ``librosa.note_to_midi`` 0.11.

    Examples
    --------
    >>> from features_np import note_to_midi
    >>> note_to_midi("C#4")
    61
    """
    if not isinstance(note, str):
        return np.array([note_to_midi(name, round_midi=round_midi) for name in note])
    parts = NOTE.fullmatch(note)
    if parts is None:
        raise ParameterError(f"note is {note!r}, must be a letter from A to G, accidentals, an octave and cents")
    semitone = SEMITONES[parts["letter"].upper()] + sum(ACCIDENTALS[sign] for sign in parts["accidental"])
    value = 12 * (int(parts["octave"] or 0) + 1) + semitone + int(parts["cents"] or 0) * 0.01
    return int(np.round(value)) if round_midi else value


def midi_to_note(
    midi: ArrayLike, *, octave: bool = True, cents: bool = False, key: str = "C:maj", unicode: bool = True
) -> Any:
    """Names of MIDI notes.

    Parameters
    ----------
    midi : array_like
        MIDI numbers; fractions are cents.
    octave : bool
        Whether the octave is part of the name.
    cents : bool
        Whether cents are.
    key : str
        "C:maj"; the spelling of other keys is librosa's alone.
    unicode : bool
        Whether sharps are ♯, or #.

    Returns
    -------
    str or numpy.ndarray
        The name, or one for each number.

    Raises
    ------
    ParameterError
        For cents without octave, and another key.

    See Also
    --------
    note_to_midi : The inverse.

    Notes
    -----
    Equals ``librosa.midi_to_note`` 0.11 in C major.

    Examples
    --------
    >>> from features_np import midi_to_note
    >>> midi_to_note(61, unicode=False)
    'C#4'
    """
    if cents and not octave:
        raise ParameterError("cents=True needs octave=True")
    if key not in ("C:maj", "C:major"):
        raise ParameterError(f"key is {key!r}; names are spelled in C:maj here, and in other keys by librosa alone")
    if not np.isscalar(midi) and np.ndim(midi):
        return np.array([midi_to_note(one, octave=octave, cents=cents, unicode=unicode) for one in np.asarray(midi)])
    value = float(np.asarray(midi))
    number = int(np.round(value))
    name = NAMES[number % 12] if unicode else NAMES[number % 12].replace("♯", "#")
    name += str(int(number / 12) - 1) if octave else ""
    return name + (f"{int(100 * np.around(value - number, 2)):+02d}" if cents else "")


def note_to_hz(note: str | Iterable[str], *, round_midi: bool = True) -> Any:
    """Frequencies of notes by name.

    Parameters
    ----------
    note : str or iterable of str
        Names, as ``note_to_midi`` takes them.
    round_midi : bool
        Whether cents are rounded to whole notes.

    Returns
    -------
    numpy.float64 or numpy.ndarray
        Hz.

    Raises
    ------
    ParameterError
        If it is not the name of a note.

    See Also
    --------
    hz_to_note : The inverse.

    Notes
    -----
    Equals ``librosa.note_to_hz`` 0.11.

    Examples
    --------
    >>> from features_np import note_to_hz
    >>> float(note_to_hz("A3"))
    220.0
    """
    return midi_to_hz(note_to_midi(note, round_midi=round_midi))


def hz_to_note(
    frequencies: ArrayLike, *, octave: bool = True, cents: bool = False, key: str = "C:maj", unicode: bool = True
) -> Any:
    """Names of the notes nearest to frequencies.

    Parameters
    ----------
    frequencies : array_like
        Hz, above 0.
    octave : bool
        Whether the octave is part of the name.
    cents : bool
        Whether cents are.
    key : str
        "C:maj"; the spelling of other keys is librosa's alone.
    unicode : bool
        Whether sharps are ♯, or #.

    Returns
    -------
    str or numpy.ndarray
        The name, or one for each frequency.

    Raises
    ------
    ParameterError
        For cents without octave, and another key.

    See Also
    --------
    note_to_hz : The inverse.

    Notes
    -----
    Equals ``librosa.hz_to_note`` 0.11 in C major.

    Examples
    --------
    >>> from features_np import hz_to_note
    >>> hz_to_note(440.0)
    'A4'
    """
    return midi_to_note(hz_to_midi(frequencies), octave=octave, cents=cents, key=key, unicode=unicode)


def hz_to_octs(frequencies: ArrayLike, *, tuning: float = 0.0, bins_per_octave: int = 12) -> NDArray[np.float64]:
    """Return octaves above A0, 27.5 Hz when in tune; equals ``librosa.hz_to_octs`` 0.11."""
    return np.log2(np.asanyarray(frequencies) / (A4_HZ * 2.0 ** (tuning / bins_per_octave) / 16))  # type: ignore[no-any-return]
