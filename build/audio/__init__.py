"""Recordings: found, fetched, cut, read, and as a simulated microphone hears them."""
