"""Parts of pages as values for the templates: bars, legends, numbers, prose, plots."""
