"""Trying whether a broker lets somebody in, before it is relied on."""

from __future__ import annotations

import threading

from paho.mqtt.enums import MQTTProtocolVersion

from edge.errors import FaceError
from edge.sinks.mqtt.publisher import ANSWER_S, Broker, client_for


def reach(broker: Broker) -> None:
    """Connect and leave again; raises ``FaceError`` with what is wrong."""
    client = client_for(broker, "", MQTTProtocolVersion.MQTTv311)
    answered, answers = threading.Event(), list[str]()

    def on_connect(_client: object, _data: object, _flags: object, code: object, _properties: object) -> None:
        answers.append("" if not getattr(code, "is_failure", True) else f"refuses: {code}")
        answered.set()

    def on_disconnect(*_: object) -> None:
        answers.append("hangs up before it answers; is it a broker, and is tls as it wants it?")
        answered.set()

    client.on_connect, client.on_disconnect = on_connect, on_disconnect
    try:
        client.connect(broker.host, broker.port)
        client.loop_start()
        if not answered.wait(ANSWER_S):
            answers.append("does not answer; is it a broker, and is tls as it wants it?")
    except (OSError, ValueError) as error:
        answers.append(f"cannot be reached ({error})")
    finally:
        client.disconnect()
        client.loop_stop()
    if answers[0]:
        raise FaceError(f"broker {broker.address} {answers[0]}")
