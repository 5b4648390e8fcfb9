"""The window of a stream, kept frame by frame, and its vector."""
