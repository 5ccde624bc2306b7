"""The preview as one HTML page."""

from ecr_constructs.cli.output.html.page import render_page

__all__ = ["render_page"]
