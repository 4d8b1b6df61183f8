"""Sheets of text, bars and pictures in millimetres, drawn as pixels, PDF or SVG."""
