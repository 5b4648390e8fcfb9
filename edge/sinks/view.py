"""The view that terminal, page and window draw, made of the events so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edge import words
from edge.events import (
    Change,
    Event,
    Gap,
    HistoryTrouble,
    Prediction,
    SegmentBegun,
    SegmentCorrected,
    SourceLost,
    SourceRestored,
    Started,
    State,
    Tick,
)
from edge.sinks.last_hour import Stretch, extended
from edge.sinks.lead import Lead, lead_after
from edge.words import safe


@dataclass(frozen=True, slots=True)
class View:
    """The state of a face at one moment; ``source``, ``model`` and ``problem`` are safe to show (``edge.words``)."""

    source: str = ""
    model: str = ""
    problem: str | None = None  # why the source gives nothing now
    state: State = State.WARMING_UP
    genre: str | None = None
    confidence: float | None = None
    provisional: bool = False
    probabilities: Mapping[str, float] = field(default_factory=dict)
    styles: tuple[tuple[str, float], ...] = ()  # name, score in 0..1
    lead: Lead = field(
        default_factory=Lead
    )  # the style that is shown in place of a genre that is only the nearest the model knows
    tempo_bpm: float | None = None
    level_dbfs: float | None = None
    audio_s: float = 0.0
    backlog_s: float = 0.0
    dropped_s: float = 0.0
    stretches: tuple[Stretch, ...] = ()  # in the last hour of this session
    segment: str | None = None  # of the history: what a correction of this names; None until it is there
    corrected: str | None = None  # the correction by a person
    history: str | None = None  # the problem with the history, in words

    @property
    def labels(self) -> tuple[str, ...]:
        """The model's labels, in its order."""
        return tuple(self.probabilities)

    @property
    def headline(self) -> str:
        """The words in large: the genre, the style that leads where no genre of the model fits, or the state."""
        return words.shown(self.state, self.genre) if self.lead_style is None else safe(self.lead_style)

    @property
    def lead_style(self) -> str | None:
        """The style that is shown in place of the genre, where that is only the nearest of the model's."""
        return self.lead.style if self.genre is not None and self.lead.genre == self.genre else None

    @property
    def beneath(self) -> tuple[str, ...]:
        """The words beneath it, the most telling first."""
        is_nearest = self.lead_style is not None
        others = [name for name, _ in self.styles if name != self.lead_style]
        parts = [words.nearest(self.genre, self.labels)] if is_nearest and self.genre else []
        if self.corrected is not None:
            parts.insert(0, f"you said {words.label(self.corrected)}")
        if self.state is State.MUSIC and self.provisional:
            parts.append("first impression")
        if others:
            parts.append(f"{'also ' if is_nearest else ''}sounds like {words.styles(others)}")
        return tuple(parts)


def label_of(view: View) -> str:
    """Return the genre shown, or the state where there is none."""
    return view.genre or str(view.state)


def view_after(view: View, event: Event) -> View:  # noqa: PLR0911 - one for each kind of event
    """Return the view once ``event`` has happened."""
    stretches = extended(view.stretches, label_of(view), view.audio_s, event.audio_s)
    view = replace(view, audio_s=event.audio_s, stretches=stretches)
    if isinstance(event, Prediction | Change) and (event.state, event.genre) != (view.state, view.genre):
        view = replace(view, segment=None, corrected=None)
    match event:
        case Started():
            nothing = dict.fromkeys(event.labels, 0.0)
            return View(safe(event.source), safe(event.model), probabilities=nothing, audio_s=event.audio_s)
        case Prediction():
            probabilities = event.probabilities or dict.fromkeys(view.probabilities, 0.0)
            styles = event.styles or {}
            leading = next(iter(styles), None) if event.nearest else None
            return replace(
                view,
                state=event.state,
                genre=event.genre,
                confidence=event.confidence,
                provisional=event.provisional,
                probabilities=probabilities,
                styles=tuple(styles.items()),
                lead=lead_after(view.lead, event.genre, leading, event.audio_s),
                tempo_bpm=event.tempo_bpm,
            )
        case Change(state=State.PAUSED):
            return replace(_without_audio(view), state=event.state, genre=None, confidence=None, problem=None)
        case Change():
            return replace(view, state=event.state, genre=event.genre, confidence=event.confidence)
        case SourceLost():
            return replace(_without_audio(view), problem=safe(event.reason))
        case SourceRestored():
            return replace(view, source=safe(event.source), problem=None)
        case Tick():
            return replace(view, level_dbfs=event.level_dbfs, backlog_s=event.backlog_s)
        case SegmentBegun():
            return replace(view, segment=event.segment, corrected=event.corrected)
        case SegmentCorrected():
            return replace(view, corrected=event.corrected) if event.segment == view.segment else view
        case HistoryTrouble():
            return replace(view, history=words.history(event.problem, event.begun_anew))
        case Gap():
            return replace(view, dropped_s=view.dropped_s + event.lost_s)
    return view


def _without_audio(view: View) -> View:
    nothing = dict.fromkeys(view.probabilities, 0.0)
    return replace(view, probabilities=nothing, styles=(), lead=Lead(), tempo_bpm=None, level_dbfs=None)
