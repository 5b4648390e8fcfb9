"""Arrays, whatever they hold."""
