"""Rooms that a phone recorded are taken apart rightly, and sound again with other music."""

from __future__ import annotations

import numpy as np
from scipy.signal import fftconvolve

from build.audio import recorded_rooms as rooms
from build.audio.condition import Condition
from build.audio.recorded_rooms import LEVEL_DB, N_BEFORE, RecordedRoom
from build.audio.simulated_microphone import SAMPLE_RATE, Part, level
from edge.audio.demo import synthesize
from tests.shared_data import shared_data


def made_up_room(rng: np.random.Generator) -> np.ndarray:
    """Return a response of a direct sound and what fades after it."""
    tail = rng.standard_normal(3000) * np.exp(-np.arange(3000) / 500) * 0.1
    tail[0] = 1.0
    return np.asarray(tail)


def test_a_recording_is_aligned_and_taken_apart_into_room_and_rest() -> None:
    rng = np.random.default_rng(0)
    played = rng.standard_normal(14 * SAMPLE_RATE) + synthesize(14.0).astype(np.float64)
    response, begin = made_up_room(rng), 2 * SAMPLE_RATE + 1234
    degraded = fftconvolve(played, response)[begin : begin + 10 * SAMPLE_RATE]
    rest = rng.standard_normal(len(degraded)) * level(degraded)
    found, sharpness = rooms.align(degraded + rest, played, at_s=2.0)
    assert found == begin and sharpness > rooms.SHARPEST
    _, unlike = rooms.align(rest, played, at_s=2.0)
    assert unlike < rooms.SHARPEST
    room = rooms.take_apart(degraded + rest, played[begin + N_BEFORE :])
    assert np.argmax(np.abs(room.response)) == N_BEFORE
    early = slice(N_BEFORE, N_BEFORE + 200)
    assert np.corrcoef(room.response[early], response[:200])[0, 1] > 0.99
    n = len(room.rest)
    assert np.corrcoef(room.rest, rest[:n])[0, 1] > 0.95


def test_music_in_a_room_is_as_loud_against_the_rest_as_drawn() -> None:
    rng = np.random.default_rng(0)
    silent = RecordedRoom(np.eye(1, 8, 0)[0], 0.1 * rng.standard_normal(5 * SAMPLE_RATE))
    music = synthesize(8.0).astype(np.float64)
    for seed in range(5):
        degraded = rooms.in_recorded_room(music, [silent], np.random.default_rng(seed))
        assert len(degraded) == len(music) and np.abs(degraded).max() <= 1
        assert LEVEL_DB[0] - 1 < 20 * np.log10(level(degraded)) < LEVEL_DB[1] + 1
        share = np.corrcoef(degraded, music)[0, 1] ** 2  # of the music's power in all that is heard
        assert rooms.MUSIC_DB[0] - 1 < 10 * np.log10(share / (1 - share)) < rooms.MUSIC_DB[1] + 1


def test_rooms_of_tracks_that_judge_are_never_heard_in_training() -> None:
    data = shared_data(".")
    tracks = {part: {track for _, track, _ in rooms._pairs(part, data)} for part in Part}
    assert min(map(len, tracks.values())) > 10 and not tracks[Part.TRAINING] & tracks[Part.EVALUATION]
    assert rooms.recorded_rooms_digest(Part.TRAINING) != rooms.recorded_rooms_digest(Part.EVALUATION)
    condition, music = Condition("there", part=Part.EVALUATION, recorded_room=True), synthesize(4.0)
    degraded = condition("a", music)
    assert len(rooms.recorded_rooms(Part.EVALUATION)) > 25
    assert degraded.shape == music.shape and np.array_equal(degraded, condition("a", music))
    assert not np.array_equal(degraded, condition("b", music))
