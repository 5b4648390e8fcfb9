"""Listening: the pipeline from a source's chunks to events.

    source ─▶ mono ─▶ resample ─▶ hearing ─▶ classifier ─▶ decision ─▶ events

``Listener.events`` is a generator: nothing happens until the next event is asked for, so whoever iterates sets the
pace and no thread is needed. Updates fall on whole intervals of audio, not of wall time, so that the same audio gives
the same events at any speed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge import clock, events
from edge.audio.level import LevelMeter
from edge.audio.sources import Source
from edge.errors import SoundSystemStuck
from edge.events import Block, Chunk, CutShort, Event, Hole, Idle, Lost, Restored, Sound, State
from edge.live import decision, record_change, styles
from edge.live.decision import DecisionMemory, DecisionSettings, Shown
from edge.live.record_change import OnRecordAxes, RecordMemory, Seconds
from edge.live.timeline import Timeline
from edge.model.bundle import Bundle
from edge.model.classifier import Classifier
from edge.model.hearing import HearingStream
from edge.model.inputs import inputs_digest
from edge.progress import Progress

#: Seconds of audio that a first, provisional answer needs; a tempo or a chord hardly shows in less.
FIRST_ANSWER_S = 3.0
#: After a hole up to this long, in seconds, what was shown before still stands: it is most likely the same record.
SHORT_GAP_S = 10.0
#: Seconds of audio between two ``Stats``.
STATS_EVERY_S = 60.0
#: Seconds of audio that one update's pictures go back at most.
PICTURE_S = 2.0
#: Bounds of the update interval on a machine that cannot keep up, in seconds, and the backlogs that move it.
LONGEST_INTERVAL_S = 8.0
BACKLOG_GROWS_S = 1.0
BACKLOG_SHRINKS_S = 0.5


@dataclass(frozen=True, slots=True)
class ListenSettings:
    """How to listen."""

    interval_s: float = 1.0  # seconds of audio between updates, on a machine that keeps up
    styles: bool = True  # whether events say which styles the listener hears
    sound: bool = False  # whether they have what pictures of the sound are drawn from
    decision: DecisionSettings = field(default_factory=DecisionSettings)


def utc_now() -> datetime:
    """Return the wall clock in UTC."""
    return datetime.now(UTC)


def next_interval(interval_s: float, shortest_s: float, cost_s: float, backlog_s: float) -> float:
    """Return the next update interval in seconds: doubled while audio piles up, halved once there is time again.

    ``cost_s`` is the wall time of one update: an interval that updates would fill by half is not gone back to.
    """
    if backlog_s > max(BACKLOG_GROWS_S, shortest_s):
        return min(2 * interval_s, LONGEST_INTERVAL_S)
    if backlog_s < BACKLOG_SHRINKS_S and cost_s < interval_s / 4:
        return max(interval_s / 2, shortest_s)
    return interval_s


class Listener:
    """Turns what a source yields into events."""

    def __init__(
        self,
        source: Source,
        bundle: Bundle,
        settings: ListenSettings | None = None,
        *,
        now: Callable[[], datetime] = utc_now,
        steady_s: Callable[[], float] = clock.steady_s,
        progress: Progress | None = None,
    ) -> None:
        """``now`` is the wall clock, and ``steady_s`` that of ``Block.heard_at``; ``progress`` is to go on from."""
        before = progress or Progress()
        self._source = source
        self._bundle = bundle
        self._settings = settings or ListenSettings()
        self._now, self._steady_s = now, steady_s
        self._began_s: float | None = None  # on the steady clock: when what is at 0 on the source's timeline was heard
        self._classify = Classifier(bundle)
        self._stream = HearingStream(bundle)
        self._timeline = Timeline(bundle.spec.sample_rate, audio_s=before.audio_s, lost_s=before.dropped_s)
        self._block_level, self._interval_level = LevelMeter(), LevelMeter()
        self._memory = DecisionMemory()
        self._drawn_until = 0  # frame of the stream
        self._record = self._no_record()
        self._has_been_full = False  # the window, since what is shown is
        self._tempo_bpm: float | None = None
        self._since_update = 0  # samples
        self._interval_s = self._settings.interval_s
        self._update_cost_s: float | None = None
        self._updates, self._gaps, self._restarts = before.updates, before.gaps, before.restarts
        self._stats_due_s = self._next_stats_s()
        self._stopping = False
        self._warning: str | None = None

    @property
    def audio_s(self) -> float:
        """Seconds on the source's timeline so far."""
        return self._timeline.audio_s

    def adjust(self, settings: ListenSettings) -> None:
        """Go on with other settings, from the next update on."""
        self._settings = settings

    def stop(self) -> None:
        """Ask ``events`` to end after the next chunk; may be called from a signal handler or another thread."""
        self._stopping = True

    def events(self) -> Iterator[Event]:
        """Yield events until the source ends or ``stop`` is called; the last one is ``Stopped``."""
        bundle = self._bundle
        chunks = iter(self._source)  # which may open it, and then knows its name
        yield self._event_now(
            events.Started,
            source=self._source.name,
            model=bundle.name,
            runtime=bundle.interpreter.runtime,
            window_s=bundle.spec.window_s,
            labels=bundle.labels,
            inputs=inputs_digest(bundle.sidecar),
        )
        try:
            for chunk in chunks:
                yield from self._take(chunk)
                if self.audio_s >= self._stats_due_s:
                    self._stats_due_s = self._next_stats_s()
                    yield self._stats()
                if self._stopping:
                    break
        except SoundSystemStuck as stuck:
            stuck.progress = self._progress(stuck.away_since)
            raise
        yield from self._end_stretch()
        yield self._stats()
        reason = "stopped" if self._stopping else "the source ended"
        yield self._event_now(events.Stopped, reason=reason, warning=self._warning)

    def _next_stats_s(self) -> float:
        return (self.audio_s // STATS_EVERY_S + 1) * STATS_EVERY_S

    def _progress(self, away_since: float) -> Progress:
        return Progress(
            audio_s=self.audio_s,
            dropped_s=self._timeline.lost_s,
            updates=self._updates,
            gaps=self._gaps,
            restarts=self._restarts + 1,
            away_since=away_since,
        )

    def _take(self, chunk: Chunk) -> Iterator[Event]:
        match chunk:
            case Block():
                yield from self._receive(chunk)
            case Hole(lost_s, reason):
                yield from self._skip(lost_s)
                yield from self._gap(lost_s, reason)
            case Lost(stalled, reason):
                yield from self._end_stretch()
                yield self._event(events.SourceLost, source=self._source.name, stalled=stalled, reason=reason)
                yield from self._show(DecisionMemory(shown=Shown(State.NO_SOURCE)))
            case Restored(away_s):
                yield from self._skip(away_s)  # first: what was shown lasted until now
                yield self._event(events.SourceRestored, source=self._source.name, away_s=away_s)
                yield from self._gap(away_s, "the source was away")
                yield from self._show(DecisionMemory())
            case Idle():
                yield self._tick(None)
            case CutShort(reason):
                self._warning = reason

    def _receive(self, block: Block) -> Iterator[Event]:
        if block.sample_rate != self._timeline.source_rate:
            yield from self._end_stretch()
        samples = self._timeline.push(block)
        if block.heard_at is not None:
            self._began_s = block.heard_at - self._timeline.received_s
        yield from self._hear(samples)
        if samples.size:  # else the resampler collects more first
            yield self._tick(self._block_level.take())

    def _end_stretch(self, lost_s: float = 0.0) -> Iterator[Event]:
        yield from self._hear(self._timeline.rest())
        self._timeline.next_stretch(lost_s)

    def _hear(self, samples: NDArray[np.float32]) -> Iterator[Event]:
        while samples.size:
            room = max(1, round(self._interval_s * self._bundle.spec.sample_rate) - self._since_update)
            piece, samples = samples[:room], samples[room:]
            self._stream.push(piece)
            self._block_level.push(piece)
            self._interval_level.push(piece)
            self._timeline.heard(piece.size)
            self._since_update += piece.size
            if piece.size == room:
                yield from self._update()

    def _update(self) -> Iterator[Event]:
        started = time.perf_counter()
        elapsed_s = self._since_update / self._bundle.spec.sample_rate
        self._since_update = 0
        self._updates += 1
        level = self._interval_level.take()
        memory = decision.hear_level(self._memory, level, elapsed_s, self._settings.decision)
        probabilities: NDArray[np.float32] | None = None
        vector: NDArray[np.float32] | None = None
        if memory.shown.state is State.SILENCE:
            self._tempo_bpm = None
            self._forget()  # what ends the silence is judged by itself
        elif self._stream.seconds >= FIRST_ANSWER_S:
            if self._another_record():
                memory = decision.new_record(memory)
            vector = self._stream.vector()
            probabilities = self._classify(vector)
            self._tempo_bpm = _tempo(self._bundle, vector)
            memory = decision.hear_probabilities(
                memory,
                self._bundle.labels,
                probabilities,
                elapsed_s=elapsed_s,
                heard_s=self._stream.seconds,
                settings=self._settings.decision,
            )
        yield from self._show(memory)
        yield self._prediction(probabilities, vector, level, elapsed_s)
        self._pace(time.perf_counter() - started)

    def _another_record(self) -> bool:
        """Let the window begin where the present record does; say whether that is another than before."""
        hop_length, before = self._bundle.spec.hop_length, self._record
        log_mel = self._stream.log_mel()
        ends, places = self._stream.on_record_axes()
        by_listener = OnRecordAxes(ends / hop_length, places) if places.size else None
        self._record = record_change.hear_frames(before, *log_mel, by_listener)
        self._stream.begin_at(self._record.began_frame * hop_length)
        return record_change.is_another(before, self._record)

    def _forget(self) -> None:
        """Treat what comes as unrelated to what came."""
        self._stream.reset()
        self._drawn_until = 0
        self._record = self._no_record()

    def _no_record(self) -> RecordMemory:
        spec = self._bundle.spec
        return RecordMemory(Seconds(spec.sample_rate, spec.hop_length, spec.n_fft))

    def _show(self, memory: DecisionMemory) -> Iterator[Event]:
        before, self._memory = self._memory.shown, memory
        if memory.shown != before:
            self._has_been_full = False
            yield self._event(
                events.Change,
                state=memory.shown.state,
                genre=memory.shown.genre,
                previous_state=before.state,
                previous_genre=before.genre,
                confidence=decision.confidence(memory, self._bundle.labels),
                tempo_bpm=self._shown_tempo(),
            )

    def _skip(self, lost_s: float) -> Iterator[Event]:
        yield from self._end_stretch(lost_s)
        self._gaps += 1
        self._since_update = 0
        self._forget()
        self._interval_level.take()

    def _gap(self, lost_s: float, reason: str) -> Iterator[Event]:
        yield self._event(events.Gap, lost_s=lost_s, reason=reason)
        if lost_s > SHORT_GAP_S:
            yield from self._show(DecisionMemory())

    def _prediction(
        self,
        probabilities: NDArray[np.float32] | None,
        vector: NDArray[np.float32] | None,
        level_dbfs: float | None,
        elapsed_s: float,
    ) -> Event:
        labels, state = self._bundle.labels, self._memory.shown.state
        window_s = elapsed_s if state is State.SILENCE else self._stream.seconds
        # Once for all while the same is shown: where a record began is found anew each second, and may be mistaken.
        self._has_been_full = self._has_been_full or window_s >= self._bundle.spec.window_s
        return self._event(
            events.Prediction,
            state=state,
            genre=self._memory.shown.genre,
            confidence=decision.confidence(self._memory, labels),
            probabilities=None if probabilities is None else dict(zip(labels, probabilities.tolist(), strict=True)),
            tempo_bpm=self._shown_tempo(),
            level_dbfs=level_dbfs,
            window_s=window_s,
            provisional=not self._has_been_full,
            **self._styles(state),
            sound=self._sound() if self._settings.sound and state is not State.SILENCE else None,
            vector=None if vector is None else vector.astype("<f4").tobytes(),
        )

    def _sound(self) -> Sound | None:
        """Return the frames that came since the last call."""
        spec = self._bundle.spec
        start, log_mel = self._stream.log_mel()
        stop = start + len(log_mel)
        first = max(start, min(self._drawn_until, stop), stop - round(PICTURE_S * spec.sample_rate / spec.hop_length))
        self._drawn_until = stop
        if first == stop or not log_mel.shape[1]:
            return None
        return events.Sound(
            spec.sample_rate / spec.hop_length, log_mel[first - start :].copy(), self._stream.chroma(first)
        )

    def _styles(self, state: State) -> dict[str, Any]:
        listener = self._bundle.listener
        scores = self._stream.styles() if self._settings.styles and state in (State.MUSIC, State.UNSURE) else None
        if listener is None or scores is None:
            return {}
        return {
            "styles": styles.likeliest(listener.styles, scores),
            "nearest": styles.is_beyond(listener.styles, scores, self._bundle.labels),
        }

    def _shown_tempo(self) -> float | None:
        return self._tempo_bpm if self._memory.shown.state in (State.MUSIC, State.UNSURE) else None

    def _pace(self, cost_s: float) -> None:
        before = cost_s if self._update_cost_s is None else self._update_cost_s
        self._update_cost_s = 0.8 * before + 0.2 * cost_s
        self._interval_s = next_interval(
            self._interval_s, self._settings.interval_s, self._update_cost_s, self._source.backlog_s
        )

    def _tick(self, level_dbfs: float | None) -> Event:
        return self._event_now(events.Tick, level_dbfs=level_dbfs, backlog_s=self._source.backlog_s)

    def _stats(self) -> Event:
        return self._event_now(
            events.Stats,
            updates=self._updates,
            gaps=self._gaps,
            dropped_s=self._timeline.lost_s,
            restarts=self._restarts,
            backlog_s=self._source.backlog_s,
            interval_s=self._interval_s,
            update_cost_s=self._update_cost_s,
        )

    def _event(self, kind: type[Event], **values: Any) -> Event:
        """Make an event of the time at which what is at ``audio_s`` was heard."""
        waited_s = 0.0 if self._began_s is None else max(0.0, self._steady_s() - self._began_s - self.audio_s)
        # From the clock as it is now: one that was put right since the audio came would give a time that never was.
        return kind(time=self._now() - timedelta(seconds=waited_s), audio_s=self.audio_s, **values)

    def _event_now(self, kind: type[Event], **values: Any) -> Event:
        return kind(time=self._now(), audio_s=self.audio_s, **values)


def _tempo(bundle: Bundle, vector: NDArray[np.float32]) -> float | None:
    """Return the vector's tempo in BPM; None if the model uses none."""
    names = bundle.spec.vector_names
    return float(vector[names.index("tempo_bpm")]) if "tempo_bpm" in names else None
