"""The user's settings: gallery.toml, front matter and command line, checked and frozen."""
