"""
The actions of Amazon ECR, from two sources: botocore's model of the API and the IAM data that cfn-lint ships.

`python -m tests.arbiters.iam_actions` writes `ecr_constructs/model/iam/action_names.py` anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cfnlint

from tests.arbiters.sources import service_model

TABLE = Path(__file__).parents[2] / "ecr_constructs" / "model" / "iam" / "action_names.py"

# IAM actions without an operation of that name. cfn-lint's data has them in lower case only; the spelling is that of
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
PERMISSION_ONLY = ("BatchImportUpstreamImage", "GetImageCopyStatus", "ReplicateImage")

_HEADER = '''"""
The IAM actions of Amazon ECR. `make iam-actions` writes this file; a test compares it with its sources.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
"""

from __future__ import annotations

__all__ = ["REGISTRY_ACTIONS", "REPOSITORY_ACTIONS"]
'''
_KINDS = {
    "REPOSITORY_ACTIONS": "Actions on a repository.",
    "REGISTRY_ACTIONS": "Actions on the registry as a whole, and the creation of repositories.",
}


def iam_data() -> Mapping[str, Any]:
    """Return the actions of ECR in cfn-lint's IAM data, in lower case, with the resource types of each."""
    path = Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json"
    return dict(json.loads(path.read_text())["ecr"]["Actions"])


def actions() -> dict[str, list[str]]:
    """Return the actions on repositories and those on the registry, each sorted."""
    model, data = service_model(), iam_data()
    found: dict[str, list[str]] = {"REPOSITORY_ACTIONS": [], "REGISTRY_ACTIONS": []}
    for name in sorted({*model["operations"], *PERMISSION_ONLY}):
        known = data.get(name.lower())
        on_repository = _takes_repository(model, name) if known is None else bool(known.get("Resources"))
        # A repository that does not exist has no policy that could allow its creation.
        kind = "REPOSITORY_ACTIONS" if on_repository and name != "CreateRepository" else "REGISTRY_ACTIONS"
        found[kind].append(name)
    return found


def table() -> str:
    """Return the text of the module in the package."""
    parts = [_HEADER]
    for kind, names in actions().items():
        lines = "".join(f'        "{name}",\n' for name in names)
        parts.append(f"\n# {_KINDS[kind]}\n{kind} = frozenset(\n    {{\n{lines}    }}\n)\n")
    return "".join(parts)


def _takes_repository(model: Mapping[str, Any], operation: str) -> bool:
    """Return whether an operation names one repository in its request."""
    request = model["operations"][operation].get("input", {}).get("shape")
    return request is not None and "repositoryName" in model["shapes"][request].get("members", {})


if __name__ == "__main__":
    TABLE.write_text(table())
