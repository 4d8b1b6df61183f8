"""Pictures: scans, posters, diagrams of operators, and the data of the viewer."""
