"""
The documents that decide about a request to ECR: from the templates of an app, as AWS has them after deployment.

The simulator knows one policy of a resource. ECR has two, that of the repository and that of the registry, so they
are combined here. https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from tests.permissions.simulator import Document, document
from tests.templates import template

Statement = Mapping[str, Any]
Scope = Literal["V1", "V2"]
REGION = "eu-west-1"

# The actions for which ECR reads a registry policy with the scope V1:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
SCOPE_V1 = {"ecr:ReplicateImage", "ecr:BatchImportUpstreamImage", "ecr:CreateRepository"}


def repository_arn(name: str, account: str) -> str:
    """Return the ARN of a repository."""
    return f"arn:aws:ecr:{REGION}:{account}:repository/{name}"


def resource_policy(
    repository: Sequence[Statement], registry: Sequence[Statement], arn: str, *, scope: Scope = "V2"
) -> Sequence[Document]:
    """
    Return the policy of a repository and that of its registry as one document, or none without a statement.

    A statement of a repository policy has no `Resource`, and applies to its repository. With the scope V2, ECR enforces
    the registry policy in all requests; with V1, for three actions only.

    Args:
        repository: The statements of the repository policy.
        registry: The statements of the registry policy.
        arn: The ARN of the repository.
        scope: The scope of the registry policy.

    """
    enforced = registry if scope == "V2" else [one for each in registry for one in _in_scope_v1(each)]
    statements = [{**each, "Resource": arn} for each in repository] + [*enforced]
    return [document(*statements)] if statements else []


def _in_scope_v1(statement: Statement) -> Iterator[Statement]:
    actions = [action for action in sorted(SCOPE_V1) if any(fnmatchcase(action, each) for each in _actions(statement))]
    if actions:
        yield {**statement, "Action": actions}


def _actions(statement: Statement) -> Sequence[str]:
    actions: str | Sequence[str] = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


class Deployed:
    """
    The policies of a stack, with their references resolved as CloudFormation resolves them.

    Args:
        stack: The stack. It has an account and a Region.

    """

    def __init__(self, stack: cdk.Stack) -> None:
        self._stack = stack
        self._resources: Mapping[str, Any] = template(stack)["Resources"]

    def role_name(self, role: iam.IRole) -> str:
        """Return the name of a role of the stack."""
        return str(self._resolved(self._stack.resolve(role.role_name)))

    def identity(self, role: iam.IRole) -> Sequence[Document]:
        """Return the policies of a role of the stack."""
        name = self.role_name(role)
        found = [each["PolicyDocument"] for each in self._of_type("AWS::IAM::Policy") if name in each.get("Roles", ())]
        return [document(*each["Statement"]) for each in found]

    def tags(self, role: iam.IRole) -> Mapping[str, str]:
        """Return the condition keys of the tags of a role, which the CDK uses in grants for roles of other accounts."""
        name = self.role_name(role)
        roles = [each for each in self._of_type("AWS::IAM::Role") if each.get("RoleName") == name]
        return {f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for each in roles for tag in each.get("Tags", ())}

    def repository(self, name: str) -> Sequence[Statement]:
        """Return the policy of a repository: of the stack, or of one that ECR creates with a template of the stack."""
        for each in self._of_type("AWS::ECR::Repository"):
            if each["RepositoryName"] == name:
                return list(each.get("RepositoryPolicyText", {}).get("Statement", ()))
        # ECR uses the template with the longest prefix.
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
        templates = [each for each in self._of_type(_TEMPLATE) if name.startswith(f"{each['Prefix']}/")]
        others = [each for each in self._of_type(_TEMPLATE) if each["Prefix"] == "ROOT"]
        chosen = max(templates or others, key=lambda each: len(each["Prefix"]), default={})
        return list(json.loads(chosen.get("RepositoryPolicy", "{}")).get("Statement", ()))

    def registry(self) -> Sequence[Statement]:
        """Return the policy of the registry."""
        return [one for each in self._of_type("AWS::ECR::RegistryPolicy") for one in each["PolicyText"]["Statement"]]

    def key(self, description: str) -> tuple[str, Document]:
        """Return the ARN and the policy of the key whose description contains a text."""
        (logical_id,) = (
            name
            for name, each in self._resources.items()
            if each["Type"] == "AWS::KMS::Key" and description in each["Properties"]["Description"]
        )
        policy = self._resolved(self._resources[logical_id]["Properties"]["KeyPolicy"])
        return self._arn(logical_id), document(*policy["Statement"])

    def _of_type(self, resource_type: str) -> Sequence[Mapping[str, Any]]:
        found = [each for each in self._resources.values() if each["Type"] == resource_type]
        return [self._resolved(each["Properties"]) for each in found]

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._resolved(each) for each in value]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1 and next(iter(value)) in ("Ref", "Fn::GetAtt", "Fn::Join"):
            ((function, argument),) = value.items()
            return self._called(function, argument)
        return {key: self._resolved(each) for key, each in value.items()}

    def _called(self, function: str, argument: Any) -> str:
        if function == "Fn::Join":
            separator, parts = argument
            return str(separator).join(self._resolved(parts))
        if function == "Ref":
            return self._pseudo_parameters().get(argument) or self._name(argument)
        logical_id, attribute = argument
        assert attribute == "Arn", f"the attribute {attribute} of {logical_id} has no value in the tests"
        return self._arn(logical_id)

    def _pseudo_parameters(self) -> Mapping[str, str]:
        return {
            "AWS::AccountId": self._stack.account,
            "AWS::Partition": "aws",
            "AWS::Region": REGION,
            "AWS::URLSuffix": "amazonaws.com",
        }

    def _name(self, logical_id: str) -> str:
        properties = self._resources[logical_id].get("Properties", {})
        return str(
            next((properties[name] for name in ("RepositoryName", "RoleName") if name in properties), logical_id)
        )

    def _arn(self, logical_id: str) -> str:
        account = self._stack.account
        return {
            "AWS::ECR::Repository": repository_arn(self._name(logical_id), account),
            "AWS::IAM::Role": f"arn:aws:iam::{account}:role/{self._name(logical_id)}",
            "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{account}:key/{logical_id}",
        }[self._resources[logical_id]["Type"]]


_TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"
