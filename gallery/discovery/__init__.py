"""Finds models: from a directory to `ModelFile` values."""
