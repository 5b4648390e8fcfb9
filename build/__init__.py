"""The training lab: from audio or feature tables to a published model bundle. Never installed; run from the root."""
