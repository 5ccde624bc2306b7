"""What policies would do to repositories, and what a pipeline makes of it."""
