"""Listening in a thread of its own: to one source after the other, as it is told; events go to the daemon's loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock, Thread

from edge import clock
from edge.audio.recovery.switched import Switched
from edge.audio.sources import Source
from edge.events import Event
from edge.live.pipeline import Pipeline, PipelineSettings
from edge.model.bundle import Bundle
from edge.model.personal import PersonalLayer
from edge.progress import Progress
from edge.service import logs
from edge.switch import Switch


@dataclass(frozen=True, slots=True)
class Order:
    """A source to listen to, and the model and settings to do it with."""

    source: Source
    bundle: Bundle
    settings: PipelineSettings
    layer: PersonalLayer | None


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of listening: the source ended or somebody asked to stop, or ``error``."""

    error: BaseException | None = None


class Listening:
    """Listens from ``start`` until its source ends, or ``stop``; then says ``Ended``, as the last thing."""

    def __init__(
        self,
        order: Order,
        switch: Switch,
        say: Callable[[Event | Ended], None],
        *,
        progress: Progress | None = None,
        room: str = "",
    ) -> None:
        """``say`` is called in the thread, and may wait; ``room`` is named in its messages."""
        self.room = room
        self._order = self._current = order
        self._switch, self._say = switch, say
        self._progress = progress
        self._pipeline: Pipeline | None = None
        self._deciding = Lock()
        self._is_stopping = self._is_over = False
        self._thread = Thread(target=self._run, name=f"listening {room}".strip(), daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask to end soon."""
        self._is_stopping = True

    @property
    def is_changing(self) -> bool:
        """Return whether another source has been ordered than the one that is listened to."""
        return not self._is_over and self._order.source is not self._current.source

    def order(self, **changed: object) -> bool:
        """Go on with another ``source``, ``bundle``, ``settings`` or ``layer``; returns False if it has ended."""
        with self._deciding:
            if self._is_over:
                return False
            self._order = replace(self._order, **changed)  # type: ignore[arg-type]
            return True

    def progress(self) -> Progress | None:
        """Return what a process that replaces this one goes on from."""
        return None if self._pipeline is None else self._pipeline.progress(clock.steady_s())

    def _run(self) -> None:
        error = None
        try:
            self._listen()
            while self._is_asked_for_another():
                self._listen()
        except BaseException as caught:  # the daemon decides
            error = caught
        finally:
            with self._deciding:
                self._is_over = True
                left = self._order.source
            if left is not self._current.source:
                left.close()
        self._say(Ended(error))

    def _is_asked_for_another(self) -> bool:
        with self._deciding:
            self._is_over = self._is_stopping or self._order.source is self._current.source
            return not self._is_over

    def _listen(self) -> None:
        logs.ROOM.set(self.room)
        order = self._current = self._order
        progress, self._progress = self._progress, None
        source = Switched(order.source, self._switch)
        try:
            self._pipeline = pipeline = Pipeline(
                source, order.bundle, order.settings, progress=progress, personal=order.layer
            )
            for event in pipeline.events():
                logs.ROOM.set(self.room)
                self._say(event)
                order = self._follow(pipeline, order)
        finally:
            source.close()

    def _follow(self, pipeline: Pipeline, followed: Order) -> Order:
        """Do what has been ordered since; the next source is taken once this one has ended."""
        order = self._order
        if self._is_stopping or order.source is not followed.source:
            pipeline.stop()
            return followed
        if order.settings is not followed.settings:
            pipeline.adjust(order.settings)
        if order.layer is not followed.layer:
            pipeline.answer_with(order.layer)
        return order
