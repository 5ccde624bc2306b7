"""The constructs of the registry: `PrivateRegistry`, creation templates, pull-through caches and replicas."""

__all__: list[str] = []
