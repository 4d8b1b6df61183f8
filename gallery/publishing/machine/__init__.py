"""What machines read: manifest, schema, feeds, linked data."""
