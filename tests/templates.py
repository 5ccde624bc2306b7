"""Apps and stacks with the feature flags of `cdk.json`, and their templates."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk.assertions import Template
from constructs import Construct

_CDK_JSON = Path(__file__).parent.parent / "cdk.json"
FLAGS: Mapping[str, Any] = json.loads(_CDK_JSON.read_text(encoding="utf-8"))["context"]
ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"

REPOSITORY = "AWS::ECR::Repository"
KEY = "AWS::KMS::Key"

# The validation of templates by the CDK takes time. The oldest CDK has none, and no argument for it.
_VALIDATION = "builtin_cloud_formation_validation"
WITHOUT_VALIDATION: Mapping[str, Any] = (
    {_VALIDATION: False} if _VALIDATION in inspect.signature(cdk.App.__init__).parameters else {}
)


def new_app(**context: object) -> cdk.App:
    return cdk.App(context={**FLAGS, **context})


def new_stack(scope: Construct, id: str, *, region: str | None = None, account: str = ACCOUNT) -> cdk.Stack:
    """Return a stack without the bootstrap rule. Without a Region it is environment-agnostic."""
    return cdk.Stack(
        scope,
        id,
        env=cdk.Environment(account=account, region=region) if region else None,
        synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
    )


def template(stack: cdk.Stack) -> Mapping[str, Any]:
    """Synthesize. The assembly is kept, so this is for the end of a test."""
    return Template.from_stack(stack).to_json()


def resources(stack: cdk.Stack, resource_type: str) -> dict[str, Any]:
    """Return the resources of a type by logical ID."""
    found = template(stack).get("Resources", {})
    return {logical_id: resource for logical_id, resource in found.items() if resource["Type"] == resource_type}


def logical_id(repository: ecr.Repository) -> str:
    element = repository.node.default_child
    assert isinstance(element, cdk.CfnElement)
    return repository.stack.get_logical_id(element)


def resource(repository: ecr.Repository) -> Mapping[str, Any]:
    """Return the resource of a repository with its deletion policies."""
    found: Mapping[str, Any] = template(repository.stack)["Resources"][logical_id(repository)]
    return found


def properties(repository: ecr.Repository) -> Mapping[str, Any]:
    found: Mapping[str, Any] = resource(repository).get("Properties", {})
    return found


def lifecycle_rules(repository: ecr.Repository) -> list[dict[str, Any]]:
    """Return the rules of the lifecycle policy of a repository."""
    policy = properties(repository).get("LifecyclePolicy")
    return list(json.loads(policy["LifecyclePolicyText"])["rules"]) if policy else []


def statements(repository: ecr.Repository) -> list[dict[str, Any]]:
    """Return the statements of the policy of a repository."""
    return list(properties(repository).get("RepositoryPolicyText", {}).get("Statement", ()))


def account_root(account: str) -> Mapping[str, Any]:
    """Return the principal of an account as it is in a template."""
    return {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, f":iam::{account}:root"]]}


def text_of(value: Any) -> str:
    """Read a text as it is deployed, with references in angle brackets."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    return "".join(map(text_of, argument[1])) if function == "Fn::Join" else f"<{argument}>"


def role_statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return the permissions of roles by the policies of a stack."""
    return [
        statement
        for policy in resources(stack, "AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def readable_template(template: Any) -> Any:
    """Return a document with JSON texts replaced by their values, so a changed rule is one changed line."""
    if isinstance(template, Mapping):
        return {key: readable_template(value) for key, value in template.items()}
    if isinstance(template, list):
        return [readable_template(value) for value in template]
    return _opened(template) if isinstance(template, str) and template.startswith("{") else template


def _opened(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
