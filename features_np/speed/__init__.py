"""How long everything takes, for whoever has the wheel."""
