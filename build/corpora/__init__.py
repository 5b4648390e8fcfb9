"""The collections that models are trained on, each assembled from its audio, frames and tables."""
