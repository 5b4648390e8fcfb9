"""Reports for people: tables, plots, the model card."""
