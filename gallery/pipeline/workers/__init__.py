"""Where the work is done: processes on this machine, or the workers of a Dask cluster."""
