"""`HardenedRepository` and the values of its arguments."""

__all__: list[str] = []
