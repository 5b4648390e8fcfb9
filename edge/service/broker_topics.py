"""Removal of a device's retained topics from MQTT brokers, which would stay in Home Assistant forever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge.history.database import own_file
from edge.service.config import Config, load_config
from edge.service.systemd_unit import CONFIG, STATE
from edge.sinks.mqtt import MQTT
from edge.sinks.mqtt.identity import Retained


def taking_back(config_file: Path | None = None) -> Callable[[], list[str]]:
    """Return what clears, and returns, the topics that the service has left with brokers, or else the caller.

    ``config_file`` has the password; by default the service's configuration does, if there is one. It is read now:
    systemd takes a credential away with the service that it is for.
    """
    folder = STATE[0] if STATE[0].exists() else own_file().parent
    if not any(retained.brokers() for retained in Retained.of_all_rooms(folder)):
        return list
    file = config_file or CONFIG
    config = load_config(file) if config_file or file.exists() else Config()
    broker = config.faces[MQTT.section].broker()

    def take_back() -> list[str]:
        from edge.sinks.mqtt.forgetting import forget  # needs the extra, which is installed if something was published

        return forget(broker, folder)

    return take_back
