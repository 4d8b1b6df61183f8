"""Sizes of the dimensions that a file leaves open: symbols, what they stand for, and a choice."""
