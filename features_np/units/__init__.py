"""Units of sound: time, pitch and level."""
