"""Pictures of scans and diagrams of operators."""
