"""The microphone as a source: PortAudio's callback copies and enqueues; ``LiveSource`` does the rest."""

from __future__ import annotations

from collections.abc import Callable

from edge.audio import portaudio, sound_server
from edge.audio.recovery.live_source import Kind, LiveSource, Stream
from edge.audio.recovery.outage import Patience
from edge.errors import SourceError

#: Seconds of audio for each callback: wake-ups cost power. Fewer if a level meter is displayed.
PIECE_S, WATCHED_PIECE_S = 0.5, 0.2
#: Seconds after which opening is known to hang for good. After a hanging sound server was killed, PortAudio's thread
#: can wait for it forever, and PortAudio with it.
STUCK_S = 15.0
PATIENCE = Patience(zeros_s=10.0)


class Microphone(LiveSource):
    """Source that records from a PortAudio input and reopens it when it comes back."""

    def __init__(
        self,
        query: str | None = None,
        *,
        wait: bool = False,
        watched: bool = False,
        away_since: float | None = None,
    ) -> None:
        """Open the input named ``query`` (see ``portaudio.find``), or the default one.

        With ``wait``, an input that is not there yet is waited for; without, that is a ``SourceError``. ``watched``
        gives audio in pieces short enough for a level meter. ``away_since`` is ``LiveSource``'s.
        """
        piece_s = WATCHED_PIECE_S if watched else PIECE_S

        def record(old: Stream | None, wanted: Callable[[], bool]) -> Stream:
            with portaudio.ONE_AT_A_TIME:
                if old:
                    old.close()
                if not wanted():  # opening would record for a moment
                    raise SourceError("given up")
                portaudio.list_anew()
                return portaudio.record(portaudio.find(query), piece_s)

        kind = Kind(record, PATIENCE, hanging=sound_server.who_hangs, stuck_s=STUCK_S)
        super().__init__(query or "microphone", kind, wait=wait, away_since=away_since)
