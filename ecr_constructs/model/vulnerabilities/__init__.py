"""Vulnerabilities in images that are accepted, with a reason, an owner and an end."""
