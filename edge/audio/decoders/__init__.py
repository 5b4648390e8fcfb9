"""Decoders of audio files: libsndfile first, then ffmpeg for other formats."""

#: A file counts as cut short if it lacks more than this share of its announced length: encoders round to packets.
MISSING_SHARE = 0.02
