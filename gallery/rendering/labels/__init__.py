"""Names of layers, set where they cover little of the scan."""
