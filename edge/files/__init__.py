"""Recordings in files: finding them from a command line, and classifying each as a whole."""
