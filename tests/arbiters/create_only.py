"""
The create-only properties of resource types, from the CloudFormation schemas that cfn-lint ships.

`python -m tests.arbiters.create_only` writes `ecr_constructs/model/changes/create_only.py` anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

TABLE = Path(__file__).parents[2] / "ecr_constructs" / "model" / "changes" / "create_only.py"
REGION = "us-east-1"
# The types that ECR resources refer to. If one of them is replaced, so is an ECR resource with a reference to it in a
# create-only property.
REFERENCED = ("AWS::IAM::Role", "AWS::KMS::Key", "AWS::SecretsManager::Secret", "AWS::Signer::SigningProfile")

_HEADER = '''"""
The create-only properties of resource types. `make create-only` writes this file; a test compares it with its source.

CloudFormation replaces a resource if one of these properties changes:
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ECR_TYPES", "REFERENCED_TYPES"]
'''
_COMMENTS = {
    "ECR_TYPES": "The types of Amazon ECR.",
    "REFERENCED_TYPES": "Types that resources of Amazon ECR refer to.",
}


def schema(resource_type: str) -> Mapping[str, Any]:
    """Return the schema of a resource type."""
    found: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource_type).schema
    return found


def create_only(resource_type: str) -> Sequence[str]:
    """Return the top-level properties that are, or contain, a create-only property, in the order of the schema."""
    described = schema(resource_type)
    paths = (*described.get("createOnlyProperties", ()), *described.get("conditionalCreateOnlyProperties", ()))
    return tuple(dict.fromkeys(path.removeprefix("/properties/").partition("/")[0] for path in paths))


def ecr_types() -> Sequence[str]:
    """Return the resource types of Amazon ECR."""
    return sorted(name for name in PROVIDER_SCHEMA_MANAGER.get_resource_types(REGION) if name.startswith("AWS::ECR::"))


def table() -> str:
    """Return the text of the module in the package."""
    kinds = {"ECR_TYPES": ecr_types(), "REFERENCED_TYPES": REFERENCED}
    parts = [_HEADER]
    for kind, names in kinds.items():
        lines = "".join(f'    "{name}": {_tuple(create_only(name))},\n' for name in names)
        parts.append(f"\n# {_COMMENTS[kind]}\n{kind}: Mapping[str, tuple[str, ...]] = {{\n{lines}}}\n")
    return "".join(parts)


def _tuple(names: Sequence[str]) -> str:
    line = ", ".join(f'"{name}"' for name in names)
    if len(line) > 60:
        return "(\n" + "".join(f'        "{name}",\n' for name in names) + "    )"
    return f"({line},)" if len(names) == 1 else f"({line})"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
