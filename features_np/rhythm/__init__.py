"""Onsets, their periods, and the beat."""
