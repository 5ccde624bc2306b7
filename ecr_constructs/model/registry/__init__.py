"""Values of the registry: scanning, replication, upstream registries, names in a cache."""

__all__: list[str] = []
