"""The `ecr-constructs` command: it explains, checks and previews lifecycle policies."""
