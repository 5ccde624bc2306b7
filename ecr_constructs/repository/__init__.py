"""`HardenedRepository` and the values that it is made of."""

__all__: list[str] = []
