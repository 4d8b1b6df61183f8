"""The data of the interactive viewer: tables, sample and container."""
