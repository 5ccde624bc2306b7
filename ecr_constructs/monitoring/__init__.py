"""Alerts about images, scan findings and changes of repositories, and their targets."""
