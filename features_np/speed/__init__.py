"""Measurements of speed, for whoever has the wheel."""
