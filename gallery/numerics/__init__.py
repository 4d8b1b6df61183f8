"""Numbers with the same bits on every processor: elementary functions and convolutions."""
