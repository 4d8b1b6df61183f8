"""From a directory of models to a site: plans what to make, makes it, and puts it in place."""
