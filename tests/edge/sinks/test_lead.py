"""The shown style is stable while the leading one alternates."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.events import State
from edge.sinks.lead import LEAD_FOR_S, Lead, lead_after
from edge.sinks.view import View, view_after
from tests.edge.sinks.happenings import STYLES, change, lost, prediction, started


def after(*leading: str | None, genre: str = "disco") -> list[str | None]:
    """Return what is shown while these lead, a second each."""
    lead, shown = Lead(), []
    for second, style in enumerate(leading):
        lead = lead_after(lead, genre, style, float(second))
        shown.append(lead.style)
    return shown


def test_a_new_genre_is_led_at_once_and_what_leads_for_a_second_alone_is_not_shown() -> None:
    assert after("Techno", "House music", "Techno", None, "Techno") == ["Techno"] * 5
    assert after(None, "Techno", None, "Techno", "Techno") == [None] * 5


@pytest.mark.parametrize("other", ["House music", None])
def test_what_leads_for_a_while_is_shown(other: str | None) -> None:
    n = round(LEAD_FOR_S)
    assert after("Techno", *[other] * (n + 1)) == ["Techno"] * (n + 1) + [other]


def test_another_genre_has_nothing_of_the_one_before() -> None:
    lead = lead_after(Lead(), "disco", "Techno", 0.0)
    assert lead_after(lead, "jazz", None, 1.0).style is None
    assert lead_after(lead, None, None, 1.0).style is None


@given(st.lists(st.sampled_from([None, "Techno", "House music"]), min_size=1, max_size=60))
def test_nothing_is_shown_that_does_not_lead_then_nor_changes_soon(leading: list[str | None]) -> None:
    shown = after(*leading)
    changes = [second for second, (before, now) in enumerate(pairwise(shown), 1) if before != now]
    assert all(shown[second] == leading[second] for second in [0, *changes])
    assert all(later - earlier >= LEAD_FOR_S for earlier, later in pairwise([0, *changes]))


def test_the_view_shows_it_with_its_genre_alone() -> None:
    view = view_after(view_after(View(), started()), prediction("disco", styles=STYLES, nearest=True))
    assert view.headline == "Techno"
    assert view_after(view, change("jazz", "disco")).headline == "jazz", "before any style of it is known"
    assert view_after(view, lost()).headline == "disco"
    assert view_after(view, prediction(None, State.SILENCE)).headline == "silence"
    other = view_after(view, prediction("disco", styles={"House music": 0.3, "Techno": 0.2}, nearest=True))
    assert other.headline == "Techno"
    assert other.beneath == ("nearest of 10: disco", "also sounds like House music")
