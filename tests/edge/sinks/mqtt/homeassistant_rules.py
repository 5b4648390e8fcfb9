"""Home Assistant's own rules for MQTT discovery, asked in its own environment: messages by topic in, verdicts out.

``.venv-homeassistant/bin/python tests/edge/sinks/mqtt/homeassistant_rules.py < messages.json``: for each message what
Home Assistant makes of it once its schema has taken it, or the error. Imports nothing of ours.
"""

import importlib
import json
import sys

import voluptuous


def verdict(topic: str, payload: object) -> object:
    component = importlib.import_module(f"homeassistant.components.mqtt.{topic.split('/')[1]}")
    try:
        return json.loads(json.dumps(component.DISCOVERY_SCHEMA(payload), default=str))
    except voluptuous.Invalid as error:
        return f"{topic}: {error}"


if __name__ == "__main__":
    json.dump({topic: verdict(topic, payload) for topic, payload in json.load(sys.stdin).items()}, sys.stdout)
