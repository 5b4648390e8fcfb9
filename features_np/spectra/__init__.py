"""Spectra, and what they say frame by frame."""
