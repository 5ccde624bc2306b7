"""The calls of live mode, as botocore makes them, and the page that lists them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]  # it ships no types
import pytest

import ecr_constructs
from ecr_constructs.cli.aws import FetchOptions, connect
from ecr_constructs.cli.aws.fleet import organization_accounts
from ecr_constructs.cli.aws.restore import ArchivedImage
from ecr_constructs.cli.aws.session import open_session
from ecr_constructs.model import Image
from ecr_constructs.model.lifecycle.intents import limit_images
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from tests.cli.aws.cloud import ACCOUNT, REGION, REGISTRY, Cloud, digest, image
from tests.cli.aws.functions import add_function
from tests.cli.aws.record import Record
from tests.cli.aws.stacks import add_stack

POLICY = LifecyclePolicy.of(limit_images(5))
PAGE = Path(__file__, "..", "..", "..", "..", "docs", "live.md").resolve().read_text(encoding="utf-8")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"
READS = re.compile(r"(BatchGet|Describe|Get|List)[A-Z]\w+")

ALWAYS = {"sts:GetCallerIdentity", "ecr:DescribeRepositories", "ecr:DescribeImages"}
AWS_PREVIEW = {"ecr:StartLifecyclePolicyPreview", "ecr:GetLifecyclePolicyPreview"}
IN_USE = {
    "ecs:ListClusters",
    "ecs:ListServices",
    "ecs:DescribeServices",
    "ecs:DescribeTaskDefinition",
    "ecs:ListTasks",
    "ecs:DescribeTasks",
    "inspector2:ListCoverage",
    "lambda:ListFunctions",
    "lambda:GetFunction",
    "apprunner:ListServices",
    "apprunner:DescribeService",
    "batch:DescribeJobDefinitions",
    "cloudformation:ListStacks",
    "cloudformation:GetTemplate",
}


@pytest.fixture
def calls(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Fill an account with data for every call, and record the requests of botocore."""
    cloud.add("prod/api", image(1, "v1"), policy=POLICY.to_json()).add_index(10, 1, tag="v2")
    ecs = boto3.Session(region_name=REGION).client("ecs")
    ecs.create_cluster(clusterName="prod")
    containers = [{"name": "api", "image": f"{REGISTRY}/prod/api:v1", "memory": 128}]
    ecs.register_task_definition(family="payments", containerDefinitions=containers)
    ecs.create_service(cluster="prod", serviceName="payments", taskDefinition="payments", desiredCount=1)
    ecs.close()
    add_function("pay", f"{REGISTRY}/prod/api:v1")
    cloud.add(f"cdk-hnb659fds-container-assets-{ACCOUNT}-{REGION}", image(1, "v1"))
    add_stack("Containers", "no image")
    cloud.app_runner["web"] = f"{REGISTRY}/prod/api:v1"
    cloud.run("prod", f"{REGISTRY}/prod/api:v1", 1, group="service:payments")

    seen: set[str] = set()
    make = boto3.Session.client

    def client(self: boto3.Session, name: str, **settings: Any) -> Any:
        made = make(self, name, **settings)
        made.meta.events.register("before-call", lambda model, **_: seen.add(f"{name}:{model.name}"))
        return made

    monkeypatch.setattr(boto3.Session, "client", client)
    return seen


def ask(
    *,
    role: str | None = None,
    ask_aws: bool = False,
    current: bool = False,
    in_use: bool = False,
    read_indexes: bool = False,
) -> None:
    account = connect(profile=None, region=None, role=role)
    questions = FetchOptions(aws_preview=ask_aws, current=current, in_use=in_use, read_indexes=read_indexes)
    gathered = account.repositories(dict.fromkeys(account.immutability(), POLICY), questions, progress=Record())
    assert gathered.problems == gathered.notes == ()


def test_images_alone_require_three_calls(calls: set[str]) -> None:
    ask()

    assert calls == ALWAYS


def test_the_default_options_make_the_calls_of_the_preview_and_of_usage(calls: set[str]) -> None:
    ask(ask_aws=True, in_use=True)

    assert calls == ALWAYS | AWS_PREVIEW | IN_USE


