"""Stacks of AWS CloudFormation in the account of a test."""

from __future__ import annotations

import json

import boto3  # type: ignore[import-untyped]  # it ships no types

from tests.cli.aws.cloud import REGION


def add_stack(name: str, text: str) -> None:
    """Create a stack whose template contains a text."""
    client = boto3.Session(region_name=REGION).client("cloudformation")
    topic = {"Type": "AWS::SNS::Topic", "Metadata": {"Image": text}}
    client.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Topic": topic}}))
    client.close()


def delete_stack(name: str) -> None:
    """Delete a stack."""
    client = boto3.Session(region_name=REGION).client("cloudformation")
    client.delete_stack(StackName=name)
    client.close()
