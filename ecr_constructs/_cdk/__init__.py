"""What the constructs need of the CDK: tokens, scopes, environments, L1 properties, and corners of jsii."""

__all__: list[str] = []
