"""One script for each producer; the file's name is the producer's."""
