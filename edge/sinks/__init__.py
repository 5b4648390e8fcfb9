"""Where answers go: each sink is a callable with ``close()``, one file each."""
