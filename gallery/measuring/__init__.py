"""Measurements of a model's operators: read from files, or made by running the model here."""
