"""The static site: pages, pictures, search, feeds and manifest."""
