"""Benchmarks; each file runs by itself and prints a table."""
