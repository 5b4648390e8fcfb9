"""The parts that a feature vector can be made of, and the parameters that they share."""
