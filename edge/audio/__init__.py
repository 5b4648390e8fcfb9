"""Where sound comes from, and the one machine that says whether it still comes."""
