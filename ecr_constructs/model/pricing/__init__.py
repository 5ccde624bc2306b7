"""The monthly price of the storage of images."""
