"""The preview as HTML: one page, or an index with a page for each repository."""

from ecr_constructs.cli.output.html.page import render_page, render_pages

__all__ = ["render_page", "render_pages"]
