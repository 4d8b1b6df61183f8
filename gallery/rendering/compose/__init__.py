"""Sheets of scans and text: posters, social cards, contact sheets."""
