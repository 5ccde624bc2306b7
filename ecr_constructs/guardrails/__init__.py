"""Checks of a whole app that are made when it synthesizes."""

__all__: list[str] = []
