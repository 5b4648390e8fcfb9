"""Music that the program makes itself, without a recording.

``progression`` is a short piece for probes and tests; the other modules are what ``livegenre listen --demo`` plays,
each genre in a module of its own.
"""

from edge.audio.demo.progression import PEAK, synthesize

__all__ = ["PEAK", "synthesize"]
