"""Recordings in files: finding those that a command line names, and classifying each as a whole."""
