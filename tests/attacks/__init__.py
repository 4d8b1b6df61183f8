"""Attacks on the whole program, as a stranger and as bad luck would; `python -m tests.attacks`."""
