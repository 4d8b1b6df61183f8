"""What the user decides: gallery.toml, front matter and arguments, checked and frozen."""
