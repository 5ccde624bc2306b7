"""Lifecycle policies: the language, its evaluation, its schedule and its findings."""

__all__: list[str] = []
