"""Layer names, placed where they cover little of the scan."""
