"""The small shipped bundle, without a listener: ``--model classic``; installed as ``edge.models.classic``."""
