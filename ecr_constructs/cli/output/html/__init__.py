"""The preview as HTML: one page, or an index with a page for each repository."""

from ecr_constructs.cli.output.html.page import page_parts, render_page, render_pages

__all__ = ["page_parts", "render_page", "render_pages"]
