"""The code that depends on details of the CDK, such as tokens, scopes, environments, L1 properties and jsii."""

__all__: list[str] = []
