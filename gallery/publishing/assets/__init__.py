"""Files of the site: assets with hashed names, styles and scripts, templates."""
