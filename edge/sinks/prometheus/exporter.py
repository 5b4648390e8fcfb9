"""Events as metrics for Prometheus, at ``/metrics``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, make_asgi_app

from edge import words
from edge.events import Change, Event, Gap, Prediction, SourceLost, SourceRestored, Started, State, Stats, Tick
from edge.http.access import Access, App, Receive, Scope, Send
from edge.http.address import Address
from edge.http.server import Server

PATH = "/metrics"
#: Seconds of audio between two answers above which audio is missing, which is not counted.
LONGEST_STEP_S = 30.0
NOTHING = float("nan")  # not known now


class Endpoint:
    """The server and the metrics of all rooms, each of which has its series under the label ``room``."""

    def __init__(self, address: Address, token: str, names: Iterable[str] = (), *, has_rooms: bool = False) -> None:
        """``names`` are further names of this machine; without rooms no series has that label.

        Raises ``FaceError`` if the address cannot be had.
        """
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._has_rooms = has_rooms
        self._metrics: dict[str, Any] = {}
        app = _at(PATH, make_asgi_app(self._registry))
        access = Access(app, token, open_to_read=address.is_loopback, names=names)
        self._server = Server(access, address, name="metrics")

    @property
    def url(self) -> str:
        """Its URL."""
        return self._server.address.url.rstrip("/") + PATH

    def metric(self, kind: type[Gauge | Counter], name: str, what: str, labels: tuple[str, ...]) -> Any:
        """Return a metric, which is made for the first room."""
        if name not in self._metrics:
            of_room = ("room",) if self._has_rooms else ()
            self._metrics[name] = kind(f"livegenre_{name}", what, (*of_room, *labels), registry=self._registry)
        return self._metrics[name]

    def require_running(self) -> None:
        """Raise ``FaceError`` if the server has ended."""
        self._server.require_running()

    def close(self) -> None:
        """End the server."""
        self._server.close()


class _Series:
    """The series of one room, of a metric with labels of its own."""

    def __init__(self, metric: Any, of_room: tuple[str, ...]) -> None:
        self._metric, self._of_room = metric, of_room
        self._used: set[tuple[str, ...]] = set()

    def labels(self, *values: str) -> Any:
        """Return the one with these labels."""
        self._used.add(values)
        return self._metric.labels(*self._of_room, *values)

    def clear(self) -> None:
        """Forget them all."""
        for values in self._used:
            self._metric.remove(*self._of_room, *values)
        self._used.clear()


class Metrics:
    """Sink that updates the metrics of one room.

    It costs the listening thread some microseconds an event; requests are answered in the server's thread.
    """

    def __init__(self, endpoint: Endpoint, room: str = "", *, on_close: Callable[[], None] | None = None) -> None:
        """Serve them at the ``endpoint``, under the name of ``room``; ``on_close`` gives back one that others use."""
        self._endpoint, self._on_close = endpoint, on_close or endpoint.close
        self._of_room = (words.safe(room),) if room else ()
        self._plain: list[Any] = []
        self._labelled: list[_Series] = []
        self._define()
        self._label = str(State.WARMING_UP)
        self._heard_until_s: float | None = None

    def _define(self) -> None:
        def series(metric: Any, labels: tuple[str, ...]) -> Any:
            if labels:
                self._labelled.append(_Series(metric, self._of_room))
                return self._labelled[-1]
            self._plain.append(metric)
            return metric.labels(*self._of_room) if self._of_room else metric

        def gauge(name: str, what: str, *labels: str) -> Any:
            return series(self._endpoint.metric(Gauge, name, what, labels), labels)

        def counter(name: str, what: str, *labels: str) -> Any:
            return series(self._endpoint.metric(Counter, name, what, labels), labels)

        self._model = gauge("model_info", "The model and the runtime in use; always 1", "model", "runtime")
        self._updates = counter("updates", "Answers of the model")
        self._duration = gauge("update_duration_seconds", "Wall time of one update, smoothed")
        self._backlog = gauge("backlog_seconds", "Audio that waits to be heard")
        self._dropped = counter("audio_dropped_seconds", "Audio that was lost")
        self._gaps = counter("gaps", "Holes in the audio")
        self._up = gauge("source_up", "0 while the source is lost or stalled")
        self._losses = counter("source_losses", "How often the source was lost or fell still")
        self._level = gauge("level_dbfs", "RMS level of the newest audio; NaN for nothing but zeros")
        self._tempo = gauge("tempo_bpm", "Tempo in beats a minute; NaN without music")
        self._confidence = gauge("genre_confidence_ratio", "Probability of each genre now, 0 to 1", "genre")
        self._shown = gauge("shown", "1 for the genre or state that is shown, 0 for the others", "label")
        self._shown_seconds = counter("heard_seconds", "Audio during which a genre or state was shown", "label")

    @property
    def url(self) -> str:
        """Its URL."""
        return self._endpoint.url

    def __call__(self, event: Event) -> None:
        """Count an event."""
        self._endpoint.require_running()
        match event:
            case Started():
                self._start(event)
            case Prediction():
                self._updates.inc()
                self._show(event)
                self._tempo.set(NOTHING if event.tempo_bpm is None else event.tempo_bpm)
                if event.probabilities is None:
                    self._confidence.clear()
                for label, probability in (event.probabilities or {}).items():
                    self._confidence.labels(words.safe(label)).set(probability)
            case Change():
                self._show(event)
                if event.state is State.PAUSED:
                    self._rest()
            case Gap():
                self._gaps.inc()
                self._dropped.inc(max(0.0, event.lost_s))
            case SourceLost():
                self._up.set(0)
                self._losses.inc()
                self._tempo.set(NOTHING)
                self._confidence.clear()
            case SourceRestored():
                self._up.set(1)
            case Stats():
                self._duration.set(event.update_cost_s or NOTHING)
            case Tick():
                self._level.set(NOTHING if event.level_dbfs is None else event.level_dbfs)
                self._backlog.set(event.backlog_s)

    def _rest(self) -> None:
        self._up.set(1)  # for all that is known
        self._tempo.set(NOTHING)
        self._confidence.clear()

    def _start(self, event: Started) -> None:
        for kept in (self._model, self._confidence, self._shown):
            kept.clear()
        self._model.labels(words.safe(event.model), words.safe(event.runtime)).set(1)
        for label in (*event.labels, *(state for state in State if state is not State.MUSIC)):
            self._shown.labels(words.safe(label)).set(0)
        self._up.set(1)
        self._tempo.set(NOTHING)
        self._label = str(State.WARMING_UP)
        self._heard_until_s = None

    def _show(self, event: Prediction | Change) -> None:
        passed_s = 0.0 if self._heard_until_s is None else event.audio_s - self._heard_until_s
        if 0 < passed_s <= LONGEST_STEP_S:
            self._shown_seconds.labels(self._label).inc(passed_s)
        self._heard_until_s = event.audio_s
        self._shown.labels(self._label).set(0)
        self._label = words.safe(event.genre or event.state)
        self._shown.labels(self._label).set(1)

    def close(self) -> None:
        """Forget the room's series, and end the server unless others use it."""
        if self._of_room:
            for series in self._labelled:
                series.clear()
            for metric in self._plain:
                metric.remove(*self._of_room)
        self._on_close()


def _at(path: str, app: App) -> App:
    """Return an application that serves another at one path, and 404 elsewhere."""

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == path and scope["method"] in ("GET", "HEAD"):
            await app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"metrics are at /metrics\n"})

    return routed
