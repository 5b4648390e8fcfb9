"""The listener: a network pretrained on far more sound than we have, made to hear through microphones."""
