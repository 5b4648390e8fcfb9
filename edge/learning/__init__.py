"""Learning on the device: from what people said of their records to a personal layer over the model's answer."""
