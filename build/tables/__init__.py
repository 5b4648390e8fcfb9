"""Feature tables, track lists and what is known of tracks."""
