"""Recordings in files: which ones a command line means, and the genre of each as a whole."""
