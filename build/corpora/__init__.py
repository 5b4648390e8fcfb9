"""The collections that a model is trained on, each joined from what there is of it."""
