"""What runs on the device: sources of audio, the classifier, the decision, and where its answers go."""
