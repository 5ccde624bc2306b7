"""
The condition on the source of AWS Lambda, for a statement of the CDK without one.

`lambda.DockerImageCode.from_ecr` allows `lambda.amazonaws.com` to pull on behalf of the functions of any account. AWS
documents a condition on the ARNs of functions: https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from ecr_constructs._cdk.tokens import is_unresolved, lazily
from ecr_constructs.model.iam.permissions import PULL
from ecr_constructs.model.template_syntax import mapping

__all__ = ["is_pull_by_lambda", "limit_to_functions_of_the_app"]

_SERVICE = "lambda.amazonaws.com"


def is_pull_by_lambda(statement: Mapping[str, Any], stack: cdk.Stack) -> bool:
    """
    Return whether a statement is that of a grant of the CDK for AWS Lambda.

    Args:
        statement: The statement, as the CDK renders it. The name of a service is a token.
        stack: The stack of the repository, in which the token is resolved.

    """
    if statement.keys() != {"Action", "Effect", "Principal"} or statement["Effect"] != "Allow":
        return False
    actions, principal = statement["Action"], statement["Principal"]
    if not isinstance(actions, list) or set(actions) != set(PULL) or mapping(principal).keys() != {"Service"}:
        return False
    return bool(stack.resolve(principal["Service"]) == _SERVICE)


def limit_to_functions_of_the_app(statement: iam.PolicyStatement, repository: IConstruct) -> None:
    """
    Add the condition that the source is a function in the account of the repository or in another account of the app.

    Args:
        statement: The statement.
        repository: The repository.

    """
    statement.add_condition("ArnLike", {"aws:SourceArn": lazily(lambda: _function_arns(repository))})


def _function_arns(repository: IConstruct) -> list[str]:
    """Return the pattern of functions for each account. The account of the repository is the first."""
    accounts = dict.fromkeys([cdk.Stack.of(repository).account])
    for each in repository.node.root.node.find_all():
        if isinstance(each, cdk.CfnResource) and each.cfn_resource_type == "AWS::Lambda::Function":
            account = each.stack.account
            accounts |= {} if is_unresolved(account) else {account: None}
    return [f"arn:{cdk.Aws.PARTITION}:lambda:{cdk.Aws.REGION}:{account}:function:*" for account in accounts]
