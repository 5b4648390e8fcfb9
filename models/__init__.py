"""The shipped model bundle; installed as ``edge.models``."""
