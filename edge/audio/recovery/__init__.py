"""Common machinery of sources that can go away, fall still and come back."""
