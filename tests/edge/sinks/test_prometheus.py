"""The metrics, read by Prometheus's own parser, and the dashboard that draws them."""

from __future__ import annotations

import json
import math
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.resources import files

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from edge.events import Gap, State
from edge.http.address import Address
from edge.sinks.prometheus.exporter import Endpoint, Metrics
from tests.edge.sinks.happenings import LABELS, change, lost, prediction, restored, started, stats, tick

TOKEN = "a-token-of-24-characters"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    sink = Metrics(Endpoint(Address("127.0.0.1", 0), TOKEN))
    sink(started())
    yield sink
    sink.close()


def read(sink: Metrics, **headers: str) -> str:
    request = urllib.request.Request(sink.url, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        text: str = answer.read().decode()
        return text


def samples(sink: Metrics) -> dict[tuple[str, str], float]:
    """All samples: by name and the value of the only label, if there is one."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(read(sink))
        for sample in family.samples
    }


def test_what_is_measured(metrics: Metrics) -> None:
    for event in (change("jazz"), prediction("jazz"), prediction("jazz"), prediction("rock"), tick(-20.0), stats()):
        metrics(event)
    metrics(Gap(time=prediction("rock").time, audio_s=9.0, lost_s=2.5, reason="overrun"))
    found = samples(metrics)
    assert found["livegenre_updates_total", ""] == 3
    assert found["livegenre_update_duration_seconds", ""] == 0.004
    assert found["livegenre_audio_dropped_seconds_total", ""] == 2.5
    assert found["livegenre_gaps_total", ""] == 1
    assert found["livegenre_source_up", ""] == 1
    assert found["livegenre_level_dbfs", ""] == -20.0
    assert found["livegenre_tempo_bpm", ""] == 112.4
    assert found["livegenre_genre_confidence_ratio", "rock"] == 0.6
    assert [label for label in (*LABELS, *State) if found.get(("livegenre_shown", str(label)))] == ["rock"]
    assert found["livegenre_heard_seconds_total", "jazz"] == 3, "from the change on, by the audio's clock"
    metrics(lost())
    metrics(prediction(None, State.NO_SOURCE))
    found = samples(metrics)
    assert (found["livegenre_source_up", ""], found["livegenre_shown", "no_source"]) == (0, 1)
    assert math.isnan(found["livegenre_tempo_bpm", ""])
    metrics(restored())
    assert samples(metrics)["livegenre_source_up", ""] == 1


def test_names_follow_the_rules_of_the_field(metrics: Metrics) -> None:
    metrics(prediction("jazz"))
    families = list(openmetrics.text_string_to_metric_families(read(metrics, Accept=OPENMETRICS)))
    ours = {family.name: family for family in families if family.name.startswith("livegenre_")}
    assert len(ours) >= 13
    for name, family in ours.items():
        assert re.fullmatch(r"[a-z_]+", name)
        assert family.documentation
        assert family.type in ("counter", "gauge")
        assert re.search(r"_(seconds|ratio|dbfs|bpm|info|up|shown|updates|gaps|losses)$", name), "its unit, at the end"
    assert "process_resident_memory_bytes" in {family.name for family in families}


def test_any_label_is_written_so_that_it_can_be_read(metrics: Metrics) -> None:
    names = ('R&B "live"', "back\\slash", "line\nfeed", "Ülkü")
    metrics(started(labels=names))
    metrics(prediction(names[2], labels=names))
    labels = {label for name, label in samples(metrics) if name == "livegenre_genre_confidence_ratio"}
    assert labels == {*names[:2], r"line\nfeed", names[3]}


def test_nothing_else_is_there_and_from_elsewhere_it_needs_the_token(metrics: Metrics) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(metrics.url.replace("/metrics", "/"), timeout=30)
    with pytest.raises(urllib.error.HTTPError, match="421"):
        read(metrics, Host="evil.example")
    sink = Metrics(Endpoint(Address("0.0.0.0", 0), TOKEN))
    try:
        port = sink.url.rpartition(":")[2]
        request = urllib.request.Request(f"http://127.0.0.1:{port}")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, timeout=30)
        request.add_header("Authorization", f"Bearer {TOKEN}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert b"livegenre_updates_total" in answer.read()
    finally:
        sink.close()


def test_the_dashboard_draws_what_there_is(metrics: Metrics) -> None:
    for event in (prediction("jazz"), prediction("jazz")):
        metrics(event)
    there = {name for name, _ in samples(metrics)}
    dashboard = json.loads(files("edge.service").joinpath("grafana.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    named = {name for expression in asked for name in re.findall(r"(?:livegenre|process)_\w+", expression)}
    assert len(named) >= 8
    assert named <= there
