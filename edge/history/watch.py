"""Detection of corrections made in any process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edge.history.connection import Recording
from edge.history.corrections import Corrected, after_corrections

#: Corrections that are remembered, to detect undone ones.
N_REMEMBERED = 256

_NEWEST = "SELECT segment_id, max(id), label FROM corrections GROUP BY segment_id ORDER BY max(id) DESC LIMIT ?"
Said = Mapping[int, tuple[int, str]]  # number of the correction and label, by segment


class Watch:
    """Compares the corrections with those at the last call."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._version: tuple[int, int] | None = None
        self._said: Said = {}
        self.look()

    def look(self) -> list[Corrected]:
        """Return the segments whose correction has changed; cheap while nobody has written."""
        with self._recording.connection() as connection:
            # It changes when another connection has written, and within the process there is but one.
            (others,) = connection.execute("PRAGMA data_version").fetchone()
            version = (others, self._recording.n_changes)
            if version == self._version:
                return []
            rows = connection.execute(_NEWEST, (N_REMEMBERED,)).fetchall()
            before, self._said = self._said, {segment_id: (number, label) for segment_id, number, label in rows}
            is_first, self._version = self._version is None, version
            found = [] if is_first else [after_corrections(connection, one) for one in _differing(before, self._said)]
        return [segment for segment in found if segment is not None]

    def label_of(self, segment_id: int) -> str | None:
        """Return the correction of a segment at the last call, if it is among the newest."""
        return self._said.get(segment_id, (0, None))[1]


def _differing(before: Said, after: Said) -> Iterator[int]:
    """Yield the segments whose correction differs, ignoring old ones that are no longer remembered."""
    newest_before = max((number for number, _ in before.values()), default=0)
    oldest_after = min((number for number, _ in after.values()), default=0) if len(after) >= N_REMEMBERED else 0
    for segment_id, (number, _) in after.items():
        if segment_id in before:
            if before[segment_id] != after[segment_id]:
                yield segment_id
        elif number > newest_before or len(before) < N_REMEMBERED:
            yield segment_id
    for segment_id, (number, _) in before.items():
        if segment_id not in after and number > oldest_after:
            yield segment_id
