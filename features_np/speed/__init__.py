"""Measurements of speed, which need only the wheel."""
