"""Metrics of repositories."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr

from ecr_constructs import (
    RepositoryMetrics,
)

ALARM = "AWS::CloudWatch::Alarm"
PULLS = ["AWS/ECR", "RepositoryPullCount", "RepositoryName"]


def test_repositories_of_other_services_have_no_metrics(stack: cdk.Stack) -> None:
    from aws_cdk import aws_codecommit as codecommit

    for repository in (codecommit.Repository(stack, "Source", repository_name="prod"), ecr.CfnRepository(stack, "L1")):
        with pytest.raises(TypeError, match="repository must be a repository or its name"):
            RepositoryMetrics(repository)  # type: ignore[arg-type]  # the kind is wrong


def test_a_repository_of_any_kind_has_metrics(stack: cdk.Stack) -> None:
    imported = ecr.Repository.from_repository_name(stack, "Imported", "prod/api")

    assert RepositoryMetrics(imported) == RepositoryMetrics("prod/api")
    with pytest.raises(TypeError, match="repository must be a repository or its name"):
        RepositoryMetrics(ecr.Repository)  # type: ignore[arg-type]  # a class
