"""Spectra, and features of them frame by frame."""
