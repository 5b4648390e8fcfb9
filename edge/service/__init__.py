"""Running for months: the daemon, its configuration, and what systemd is told."""
