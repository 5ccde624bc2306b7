"""Python code that the command prints or writes, in the format of ruff."""
