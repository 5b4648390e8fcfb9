"""From sound to events: the pipeline, the decision, and changes of record."""
