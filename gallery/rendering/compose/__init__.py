"""Pages composed of scans and words: posters, social cards, contact sheets, legends."""
