"""File formats: pictures with their metadata, and graphs for other programs."""
