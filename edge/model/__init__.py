"""The model: its bundle, the runtime that runs it, and its answers."""
