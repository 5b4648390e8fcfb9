"""From sound to what is shown: the pipeline, the decision, records that change, whole files."""
