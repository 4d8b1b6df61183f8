"""All commands and their options, for argparse."""
