"""Common machinery of sources that can disappear, stall and recover."""
