"""Pieces: what is heard to judge shares nothing with what trains."""

from __future__ import annotations

from build.tables.pieces import GTZAN_VALID, read_phone, read_pieces
from tests.shared_data import shared_data


def test_what_a_phone_recorded_is_of_tracks_that_judge_and_of_no_artist_that_trains() -> None:
    data = shared_data(".")
    recordings = read_phone(data)
    assert {recording.genre for recording in recordings} == {"classical", "pop"} and len(recordings) == 46
    assert all(recording.path.exists() for recording in recordings)
    pieces = read_pieces(data, ("classical", "pop"))
    judging = {piece.group for piece in pieces if piece.collection == GTZAN_VALID}
    assert {recording.group for recording in recordings} <= judging
    assert not {recording.group for recording in recordings} & {
        piece.group for piece in pieces if piece.collection != GTZAN_VALID
    }
