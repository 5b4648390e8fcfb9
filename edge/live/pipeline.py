"""Listening: the pipeline from a source's chunks to events.

    source ─▶ mono ─▶ window of the record ─▶ classifier ─▶ decision ─▶ events

``Pipeline.events`` is a generator: its consumer sets the pace, and no thread is needed. Updates fall on whole intervals
of audio, not of wall time, so that the same audio gives the same events at any speed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge import clock, events
from edge.audio.sources import Source
from edge.errors import SoundSystemStuck
from edge.events import Block, Chunk, CutShort, Event, Hole, Idle, Lost, Paused, Restored, Resumed, State
from edge.live import decision, styles
from edge.live.decision import DecisionMemory, DecisionSettings, Shown
from edge.live.pace import Pace
from edge.live.record_window import RecordWindow
from edge.live.stamping import Stamp, utc_now
from edge.live.timeline import Timeline
from edge.model.bundle import Bundle
from edge.model.classifier import Classifier
from edge.model.inputs import inputs_digest
from edge.progress import Progress

if TYPE_CHECKING:
    from edge.model.personal import PersonalLayer

#: The shown answer is kept after holes up to this long, in seconds: it is most likely the same record.
SHORT_GAP_S = 10.0
#: States in which no audio comes.
WITHOUT_AUDIO = (State.NO_SOURCE, State.PAUSED)
#: Seconds of audio between two ``Stats``.
STATS_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """Settings of a pipeline."""

    interval_s: float = 1.0  # seconds of audio between updates, on a machine that keeps up
    styles: bool = True  # whether events have the listener's styles
    sound: bool = False  # whether events have the frames for pictures of the sound
    decision: DecisionSettings = field(default_factory=DecisionSettings)


@dataclass(frozen=True, slots=True)
class _Update:
    """The results of one update."""

    level_dbfs: float | None
    elapsed_s: float  # of audio, since the update before
    vector: NDArray[np.float32] | None = None
    probabilities: NDArray[np.float32] | None = None


class Pipeline:
    """Turns a source's chunks into events."""

    def __init__(
        self,
        source: Source,
        bundle: Bundle,
        settings: PipelineSettings | None = None,
        *,
        now: Callable[[], datetime] = utc_now,
        steady_s: Callable[[], float] = clock.steady_s,
        progress: Progress | None = None,
        personal: PersonalLayer | None = None,
    ) -> None:
        """``now`` is the wall clock, and ``steady_s`` that of ``Block.recorded_at``; ``progress`` is continued.

        ``personal`` is the layer over the bundle's answers, if there is one.
        """
        before = progress or Progress()
        self._source = source
        self._bundle = bundle
        self._settings = settings or PipelineSettings()
        self._classify = Classifier(bundle, personal)
        self._has_new_labels = False  # not reported yet
        self._window = RecordWindow(bundle)
        self._timeline = Timeline(bundle.spec.sample_rate, audio_s=before.audio_s, lost_s=before.dropped_s)
        self._stamp = Stamp(self._timeline, now, steady_s)
        self._pace = Pace(self._settings.interval_s, bundle.spec.sample_rate)
        self._memory = DecisionMemory()
        self._has_been_full = False  # the window, since what is shown is
        self._tempo_bpm: float | None = None
        self._updates, self._gaps, self._restarts = before.updates, before.gaps, before.restarts
        self._stats_due_s = self._next_stats_s()
        self._stopping = False
        self._warning: str | None = None

    @property
    def audio_s(self) -> float:
        """Seconds on the source's timeline so far."""
        return self._timeline.audio_s

    def adjust(self, settings: PipelineSettings) -> None:
        """Use other settings from the next update on."""
        self._settings = settings

    def answer_with(self, personal: PersonalLayer | None) -> None:
        """Use another personal layer, or none; other labels reset the decision."""
        before, self._classify = self._classify.labels, Classifier(self._bundle, personal)
        if self._classify.labels != before:
            shown = self._memory.shown
            self._memory = DecisionMemory(shown=shown) if shown.state in WITHOUT_AUDIO else DecisionMemory()
            self._has_new_labels = True

    def stop(self) -> None:
        """Ask ``events`` to end after the next chunk; may be called from a signal handler or another thread."""
        self._stopping = True

    def events(self) -> Iterator[Event]:
        """Yield events until the source ends or ``stop`` is called; the last one is ``Stopped``."""
        chunks = iter(self._source)  # which may open it, and then knows its name
        yield self._started()
        try:
            for chunk in chunks:
                if self._has_new_labels:
                    self._has_new_labels = False
                    yield from self._start_over()
                yield from self._take(chunk)
                if self.audio_s >= self._stats_due_s:
                    self._stats_due_s = self._next_stats_s()
                    yield self._stats()
                if self._stopping:
                    break
        except SoundSystemStuck as stuck:
            stuck.progress = self.progress(stuck.away_since)
            raise
        yield from self._end_stretch()
        yield self._stats()
        reason = "stopped" if self._stopping else "the source ended"
        yield self._stamp.now(events.Stopped, reason=reason, warning=self._warning)

    def _start_over(self) -> Iterator[Event]:
        """Begin with other labels; without audio, what is shown is still true."""
        yield self._started()
        if self._memory.shown.state in WITHOUT_AUDIO:
            memory, self._memory = self._memory, DecisionMemory()
            yield from self._show(memory)

    def _take(self, chunk: Chunk) -> Iterator[Event]:
        match chunk:
            case Block():
                yield from self._receive(chunk)
            case Hole(lost_s, reason):
                yield from self._skip(lost_s)
                yield from self._gap(lost_s, reason)
            case Lost(stalled, reason, missing_from):
                yield from self._end_stretch()
                self._stamp.missing(missing_from)
                yield self._stamp.when_recorded(
                    events.SourceLost, source=self._source.name, stalled=stalled, reason=reason
                )
                yield from self._show(DecisionMemory(shown=Shown(State.NO_SOURCE)))
            case Restored(away_s):
                yield from self._skip(away_s)  # first: the shown answer lasted until now
                yield self._stamp.when_recorded(events.SourceRestored, source=self._source.name, away_s=away_s)
                yield from self._gap(away_s, "the source was away")
                yield from self._show(DecisionMemory())
            case Paused():
                yield from self._end_stretch()
                yield from self._show(DecisionMemory(shown=Shown(State.PAUSED)))
            case Resumed(away_s):
                yield from self._end_stretch(paused_s=away_s)
                self._begin_anew()
                yield from self._show(DecisionMemory())
            case Idle():
                yield self._tick(None)
            case CutShort(reason):
                self._warning = reason

    def _receive(self, block: Block) -> Iterator[Event]:
        if block.sample_rate != self._timeline.source_rate:
            yield from self._end_stretch()
            self._window.change_rate(block.sample_rate)
        samples, before_s = self._timeline.receive(block), self.audio_s
        self._stamp.received(block)
        while samples.size:
            n_samples, samples = self._window.hear(samples, self._pace.samples_left)
            yield from self._hear(n_samples)
        if self.audio_s > before_s:  # otherwise the resampler needs more samples first
            yield self._tick(self._window.take_block_level())

    def _end_stretch(self, lost_s: float = 0.0, *, paused_s: float = 0.0) -> Iterator[Event]:
        yield from self._hear(self._window.end_stretch())
        self._timeline.next_stretch(lost_s, paused_s=paused_s)

    def _hear(self, n_samples: int) -> Iterator[Event]:
        self._timeline.advance(n_samples)
        if self._pace.hear(n_samples):
            yield from self._update()

    def _update(self) -> Iterator[Event]:
        started = time.perf_counter()
        self._updates += 1
        elapsed_s, level_dbfs = self._pace.restart(), self._window.take_interval_level()
        memory = decision.hear_level(self._memory, level_dbfs, elapsed_s, self._settings.decision)
        update = _Update(level_dbfs, elapsed_s)
        if memory.shown.state is State.SILENCE:
            self._tempo_bpm = None
            self._window.forget()  # the audio that ends a silence is classified by itself
        elif self._window.is_long_enough:
            memory, update = self._judge(memory, update)
        yield from self._show(memory)
        yield self._prediction(update)
        self._pace.adapt(self._settings.interval_s, time.perf_counter() - started, self._source.backlog_s)

    def _judge(self, memory: DecisionMemory, update: _Update) -> tuple[DecisionMemory, _Update]:
        """Classify the window; return the new memory, and the update with its answer."""
        if self._window.follow_record():
            memory = decision.new_record(memory)
        vector = self._window.vector()
        if vector is None:
            return memory, update
        probabilities = self._classify(vector)
        self._tempo_bpm = self._bundle.tempo_bpm(vector)
        memory = decision.hear_probabilities(
            memory,
            self._classify.labels,
            probabilities,
            elapsed_s=update.elapsed_s,
            record_s=self._window.seconds,
            settings=self._settings.decision,
        )
        return memory, _Update(update.level_dbfs, update.elapsed_s, vector, probabilities)

    def _skip(self, lost_s: float) -> Iterator[Event]:
        yield from self._end_stretch(lost_s)
        self._gaps += 1
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._pace.restart()
        self._window.forget()
        self._window.take_interval_level()

    def _gap(self, lost_s: float, reason: str) -> Iterator[Event]:
        yield self._stamp.when_recorded(events.Gap, lost_s=lost_s, reason=reason)
        if lost_s > SHORT_GAP_S:
            yield from self._show(DecisionMemory())

    def _show(self, memory: DecisionMemory) -> Iterator[Event]:
        before, self._memory = self._memory.shown, memory
        if memory.shown != before:
            self._has_been_full = False
            yield self._stamp.when_recorded(
                events.Change,
                state=memory.shown.state,
                genre=memory.shown.genre,
                previous_state=before.state,
                previous_genre=before.genre,
                confidence=decision.confidence(memory, self._classify.labels),
                tempo_bpm=self._shown_tempo(),
                personal=self._is_personal(memory),
            )

    def _prediction(self, update: _Update) -> Event:
        labels, state = self._classify.labels, self._memory.shown.state
        window_s = update.elapsed_s if state is State.SILENCE else self._window.seconds
        # Fixed while the same is shown: the detected beginning of a record may change each second.
        self._has_been_full = self._has_been_full or window_s >= self._bundle.spec.window_s
        has_styles = self._settings.styles and state in (State.MUSIC, State.UNSURE)
        vector, likely = update.vector, update.probabilities
        return self._stamp.when_recorded(
            events.Prediction,
            state=state,
            genre=self._memory.shown.genre,
            confidence=decision.confidence(self._memory, labels),
            probabilities=None if likely is None else dict(zip(labels, likely.tolist(), strict=True)),
            tempo_bpm=self._shown_tempo(),
            level_dbfs=update.level_dbfs,
            window_s=window_s,
            provisional=not self._has_been_full,
            personal=likely is not None and self._is_personal(self._memory),
            **styles.summary(
                self._bundle.styles,
                self._classify.labels,
                self._window.styles() if has_styles else None,
                self._bundle.genre_styles,
            ),
            sound=self._window.sound() if self._settings.sound and state is not State.SILENCE else None,
            vector=None if vector is None else vector.astype("<f4").tobytes(),
        )

    def _is_personal(self, memory: DecisionMemory) -> bool:
        return self._classify.personal is not None and bool(memory.smoothed)

    def _shown_tempo(self) -> float | None:
        return self._tempo_bpm if self._memory.shown.state in (State.MUSIC, State.UNSURE) else None

    def _started(self) -> Event:
        return self._stamp.now(
            events.Started,
            source=self._source.name,
            model=self._bundle.name,
            runtime=self._bundle.interpreter.runtime,
            window_s=self._bundle.spec.window_s,
            labels=self._classify.labels,
            inputs=inputs_digest(self._bundle.sidecar),
        )

    def _tick(self, level_dbfs: float | None) -> Event:
        return self._stamp.now(events.Tick, level_dbfs=level_dbfs, backlog_s=self._source.backlog_s)

    def _stats(self) -> Event:
        return self._stamp.now(
            events.Stats,
            updates=self._updates,
            gaps=self._gaps,
            dropped_s=self._timeline.lost_s,
            restarts=self._restarts,
            backlog_s=self._source.backlog_s,
            interval_s=self._pace.interval_s,
            update_cost_s=self._pace.update_cost_s,
        )

    def _next_stats_s(self) -> float:
        return (self.audio_s // STATS_EVERY_S + 1) * STATS_EVERY_S

    def progress(self, away_since: float) -> Progress:
        """Return what a process that replaces this one goes on from; ``away_since`` is when the last audio came."""
        return Progress(
            audio_s=self.audio_s,
            dropped_s=self._timeline.lost_s,
            updates=self._updates,
            gaps=self._gaps,
            restarts=self._restarts + 1,
            away_since=away_since,
        )
