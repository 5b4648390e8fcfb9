"""Clearing the retained topics of a device that no longer publishes."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from paho.mqtt.enums import MQTTProtocolVersion

from edge.errors import FaceError
from edge.sinks.mqtt.identity import Retained
from edge.sinks.mqtt.publisher import CONNECT_S, Broker, client_for, is_published


def forget(broker: Broker, folder: Path) -> list[str]:
    """Clear the retained topics, with any broker, of the devices whose state is in ``folder``; returns them.

    ``broker`` has the password and the certificates for all of them. Raises ``FaceError`` for one that does not answer.
    """
    cleared = list[str]()
    for retained in Retained.of_all_rooms(folder):
        for address in retained.brokers():
            host, _, port = address.rpartition(":")
            topics = sorted(retained.at(address) or ())
            _clear(replace(broker, host=host, port=int(port)), topics)
            retained.keep(address, ())
            cleared += topics
    return cleared


def _clear(broker: Broker, topics: list[str]) -> None:
    client = client_for(broker, "", MQTTProtocolVersion.MQTTv311)
    refusals: list[str] = []
    client.on_connect = lambda _client, _data, _flags, code, _: refusals.append(str(code)) if code.is_failure else None
    try:
        client.connect(broker.host, broker.port)
        client.loop_start()
        messages = [client.publish(topic, "", qos=1, retain=True) for topic in topics]
        end = time.monotonic() + CONNECT_S
        while not all(map(is_published, messages)):
            if refusals or time.monotonic() > end:
                raise OSError(refusals[0] if refusals else "does not answer")
            time.sleep(0.01)
    except (OSError, ValueError) as error:
        raise FaceError(f"broker {broker.address}: {error}; it keeps {len(topics)} topics of this device") from error
    finally:
        client.disconnect()
        client.loop_stop()
