"""Sources of sound, and the one machine that notices when it no longer comes."""
