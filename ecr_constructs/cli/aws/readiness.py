"""
The calls that `--live` makes, tried without an effect.

A call that writes, or that ECR records, is made with parameters that AWS rejects after the check of the permissions,
such as a text that is not a policy, or a digest that no image has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from ecr_constructs.cli.aws.errors import AccountUnavailable, CallFailed
from ecr_constructs.cli.aws.images_in_use import coverage_request
from ecr_constructs.cli.aws.session import Service, Session, find_region, open_session

__all__ = ["CALLS", "Check", "Readiness", "Status", "check_readiness"]

Status = Literal["ok", "missing", "off", "unknown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """
    A precondition of `--live`.

    Attributes:
        name: The precondition: `region`, `credentials`, or a call such as `ecr:DescribeImages`.
        needed: The options with which `--live` needs it, or `always`.
        status: `ok`, `missing`, `off` for a service that the account does not use, or `unknown`.
        is_required: Whether `--live` fails without it, without further options.
        detail: The reason of another status than `ok`, or the value.
        remedy: The fix, or an empty text.

    """

    name: str
    needed: str
    status: Status
    is_required: bool
    detail: str = ""
    remedy: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Readiness:
    """
    The preconditions of `--live`.

    Attributes:
        region: The Region, or None if there is none.
        account_id: The account, or None without credentials.
        caller: The ARN of the caller, or None without credentials.
        inspector: Whether Amazon Inspector scans images of ECR: `on`, `off` or `unknown`.
        checks: The preconditions, in the order of the calls.

    """

    region: str | None
    account_id: str | None = None
    caller: str | None = None
    inspector: Literal["on", "off", "unknown"] = "unknown"
    checks: tuple[Check, ...]

    @property
    def is_ready(self) -> bool:
        """Whether all preconditions of `--live` without further options are met."""
        return all(each.status == "ok" for each in self.checks if each.is_required)


_NONE = "ecr-constructs-doctor"
_NO_IMAGE = {"imageDigest": f"sha256:{0:064}"}
# Longer than the least length of a policy, which boto3 checks.
_NO_POLICY = (
    "This text is not a lifecycle policy. It checks the permission ecr:StartLifecyclePolicyPreview without an effect."
)


@dataclass(kw_only=True, slots=True)
class _Samples:
    """Resources of the account for the calls that need one. The defaults do not exist."""

    account_id: str
    region: str
    partition: str
    repository: str = _NONE
    cluster: str = _NONE
    function: str = _NONE
    app_runner: str = _NONE

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in the account and Region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"


class ApiCall(NamedTuple):
    """
    A call that `--live` makes.

    Attributes:
        action: The IAM action.
        needed: As in `Check`.
        request: Returns the parameters.
        sample: The attribute of the samples that an answer has a value for, and the function that returns it or None.

    """

    action: str
    needed: str
    request: Callable[[_Samples], dict[str, object]]
    sample: tuple[str, Callable[[Mapping[str, Any]], str | None]] | None = None


def _first(member: str, key: str | None = None) -> Callable[[Mapping[str, Any]], str | None]:
    """Return a function for the first entry of a list in an answer, or for one of its members."""

    def first(answer: Mapping[str, Any]) -> str | None:
        entry = next(iter(answer.get(member, ())), None)
        return None if entry is None else str(entry[key] if key else entry)

    return first


_UNLESS_PREVIEW, _UNLESS_IN_USE = "unless --no-aws-preview", "unless --no-in-use"
_FOR_ASSETS = "for image assets of the CDK, unless --no-in-use"
# The calls of one service follow each other, those that list resources before those that need one.
CALLS = (
    ApiCall(
        "ecr:DescribeRepositories",
        "always",
        lambda _: {"maxResults": 1},
        ("repository", _first("repositories", "repositoryName")),
    ),
    ApiCall("ecr:DescribeImages", "always", lambda on: {"repositoryName": on.repository, "maxResults": 1}),
    ApiCall("ecr:GetLifecyclePolicyPreview", _UNLESS_PREVIEW, lambda on: {"repositoryName": on.repository}),
    ApiCall(
        "ecr:StartLifecyclePolicyPreview",
        _UNLESS_PREVIEW,
        lambda on: {"repositoryName": on.repository, "lifecyclePolicyText": _NO_POLICY},
    ),
    ApiCall("ecr:GetLifecyclePolicy", "--current, or no PATH", lambda on: {"repositoryName": on.repository}),
    ApiCall(
        "ecr:ListTagsForResource",
        "--resource-tag",
        lambda on: {"resourceArn": on.arn("ecr", f"repository/{on.repository}")},
    ),
    ApiCall(
        "ecr:BatchGetImage",
        "--read-indexes",
        lambda on: {"repositoryName": on.repository, "imageIds": [_NO_IMAGE]},
    ),
    ApiCall(
        "ecr:UpdateImageStorageClass",
        "--restore",
        lambda on: {"repositoryName": on.repository, "imageId": _NO_IMAGE, "targetStorageClass": "STANDARD"},
    ),
    ApiCall(
        "ecr:DescribeImageScanFindings",
        "--fail-if findings",
        lambda on: {"repositoryName": on.repository, "imageId": _NO_IMAGE},
    ),
    ApiCall("ecs:ListClusters", _UNLESS_IN_USE, lambda _: {"maxResults": 1}, ("cluster", _first("clusterArns"))),
    ApiCall("ecs:ListServices", _UNLESS_IN_USE, lambda on: {"cluster": on.cluster, "maxResults": 1}),
    ApiCall("ecs:DescribeServices", _UNLESS_IN_USE, lambda on: {"cluster": on.cluster, "services": [_NONE]}),
    ApiCall("ecs:DescribeTaskDefinition", _UNLESS_IN_USE, lambda _: {"taskDefinition": _NONE}),
    ApiCall("ecs:ListTasks", _UNLESS_IN_USE, lambda on: {"cluster": on.cluster, "maxResults": 1}),
    ApiCall("ecs:DescribeTasks", _UNLESS_IN_USE, lambda on: {"cluster": on.cluster, "tasks": ["0" * 32]}),
    ApiCall(
        "lambda:ListFunctions",
        _UNLESS_IN_USE,
        lambda _: {"MaxItems": 1},
        ("function", _first("Functions", "FunctionName")),
    ),
    ApiCall("lambda:GetFunction", _UNLESS_IN_USE, lambda on: {"FunctionName": on.function}),
    ApiCall(
        "apprunner:ListServices",
        _UNLESS_IN_USE,
        lambda _: {"MaxResults": 1},
        ("app_runner", _first("ServiceSummaryList", "ServiceArn")),
    ),
    ApiCall(
        "apprunner:DescribeService",
        _UNLESS_IN_USE,
        lambda on: {
            "ServiceArn": on.app_runner
            if on.app_runner != _NONE
            else on.arn("apprunner", f"service/{_NONE}/{'0' * 32}")
        },
    ),
    ApiCall("cloudformation:ListStacks", _FOR_ASSETS, lambda _: {}),
    ApiCall("cloudformation:GetTemplate", _FOR_ASSETS, lambda _: {"StackName": _NONE}),
    ApiCall("batch:DescribeJobDefinitions", _UNLESS_IN_USE, lambda _: {"maxResults": 1}),
    ApiCall("inspector2:ListCoverage", _UNLESS_IN_USE, lambda on: coverage_request(on.account_id)),
    ApiCall("organizations:ListAccounts", "--organization", lambda _: {"MaxResults": 1}),
)
# `preview --live` prints a note and continues without these.
_OPTIONAL = ("apprunner:", "inspector2:")
# The codes of errors that a service returns after the check of the permissions.
_ANSWERED = re.compile(r"NotFound|NotInUse|Invalid|Validation|ClientException|InProgress|DoesNotExist")


def check_readiness(
    *, profile: str | None, region: str | None, role: str | None, repository: str | None = None
) -> Readiness:
    """
    Return the preconditions of `--live`. Nothing is changed.

    Args:
        profile: A profile of the AWS configuration. Default: that of the environment.
        region: The Region. Default: that of the environment or the profile.
        role: The ARN of a role to assume. Default: none.
        repository: The repository for calls that need one. Default: the first one of the Region.

    """
    found = find_region(profile=profile, region=region)
    if found is None:
        missing = Check(
            name="region",
            needed="always",
            status="missing",
            is_required=True,
            detail="there is no Region",
            remedy="give --region, or set AWS_REGION",
        )
        return Readiness(region=None, checks=(missing, *_unchecked("credentials", *_names())))
    first = Check(name="region", needed="always", status="ok", is_required=True, detail=found)
    try:
        session = open_session(profile=profile, region=region, role=role)
    except AccountUnavailable as error:
        detail, _, remedy = "; ".join(error.problems).rpartition("; ")
        failed = Check(
            name="credentials", needed="always", status="missing", is_required=True, detail=detail, remedy=remedy
        )
        return Readiness(region=found, checks=(first, failed, *_unchecked(*_names())))
    second = Check(name="credentials", needed="always", status="ok", is_required=True, detail=session.caller)
    inspector = _inspector(session)
    return Readiness(
        region=session.region,
        account_id=session.account_id,
        caller=session.caller,
        inspector=inspector,
        checks=(first, second, *_Calls(session, repository, inspector).checks()),
    )


def _names() -> tuple[str, ...]:
    return tuple(call.action for call in CALLS)


def _unchecked(*names: str) -> tuple[Check, ...]:
    needed = {call.action: call.needed for call in CALLS}
    return tuple(
        Check(
            name=name,
            needed=needed.get(name, "always"),
            status="unknown",
            is_required=_is_required(name, needed.get(name, "always")),
            detail="it was not checked",
        )
        for name in names
    )


def _is_required(name: str, needed: str) -> bool:
    return not needed.startswith("--") and not name.startswith(_OPTIONAL)


def _inspector(session: Session) -> Literal["on", "off", "unknown"]:
    """Return whether Amazon Inspector scans images of ECR."""
    try:
        answer = session.service("inspector2").call("BatchGetAccountStatus", {"accountIds": [session.account_id]})
    except CallFailed:
        return "unknown"
    accounts = answer.get("accounts", ())
    states = {str(each.get("resourceState", {}).get("ecr", {}).get("status", "DISABLED")) for each in accounts}
    return "on" if states & {"ENABLED", "ENABLING"} else "off"


class _Calls:
    """
    The calls, one after the other.

    Args:
        session: The credentials and the Region.
        repository: The repository for calls that need one, or None for the first one.
        inspector: Whether Amazon Inspector scans images of ECR.

    """

    def __init__(self, session: Session, repository: str | None, inspector: str) -> None:
        self._session = session
        self._inspector = inspector
        self._services: dict[str, Service] = {}
        self._unreachable: dict[str, CallFailed] = {}
        partition = session.caller.split(":")[1] if session.caller.startswith("arn:") else "aws"
        self._samples = _Samples(account_id=session.account_id, region=session.region, partition=partition)
        self._fixed = repository

    def checks(self) -> tuple[Check, ...]:
        """Return the result of each call."""
        return tuple(map(self._check, CALLS))

    def _check(self, call: ApiCall) -> Check:
        if self._fixed is not None:
            self._samples.repository = self._fixed
        status, failed = self._try(call)
        return Check(
            name=call.action,
            needed=call.needed,
            status=status,
            is_required=_is_required(call.action, call.needed),
            detail=failed.reason if failed and status != "ok" else "",
            remedy=failed.remedy if failed and status != "ok" else "",
        )

    def _try(self, call: ApiCall) -> tuple[Status, CallFailed | None]:
        """Return the status of a call, and its failure if it has one."""
        name, _, operation = call.action.partition(":")
        if name in self._unreachable:
            return "unknown", self._unreachable[name]
        try:
            service = self._services.setdefault(name, self._session.service(name))
            answer = service.call(operation, call.request(self._samples))
        except CallFailed as failed:
            if failed.is_final:
                self._unreachable[name] = failed
            return self._status(name, failed), failed
        if call.sample and (found := call.sample[1](answer)):
            setattr(self._samples, call.sample[0], found)
        return "ok", None

    def _status(self, name: str, failed: CallFailed) -> Status:
        if failed.is_denied:
            # Amazon Inspector has the same answer for an account that does not use it.
            if name == "inspector2" and self._inspector != "on":
                return "off" if self._inspector == "off" else "unknown"
            return "missing"
        return "ok" if not failed.is_final and _ANSWERED.search(failed.code) else "unknown"
