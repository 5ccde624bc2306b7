"""How a preview is told: as tables for people, as JSON for programs, as a page."""
