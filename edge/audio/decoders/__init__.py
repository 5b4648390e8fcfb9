"""Decoders of audio files: libsndfile first, ffmpeg for what it does not know."""

#: A file is cut short when more than this share of what it announces is missing: encoders round to whole packets.
MISSING_SHARE = 0.02
