"""Films: the wave of execution through a scan."""
