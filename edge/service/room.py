"""A room: a source, and all that belongs to it alone: history, pause, what was learned, faces.

The source is listened to in a thread of its own (``edge.service.room_thread``); all else happens in the daemon's loop.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from edge import words
from edge.audio.sources import Source, from_uri
from edge.errors import EdgeError
from edge.events import (
    Change,
    Event,
    Gap,
    HistoryTrouble,
    SegmentCorrected,
    SourceLost,
    SourceRestored,
    Started,
    State,
    Stats,
    Stopped,
)
from edge.history.database import own_file
from edge.http.shared import Shared
from edge.live.pipeline import PipelineSettings
from edge.model.bundle import Bundle
from edge.model.personal import LayerWatch, PersonalLayer
from edge.progress import Progress
from edge.rooms import RoomName
from edge.service.config import Config, SourceConfig
from edge.service.faces import Faces
from edge.service.nightly import Nightly
from edge.service.room_thread import Ended, Listening, Order
from edge.sinks import Sink
from edge.sinks.every_face import draws_sound
from edge.sinks.face import Settings
from edge.sinks.guard import Guarded
from edge.sinks.history import HistorySink
from edge.sinks.present import Present
from edge.switch import PAUSED_FILE, Switch

log = logging.getLogger(__name__)

#: Seconds after which a source that failed is opened again, where other rooms go on meanwhile.
RETRY_S = 30.0


@dataclass(frozen=True, slots=True)
class Opened:
    """Things opened for another configuration: a room's next source, and its history where that is another."""

    source: Source | None
    history: HistorySink | None
    is_other_history: bool

    def close(self) -> None:
        """Close it again: the configuration is refused."""
        if self.source is not None:
            self.source.close()
        if self.is_other_history and self.history is not None:
            self.history.close()


