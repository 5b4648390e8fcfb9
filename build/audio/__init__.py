"""Recordings: finding, fetching, cutting and reading them, and simulating a microphone."""
