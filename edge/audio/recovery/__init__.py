"""What every source that can go away, fall still and come back has in common."""