class Room:
    """One room, from its first configuration until it is closed; ``say`` takes what its thread says, in that thread."""

    def __init__(
        self,
        name: RoomName,
        config: Config,
        bundle: Bundle,
        *,
        settings: Settings,
        shared: Shared,
        say: Callable[[Room, Event | Ended], None],
        progress: Progress | None = None,
    ) -> None:
        self.name = name
        self._config, self._bundle = config, bundle
        self._source_config = config.sources[name.place]
        self._say, self._progress = say, progress
        self.present = Present()
        self._history: HistorySink | None = None
        self._kept: list[Sink] = []  # the history, if one is kept
        self._keep_history(_history(config, name))
        self.switch = self._own_switch()
        self.faces = Faces(self.present, self.switch, patient=True, settings=settings, shared=shared)
        self._learned: LayerWatch | None = None
        self._nightly: Nightly | None = None
        self._follow_learning()
        self._listening: Listening | None = None
        self.is_running = False  # whether its thread listens, which has to say something all the time
        self._retry_at: float | None = None
        self._next: Source | None = None  # a source that nobody listens to yet
        self._shown = words.shown(State.WARMING_UP, None)
        self._lost_s = 0.0
        self._history_status: str | None = None  # what is to be known of it
        try:
            self._next = _source(self._source_config, progress.away_since if progress else None)
        except BaseException:
            self.close()
            raise

    def _own_switch(self) -> Switch:
        switch = Switch(self.name.file(own_file().with_name(PAUSED_FILE)))
        if not switch.is_on:
            log.warning("paused on request: resume on the page or over MQTT, or remove %s and restart", switch.file)
        return switch

    # Listening

    def listen(self) -> None:
        """Begin to listen to the source that was opened."""
        source, self._next = self._next, None
        assert source is not None
        order = Order(source, self._bundle, self._pipeline_settings(), self._layer())
        self._listening = Listening(
            order, self.switch, lambda said: self._say(self, said), progress=self._progress, room=self.name.shown
        )
        self._progress = None
        self.is_running = True
        self._listening.start()

    @property
    def is_finished(self) -> bool:
        """Return whether nothing more will come of it."""
        return not self.is_running and self._retry_at is None

    @property
    def is_changing(self) -> bool:
        """Return whether it is to go on to another source."""
        is_ordered = self._listening is not None and self._listening.is_changing
        return self.is_running and (is_ordered or self._next is not None)

    def stop(self) -> None:
        """Ask to end soon."""
        self._retry_at = None
        self._close_next()
        if self._listening is not None:
            self._listening.stop()

    def ended(self, error: EdgeError | None = None) -> None:
        """Take note that its thread has ended, by itself or of an error; then the source is tried again later."""
        self.is_running = False
        if self._next is not None:
            self.listen()
        elif error is not None:
            self._try_again_after(error)

    def _try_again_after(self, error: EdgeError) -> None:
        log.error("%s; tried again in %.0f s", error, RETRY_S)
        self._retry_at = time.monotonic() + RETRY_S

    def retry(self) -> None:
        """Open the source again if that is due; never waits."""
        if self._retry_at is None or time.monotonic() < self._retry_at:
            return
        try:
            self._next = _source(self._source_config)
        except EdgeError as error:
            self._try_again_after(error)
        else:
            self._retry_at = None
            self.listen()

    def progress(self) -> Progress:
        """Return what a process that replaces this one goes on from."""
        return (self._listening and self._listening.progress()) or Progress()

    # Events

    def take(self, event: Event) -> None:
        """Hand an event on to the history, the faces and the log."""
        for sink in self._kept:  # first: it produces events for the others
            sink(event)
        for one in (event, *(self._history.news() if self._history is not None else ())):
            self.present(one)
            self.faces(one)
            self._tell(one)

    def _tell(self, event: Event) -> None:
        match event:
            case Started():
                log.info("listening to %s, model %s on %s", event.source, event.model, event.runtime)
            case Change():
                self._shown = words.shown(event.state, event.genre)
                sure = "" if event.confidence is None else f", {event.confidence:.0%} sure"
                log.info("now: %s%s", self._shown, sure)
            case SourceLost():
                log.warning("%s is %s: %s", event.source, "stalled" if event.stalled else "lost", event.reason)
            case SourceRestored():
                log.warning("%s is back after %.0f s", event.source, event.away_s)
            case SegmentCorrected():
                log.info("%s", words.correction(event.start, event.state, event.genre, event.corrected))
            case HistoryTrouble():
                self._history_status = words.history(event.problem, event.begun_anew)
            case Gap():
                log.warning("%.1f s of audio are missing: %s", event.lost_s, event.reason)
            case Stopped(warning=str(warning)):
                log.warning("%s", warning)
            case Stats():
                self._lost_s = event.dropped_s

    @property
    def status(self) -> str:
        """The present state in words."""
        parts = [self._shown]
        if self._lost_s:
            parts.append(f"{self._lost_s:.0f} s of audio lost so far")
        if self._history_status is not None:
            parts.append(self._history_status)
        told = "; ".join(parts)
        return f"{self.name.shown}: {told}" if self.name.shown else told

    # Another configuration

    def opened_for(self, config: Config, name: RoomName, *, is_other_model: bool) -> Opened:
        """Open what another configuration asks for and is not open; nothing changes yet."""
        wanted, source, history = config.sources[name.place], None, self._history
        if is_other_model or wanted != replace(self._source_config, name=wanted.name):
            source = _source(wanted)  # it records only once it is iterated
        is_other_history = config.history != self._config.history
        if is_other_history:
            try:
                history = _history(config, name)
            except BaseException:
                if source is not None:
                    source.close()
                raise
        return Opened(source, history, is_other_history)

    def go_on(self, config: Config, name: RoomName, bundle: Bundle, opened: Opened) -> bool:
        """Go on with another configuration; returns whether another source is listened to for it."""
        before, self._config = self._config, config
        self._source_config, self._bundle, self.name = config.sources[name.place], bundle, name
        if opened.is_other_history:
            self._keep_history(opened.history)
        if (config.history, config.learning, config.model) != (before.history, before.learning, before.model):
            self._follow_learning()
        if self._listening is not None:
            self._listening.room = name.shown
        changed: dict[str, object] = {"settings": self._pipeline_settings(), "layer": self._layer()}
        if opened.source is not None:
            changed |= {"source": opened.source, "bundle": bundle}
        is_ordered = self.is_running and self._listening is not None and self._listening.order(**changed)
        if opened.source is not None and not is_ordered:
            self._retry_at, self._next = None, opened.source
            if not self.is_running:  # otherwise its thread is just ending, and ``ended`` will follow
                self.listen()
        return opened.source is not None

    def leave(self) -> None:
        """Stop and take back what faces have left elsewhere: the room is no longer configured."""
        self.stop()
        self.faces.forget()

    def close_changed_faces(self) -> None:
        """Close the faces that are to be others, or none; for all rooms first, since they share addresses."""
        self.faces.close_changed(self._config.faces, self._bundle, self._history_file, room=self.name)

    def open_faces(self) -> None:
        """Open the faces that are asked for and not open."""
        self.faces.open_missing()

    def _pipeline_settings(self) -> PipelineSettings:
        config = self._config
        sound = draws_sound(config.faces, self.name.place)
        return PipelineSettings(styles=config.model.styles, sound=sound, decision=config.decision)

    # History, and what is learned from it

    @property
    def _history_file(self) -> Path | None:
        return _history_file(self._config, self.name) if self._config.history.enabled else None

    def _keep_history(self, history: HistorySink | None) -> None:
        self._close_history()
        self._history = history
        self._kept = [] if history is None else [Guarded(history, "history")]
        for sink in self._kept:
            for event in self.present.from_now_on():
                sink(event)

    def _follow_learning(self) -> None:
        """Watch the personal layer beside the history, and learn at night, as configured."""
        if self._nightly is not None:
            self._nightly.close()
        self._learned = self._nightly = None
        if (file := self._history_file) is not None:
            self._learned = LayerWatch(file, self._bundle)
            if self._config.learning.enabled:
                self._nightly = Nightly(self._config.learning, file, self._config.model.folder)

    def _layer(self) -> PersonalLayer | None:
        return None if self._learned is None else self._learned.layer

    @property
    def is_learning(self) -> bool:
        """Return whether learning is under way."""
        return self._nightly is not None and self._nightly.is_under_way

    def look_after_learning(self, *, may_begin: bool) -> None:
        """Use what was learned; learn if it is time to, where it ``may_begin``."""
        if self._nightly is not None and (may_begin or self._nightly.is_under_way):
            self._nightly.look(datetime.now())
        if self._learned is not None and self._learned.look():
            if self._listening is not None:
                self._listening.order(layer=self._learned.layer)
            log.info("what was learned %s", "is in use" if self._learned.layer is not None else "is no longer in use")

    # The end

    def close(self) -> None:
        """Close the history and all faces, and a source that nobody listens to yet."""
        if self._nightly is not None:
            self._nightly.close()
        self._close_history()
        self.faces.close()
        self._close_next()

    def _close_next(self) -> None:
        source, self._next = self._next, None
        if source is not None:
            source.close()

    def _close_history(self) -> None:
        for sink in self._kept:
            sink.close()


def _history(config: Config, name: RoomName) -> HistorySink | None:
    kept = config.history
    if not kept.enabled:
        return None
    file = _history_file(config, name)
    return HistorySink(file, checkpoint_s=kept.checkpoint_s, retention_days=kept.retention_days)


def _history_file(config: Config, name: RoomName) -> Path:
    return name.file(Path(config.history.file) if config.history.file else own_file())


def _source(source: SourceConfig, away_since: float | None = None) -> Source:
    return from_uri(source.uri, wait=True, raw=source, away_since=away_since)
