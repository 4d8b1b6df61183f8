"""Finds the models of a directory: from a directory to `ModelFile`."""
