"""The command line: the only folder that prints to the terminal."""
