"""The inputs in files: policies and images."""
