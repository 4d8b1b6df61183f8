"""A value, a colour and a legend for every vertex."""
