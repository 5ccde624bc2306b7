"""The preconditions of `--live`: each call that it makes is tried, and nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import boto3  # type: ignore[import-untyped]  # it ships no types
import pytest
from botocore.exceptions import EndpointConnectionError  # type: ignore[import-untyped]  # it ships no types

from ecr_constructs.cli.aws.errors import CallFailed
from ecr_constructs.cli.aws.readiness import CALLS, Check, Readiness, check_readiness
from ecr_constructs.cli.aws.session import Service
from tests.cli.aws.cloud import ACCOUNT, Cloud, image

PAGE = Path(__file__, "..", "..", "..", "..", "docs", "live.md").resolve()
NAMES = [call.action for call in CALLS]


def examine(**options: str) -> Readiness:
    settings: dict[str, str | None] = {"profile": None, "region": None, "role": None}
    return check_readiness(**(settings | options))


def found(ready: Readiness, name: str) -> Check:
    [check] = [each for each in ready.checks if each.name == name]
    return check


@pytest.fixture
def full(cloud: Cloud) -> Cloud:
    """Return an account with a repository."""
    cloud.add("prod/api", image(1, "v1"))
    return cloud


def test_the_calls_are_those_of_the_page() -> None:
    if not PAGE.exists():
        pytest.skip("the documentation is in the checkout")
    calls = PAGE.read_text(encoding="utf-8").partition("\n## Side effects")[0]
    listed = re.findall(r"^\| `(\w+:\w+)` \|", calls, re.MULTILINE)

    assert sorted(NAMES) == sorted(set(listed) - {"sts:GetCallerIdentity", "sts:AssumeRole"})


@pytest.mark.parametrize("is_empty", [False, True])
def test_an_account_without_restrictions_is_ready(cloud: Cloud, *, is_empty: bool) -> None:
    if not is_empty:
        cloud.add("prod/api", image(1, "v1"))

    ready = examine()

    assert {each.name: each.status for each in ready.checks} == dict.fromkeys(["region", "credentials", *NAMES], "ok")
    assert (ready.is_ready, ready.region, ready.account_id) == (True, "eu-central-1", ACCOUNT)


def test_nothing_is_changed(full: Cloud) -> None:
    before = deepcopy(full.repositories)

    examine()

    assert full.repositories == before
    assert full.called("StartLifecyclePolicyPreview") == full.called("UpdateImageStorageClass") == 1


def test_the_calls_are_about_the_repository_that_is_given(full: Cloud) -> None:
    full.add("stage/web")

    examine(repository="stage/web")

    assert {repository for _, repository in full.calls} == {None, "stage/web"}


# The account of the tests has no faults of AWS CloudFormation. The other calls of a service are slow tests.
DENIED = [name for name in NAMES if not name.startswith(("cloudformation:", "inspector2:"))]
FIRST = list({name.partition(":")[0]: name for name in reversed(DENIED)}.values())


@pytest.mark.parametrize(
    "name", [name if name in FIRST else pytest.param(name, marks=pytest.mark.slow) for name in DENIED]
)
def test_a_denied_call_is_missing_with_its_fix(full: Cloud, name: str) -> None:
    service, _, operation = name.partition(":")
    operations = {"apprunner": f"AppRunner.{operation}", "batch": operation.lower()}  # as the servers have them
    full.deny(operations.get(service, operation), service)

    ready = examine()

    missing = [each for each in ready.checks if each.status != "ok"]
    assert [each.name for each in missing] == [name]
    assert all(each.status == "missing" and each.remedy.startswith("allow it for arn:aws:sts::") for each in missing)
    assert ready.is_ready == all(each.needed.startswith("--") or each.name.startswith("apprunner:") for each in missing)


@pytest.mark.parametrize(("state", "status"), [("on", "missing"), ("off", "off"), ("unknown", "unknown")])
def test_a_denial_of_amazon_inspector_depends_on_its_state(full: Cloud, state: str, status: str) -> None:
    full.deny("ListCoverage", "inspector2")
    if state == "on":
        boto3.Session(region_name="eu-central-1").client("inspector2").enable(
            accountIds=[ACCOUNT], resourceTypes=["ECR"]
        )
    if state == "unknown":
        full.deny("BatchGetAccountStatus", "inspector2")

    ready = examine()

    assert (ready.inspector, found(ready, "inspector2:ListCoverage").status) == (state, status)
    assert ready.is_ready  # `--live` prints a note


def test_without_a_region_nothing_is_called(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")

    ready = examine()

    assert (ready.region, ready.is_ready, cloud.calls) == (None, False, [])
    assert found(ready, "region").status == "missing"
    assert {each.status for each in ready.checks[1:]} == {"unknown"}


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("options", "detail"), [({}, "unable to locate credentials"), ({"profile": "nobody"}, "profile (nobody)")]
)
def test_without_credentials_the_rest_is_unknown(options: dict[str, str], detail: str) -> None:
    ready = examine(region="eu-west-1", **options)

    assert (found(ready, "region").status, found(ready, "credentials").status) == ("ok", "missing")
    assert detail in found(ready, "credentials").detail
    assert found(ready, "credentials").remedy.startswith("give --profile")
    assert {each.status for each in ready.checks[2:]} == {"unknown"}
    assert not ready.is_ready


def test_an_expired_token_is_missing_credentials(cloud: Cloud) -> None:
    cloud.fail("GetCallerIdentity", "ExpiredToken", "The security token included in the request is expired")

    check = found(examine(), "credentials")

    assert (check.status, check.detail) == ("missing", "the credentials have expired")


@pytest.mark.usefixtures("cloud")
def test_a_role_that_cannot_be_assumed_is_missing_credentials(cloud: Cloud) -> None:
    cloud.deny("AssumeRole", "sts")

    check = found(examine(role=f"arn:aws:iam::{ACCOUNT}:role/reader"), "credentials")

    assert check.status == "missing"
    assert "cannot be assumed" in check.detail


def test_a_service_whose_endpoint_is_unreachable_is_called_once(full: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., object] = Service.call
    tried = []

    def call(self: Service, operation: str, request: object) -> object:
        if self._name != "ecs":
            return real(self, operation, request)
        tried.append(operation)
        raise CallFailed("could not connect to the endpoint", "check the network", is_final=True)

    monkeypatch.setattr(Service, "call", call)
    ready = examine()

    assert tried == ["ListClusters"]
    assert {each.status for each in ready.checks if each.name.startswith("ecs:")} == {"unknown"}
    assert {each.status for each in ready.checks if not each.name.startswith("ecs:")} == {"ok"}
    assert not ready.is_ready
    assert full.called("DescribeImages") == 1


def test_without_a_connection_the_credentials_cannot_be_checked(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url=cloud.url)

    make = boto3.Session.client

    def client(self: boto3.Session, name: str, **settings: object) -> object:
        made = make(self, name, **settings)
        made.meta.events.register("before-call", send)
        return made

    monkeypatch.setattr(boto3.Session, "client", client)
    check = found(examine(), "credentials")

    assert check.status == "missing"
    assert "could not connect to the endpoint" in check.detail
    assert check.remedy.startswith("check the network")


def test_a_throttled_call_is_unknown(full: Cloud) -> None:
    full.fail("DescribeImages", "ThrottlingException", "Rate exceeded")

    ready = examine()

    assert found(ready, "ecr:DescribeImages").status == "unknown"
    assert not ready.is_ready
