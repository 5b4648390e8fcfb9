"""The self-test, and measurements of speed and memory, on the device at hand."""
