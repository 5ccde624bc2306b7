"""The preview as one page of HTML that needs nothing else: to read, to keep, to attach to a change."""

from ecr_constructs.cli.output.html.page import render

__all__ = ["render"]
