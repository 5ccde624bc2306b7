"""Functions of AWS Lambda in the account of a test."""

from __future__ import annotations

import boto3  # type: ignore[import-untyped]  # it ships no types

from tests.cli.aws.cloud import ACCOUNT, REGION

ROLE = f"arn:aws:iam::{ACCOUNT}:role/function"


def add_function(name: str, image: str, *, publish: bool = False) -> None:
    """Create a function with an image, or give it another image."""
    session = boto3.Session(region_name=REGION)
    iam, functions = session.client("iam"), session.client("lambda")
    if all(each["Arn"] != ROLE for each in iam.list_roles()["Roles"]):
        iam.create_role(RoleName="function", AssumeRolePolicyDocument="{}")
    functions.create_function(
        FunctionName=name, Role=ROLE, PackageType="Image", Code={"ImageUri": image}, Publish=publish
    )
    iam.close()
    functions.close()
