"""Pictures: scans, posters, operator diagrams, and the data of the viewer."""
