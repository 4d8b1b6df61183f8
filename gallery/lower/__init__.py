"""From operators to the compute graph: vertices that are blocks of work, edges that are data."""
