"""The command line: the only folder that prints or ends the program."""
