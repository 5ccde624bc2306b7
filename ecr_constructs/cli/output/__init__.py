"""The output of a preview: tables, JSON, and an HTML page."""
