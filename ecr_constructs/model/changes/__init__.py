"""The difference between two states of an app: replaced, deleted and renamed resources, and weakened settings."""

__all__: list[str] = []
