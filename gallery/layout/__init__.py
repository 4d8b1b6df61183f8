"""Positions for every vertex: a Graphviz skeleton of the operators, then coarse to fine."""
