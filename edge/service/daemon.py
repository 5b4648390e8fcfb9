"""``livegenre daemon``: listening as a service, for months.

One loop handles every event: it feeds the service manager's watchdog, the history and the log, so that a hang is
detected. A signal only sets a flag, which the loop sees at the next event, within 0.75 s; calls that can hang in the
sound system run in other threads.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from edge import words
from edge.audio.recovery.switched import Switched
from edge.audio.sources import Source, from_uri
from edge.errors import BundleError, ConfigError, EdgeError, HistoryError, RuntimeMissing, SoundSystemStuck
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
from edge.live.pipeline import Pipeline, PipelineSettings
from edge.model.bundle import Bundle, load_bundle
from edge.model.personal import LayerWatch, PersonalLayer
from edge.progress import Progress, take_over
from edge.service import logs
from edge.service.config import Config, load_config
from edge.service.faces import Faces
from edge.service.nightly import Nightly
from edge.service.sd_notify import Notifier
from edge.service.settings import FileSettings
from edge.sinks import Sink
from edge.sinks.every_face import draws_sound
from edge.sinks.guard import Guarded
from edge.sinks.history import HistorySink
from edge.sinks.present import Present
from edge.switch import PAUSED_FILE, Switch

log = logging.getLogger(__name__)

#: Exit status for errors that a restart cannot fix (EX_CONFIG of sysexits.h); the unit file names it.
BAD_CONFIG = 78


def run(path: Path) -> int:
    """Listen as the configuration file says until the source ends or SIGTERM; returns the exit status."""
    logs.set_up("info")
    notifier = Notifier()
    try:
        return Daemon(path, notifier).run()
    except (ConfigError, BundleError, RuntimeMissing, HistoryError) as error:
        log.error("%s", error)
        return BAD_CONFIG
    except SoundSystemStuck as error:
        log.warning("%s: starting anew", error)
        raise
    except EdgeError as error:
        log.error("%s", error)
        return error.exit_status
    finally:
        notifier.close()


class Daemon:
    """The service between start and SIGTERM."""

    def __init__(self, path: Path, notifier: Notifier) -> None:
        self._path = path
        self._notifier = notifier
        self._config = load_config(path)
        self._bundle = _bundle(self._config)
        self._present = Present()
        self._history: HistorySink | None = None
        self._kept: list[Sink] = []  # the history, if one is kept
        self._keep_history(_history(self._config))
        self._switch = _switch()
        settings = FileSettings(path, self._ask_to_reload)
        self._faces = Faces(self._present, self._switch, patient=True, settings=settings)
        self._show_faces()
        self._learned: LayerWatch | None = None
        self._nightly: Nightly | None = None
        self._follow_learning()
        self._next: Source | None = None  # the next source, once the present one is closed
        self._progress = take_over()  # from the process that this one replaced
        self._stop_asked = self._reload_asked = False
        self._shown = words.shown(State.WARMING_UP, None)
        self._lost_s = 0.0
        self._history_status: str | None = None  # what is to be known of it
        logs.set_up(self._config.log.level)

    def run(self) -> int:
        """Listen until asked to stop, restarting after a change of configuration; returns the exit status."""
        with self._signals():
            try:
                self._next = _source(self._config, self._progress.away_since)
                while self._next is not None and not self._stop_asked:
                    source, self._next = self._next, None
                    self._listen(source)
                self._notifier.stopping()
            finally:
                self._close_all()
                if self._next is not None:
                    self._next.close()
        log.info("stopped")
        return 0

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def stop(_number: int, _frame: object) -> None:
            self._stop_asked = True

        def reload(_number: int, _frame: object) -> None:
            self._reload_asked = True

        handlers = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask_to_reload(self) -> None:
        self._reload_asked = True

    def _keep_history(self, history: HistorySink | None) -> None:
        self._close_history()
        self._history = history
        self._kept = [] if history is None else [Guarded(history, "history")]
        for sink in self._kept:
            for event in self._present.from_now_on():
                sink(event)

    def _show_faces(self) -> None:
        history = _history_file(self._config) if self._config.history.enabled else None
        self._faces.show(self._config.faces, self._bundle, history)

    def _follow_learning(self) -> None:
        """Watch the personal layer beside the history, and learn at night, as configured."""
        if self._nightly is not None:
            self._nightly.close()
        self._learned = self._nightly = None
        if self._config.history.enabled:
            file = _history_file(self._config)
            self._learned = LayerWatch(file, self._bundle)
            if self._config.learning.enabled:
                self._nightly = Nightly(self._config.learning, file, self._config.model.folder)

    def _close_all(self) -> None:
        if self._nightly is not None:
            self._nightly.close()
        self._close_history()
        self._faces.close()

    def _close_history(self) -> None:
        for sink in self._kept:
            sink.close()

    def _listen(self, source: Source) -> None:
        progress, self._progress = self._progress, Progress()
        settings = _settings(self._config)
        pipeline = Pipeline(
            Switched(source, self._switch), self._bundle, settings, progress=progress, personal=self._layer()
        )
        try:
            for event in pipeline.events():
                self._take(event)
                if self._reload_asked and self._next is None:  # otherwise the next source does
                    self._reload()
                    pipeline.adjust(_settings(self._config))
                    if self._next is None:
                        pipeline.answer_with(self._layer())
                self._look_after_learning(pipeline)
                if self._stop_asked or self._next is not None:
                    pipeline.stop()
        finally:
            source.close()

    def _layer(self) -> PersonalLayer | None:
        return None if self._learned is None else self._learned.layer

    def _look_after_learning(self, pipeline: Pipeline) -> None:
        if self._nightly is not None:
            self._nightly.look(datetime.now())
        if self._learned is not None and self._learned.look():
            pipeline.answer_with(self._learned.layer)
            log.info("what was learned %s", "is in use" if self._learned.layer is not None else "is no longer in use")

    def _take(self, event: Event) -> None:
        self._notifier.alive()
        for sink in self._kept:  # first: it produces events for the others
            sink(event)
        for one in (event, *(self._history.news() if self._history is not None else ())):
            self._present(one)
            self._faces(one)
            self._tell(one)

    def _tell(self, event: Event) -> None:
        match event:
            case Started():
                log.info("listening to %s, model %s on %s", event.source, event.model, event.runtime)
                self._notifier.ready()
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
            case _:
                return
        self._notifier.status(self._status())

    def _status(self) -> str:
        parts = [self._shown]
        if self._lost_s:
            parts.append(f"{self._lost_s:.0f} s of audio lost so far")
        if self._history_status is not None:
            parts.append(self._history_status)
        return "; ".join(parts)

    def _reload(self) -> None:
        """Reload the configuration. If it has an error, nothing changes."""
        self._reload_asked = False
        self._notifier.reloading()
        try:
            self._take_over(load_config(self._path))
        except EdgeError as error:
            log.error("configuration kept as it was: %s", error)
        else:
            log.info("configuration read again%s", "; listening starts anew" if self._next is not None else "")
        if self._next is None:
            self._notifier.ready()

    def _take_over(self, config: Config) -> None:
        """Open what the configuration names, then close what was open before; all of it or nothing."""
        before = self._config
        bundle = self._bundle if config.model.folder == before.model.folder else _bundle(config)
        source, history = None, self._history
        with ExitStack() as opened:
            if (config.source, config.model.folder) != (before.source, before.model.folder):
                source = _source(config)  # it records only once it is iterated
                opened.callback(source.close)
            if config.history != before.history:
                history = _history(config)
                opened.callback(history.close if history else lambda: None)
            opened.pop_all()
        if history is not self._history:
            self._keep_history(history)
        self._config, self._bundle, self._next = config, bundle, source
        if (config.history, config.learning, config.model) != (before.history, before.learning, before.model):
            self._follow_learning()
        self._show_faces()
        logs.set_up(config.log.level)


def _settings(config: Config) -> PipelineSettings:
    return PipelineSettings(styles=config.model.styles, sound=draws_sound(config.faces), decision=config.decision)


def _bundle(config: Config) -> Bundle:
    return load_bundle(config.model.folder or None)


def _history(config: Config) -> HistorySink | None:
    kept = config.history
    if not kept.enabled:
        return None
    return HistorySink(_history_file(config), checkpoint_s=kept.checkpoint_s, retention_days=kept.retention_days)


def _history_file(config: Config) -> Path:
    return Path(config.history.file) if config.history.file else own_file()


def _switch() -> Switch:
    switch = Switch(own_file().with_name(PAUSED_FILE))
    if not switch.is_on:
        log.warning("paused on request: resume on the page or over MQTT, or remove %s and restart", switch.file)
    return switch


def _source(config: Config, away_since: float | None = None) -> Source:
    return from_uri(config.source.uri, wait=True, raw=config.source, away_since=away_since)
