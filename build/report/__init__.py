"""What people read and look at: tables, plots, the model card."""
