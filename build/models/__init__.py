"""Networks, how they are fitted, converted to int8 and published."""
