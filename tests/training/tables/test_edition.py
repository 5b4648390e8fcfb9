"""The edition of the data changes when the data does, and with nothing else."""

from dataclasses import replace

from build.tables.edition import edition_of
from tests.training.synthetic import made_up_table, made_up_tracks


def test_an_edition_is_of_tracks_and_lengths_in_any_order() -> None:
    tracks = made_up_tracks(made_up_table(9))
    first = edition_of(tracks)
    assert edition_of(dict(reversed(tracks.items()))) == first
    key, track = next(iter(tracks.items()))
    grown = [
        {**tracks, key: replace(track, audio="full")},
        {**tracks, key: replace(track, seconds=29.9)},
        {name: item for name, item in tracks.items() if name != key},
    ]
    assert len({edition_of(other).digest for other in grown} | {first.digest}) == 4
    assert edition_of(grown[0]).to_dict() == {"digest": edition_of(grown[0]).digest, "tracks": 9, "full_audio": 1}
    assert edition_of({**tracks, key: replace(track, artist="Someone else", tempo_bpm=99.0)}) == first
    assert str(edition_of(grown[0])).endswith("9 tracks, 1 with full audio")
