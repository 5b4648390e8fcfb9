"""Events for an MQTT broker, and what tells Home Assistant of them.

``publisher`` is the sink; ``discovery`` says, as pure data, what is published where.
"""
