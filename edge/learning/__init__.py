"""Learning on the device: from corrections to a personal layer over the model's answer."""
