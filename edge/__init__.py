"""The device program: sources of audio, the classifier, the decision, and the sinks of its answers."""
