"""Python code that the command prints or writes, formatted as ruff formats it."""
