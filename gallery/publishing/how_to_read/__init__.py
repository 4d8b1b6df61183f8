"""The page that explains how to read a scan, with figures drawn from the site's own models."""
