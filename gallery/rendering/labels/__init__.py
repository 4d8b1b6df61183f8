"""The text of a scan: layer names, placed where they cover little of it, and the legend below."""
