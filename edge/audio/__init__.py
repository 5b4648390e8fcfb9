"""Sources of sound, and the state machine that detects their outages."""
