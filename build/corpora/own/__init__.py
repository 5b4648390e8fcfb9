"""The data of models of one's own records."""
