"""Metrics for Prometheus; ``exporter`` is the sink."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge.checked import setting
from edge.http import listening_address
from edge.sinks.face import Face, Option, Surroundings, content, load, warn_if_exposed

if TYPE_CHECKING:
    from edge.sinks import Sink

ADDRESS = "127.0.0.1:8731"
#: Name of what all rooms share.
ENDPOINT = "metrics"


@dataclass(frozen=True, slots=True)
class PrometheusConfig:
    """Metrics: on or off, and their address."""

    enabled: bool = False
    address: str = setting(ADDRESS, listening_address)


def _open(settings: PrometheusConfig, around: Surroundings) -> Sink:
    from edge.http.address import METRICS_PORT, parse_address
    from edge.http.token import place_of_token

    where, page = parse_address(settings.address, METRICS_PORT), around.sections["web"]
    exporter, room = load("edge.sinks.prometheus.exporter", "prometheus"), around.room.shown

    def endpoint() -> Any:
        made = exporter.Endpoint(where, page.token(), page.own_names, has_rooms=bool(room))
        warn_if_exposed(page.token_path)
        with_token = "" if where.is_loopback else f" with the token in {place_of_token(page.token_path)}"
        around.announce(f"metrics are at {made.url}{with_token}")
        return made

    shared = around.shared
    sink: Sink = exporter.Metrics(shared.take(ENDPOINT, endpoint), room, on_close=lambda: shared.give_back(ENDPOINT))
    return sink


def _depends_on(_settings: PrometheusConfig, around: Surroundings) -> Hashable:
    page = around.sections["web"]
    return page.names, content(page.token), around.room.shown


PROMETHEUS = Face(
    section="prometheus",
    name="metrics",
    settings=PrometheusConfig,
    option=Option(
        "--prometheus",
        f"metrics (default http://{ADDRESS}/metrics)",
        metavar="ADDRESS:PORT",
        alone=ADDRESS,
        settings=lambda text: {"address": text},
    ),
    open=_open,
    depends_on=_depends_on,
    in_every_room=True,
)
