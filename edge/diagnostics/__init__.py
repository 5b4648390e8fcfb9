"""Whether the program works on the device at hand, and how fast: the self-test and the measurements."""