@pytest.mark.parametrize(
    ("asking", "more"),
    [
        (partial(ask, ask_aws=True), AWS_PREVIEW),
        (partial(ask, current=True), {"ecr:GetLifecyclePolicy"}),
        (partial(ask, in_use=True), IN_USE),
        (partial(ask, read_indexes=True), {"ecr:BatchGetImage"}),
        (partial(ask, role=ROLE), {"sts:AssumeRole"}),
    ],
)
def test_each_option_adds_its_own_calls_and_no_others(
    calls: set[str], asking: Callable[[], None], more: set[str]
) -> None:
    asking()

    assert calls == ALWAYS | more


def test_resource_tags_a_restore_and_deployed_policies_have_their_own_calls(calls: set[str]) -> None:
    account = connect(profile=None, region=None, role=None)
    names = list(account.immutability())
    account.deployed_policies(names, progress=Record())
    assert calls == {"sts:GetCallerIdentity", "ecr:DescribeRepositories", "ecr:GetLifecyclePolicy"}
    calls.clear()
    account.with_resource_tags(names, [], progress=Record())
    assert calls == {"ecr:ListTagsForResource"}
    calls.clear()
    archived = ArchivedImage(repository="prod/api", image=Image.from_describe_images(image(1)), users=("x",))
    assert account.restore([archived]) == ()
    assert calls == {"ecr:UpdateImageStorageClass"}


def test_findings_have_one_call_of_their_own(calls: set[str]) -> None:
    account = connect(profile=None, region=None, role=None)
    calls.clear()
    found, problems = account.scan_findings({"prod/api": [digest(1)]}, progress=Record())

    assert found == {"prod/api": ({}, {digest(1): "it has not been scanned; scan it first"})}
    assert problems == ()
    assert calls == {"ecr:DescribeImageScanFindings"}


def test_an_organization_has_one_call_of_its_own(cloud: Cloud, calls: set[str]) -> None:
    cloud.organization = [{"Id": ACCOUNT, "State": "ACTIVE"}]
    session = open_session(profile=None, region=None, role=None)

    assert organization_accounts(session) == (ACCOUNT,)
    assert calls == {"sts:GetCallerIdentity", "organizations:ListAccounts"}


def test_nothing_is_written(calls: set[str]) -> None:
    ask(role=ROLE, ask_aws=True, current=True, in_use=True, read_indexes=True)

    others = {call for call in calls if not READS.fullmatch(call.partition(":")[2])}
    assert others == {"sts:AssumeRole", "ecr:StartLifecyclePolicyPreview"}


def test_the_page_has_every_call_and_every_right(calls: set[str]) -> None:
    ask(role=ROLE, ask_aws=True, current=True, in_use=True, read_indexes=True)
    calls |= {"ecr:ListTagsForResource", "ecr:UpdateImageStorageClass", "organizations:ListAccounts"}
    calls |= {"ecr:DescribeImageScanFindings"}

    assert sorted(re.findall(r"^\| `(\w+:\w+)` \|", PAGE, re.MULTILINE)) == sorted(calls)
    [reading, starting] = map(actions_of, re.findall(r"```json\n(.+?)```", PAGE, re.DOTALL))
    assert sorted(starting) == ["organizations:ListAccounts", "sts:AssumeRole"]
    assert sorted(reading) == sorted(calls - {"sts:GetCallerIdentity", *starting})


def actions_of(policy: str) -> list[str]:
    """Return the actions of an IAM policy."""
    actions = [statement["Action"] for statement in json.loads(policy)["Statement"]]
    return [action for each in actions for action in ([each] if isinstance(each, str) else each)]


def test_only_one_folder_imports_boto3() -> None:
    package = Path(ecr_constructs.__file__).parent
    sources = {path.relative_to(package): path.read_text(encoding="utf-8") for path in package.rglob("*.py")}

    imports = re.compile(r"^\s*(?:import|from) boto", re.MULTILINE)
    assert {path.parent for path, text in sources.items() if imports.search(text)} == {Path("cli", "aws")}
