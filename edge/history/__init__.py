"""The history, one SQLite file: a row for each stretch of time with one answer.

A row is a *segment*: it began at a moment of the wall clock and lasted for a number of seconds of the audio's own
clock. The end is never stored, so setting the wall clock meanwhile cannot make a segment longer or negative.
When to write is decided in ``edge.sinks.history``.
"""
