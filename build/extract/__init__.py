"""From recordings to feature rows, one by one and many at once."""
