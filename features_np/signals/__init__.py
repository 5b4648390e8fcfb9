"""Signals, before anything is transformed."""
