"""From a directory of models to a site: what to make, making it, and putting it in place."""
