"""Access relations: which boxes of its inputs each block of an operator reads."""
