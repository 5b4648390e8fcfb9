"""The service: the daemon, its configuration, and the interface to systemd."""
