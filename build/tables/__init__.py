"""Feature tables, track lists and track metadata."""
