"""Credentials and a region, and the services that are asked with them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ecr_constructs.cli.aws.errors import AccountUnavailable, CallFailed, failure

if TYPE_CHECKING:
    import boto3  # type: ignore[import-untyped]  # it ships no types

__all__ = ["CONCURRENCY", "Service", "Session", "open_session"]

# How many calls are under way at a time. Where AWS says that it is too much, `adaptive` slows all of them down.
CONCURRENCY = 16
_SETTINGS: dict[str, Any] = {
    "connect_timeout": 10,
    "max_pool_connections": CONCURRENCY,
    "retries": {"mode": "adaptive", "total_max_attempts": 8},
}


class Service:
    """
    A service of AWS in one region. It may be called from several threads.

    Args:
        name: What boto3 and IAM call it.
        client: boto3's client of it.
        region: The region.
        caller: Who calls, as IAM names it.

    """

    def __init__(self, name: str, client: object, *, region: str, caller: str) -> None:
        self._name = name
        self._client = client
        self._region = region
        self._caller = caller

    def call(self, operation: str, request: Mapping[str, object]) -> dict[str, Any]:
        """
        Call an operation.

        Args:
            operation: What AWS calls it, such as `DescribeImages`.
            request: What it is given.

        Raises:
            CallFailed: if it fails, after boto3 has tried again where that may help.

        """
        import botocore.exceptions  # type: ignore[import-untyped]  # it ships no types

        try:
            answer: dict[str, Any] = getattr(self._client, botocore.xform_name(operation))(**request)
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            action = f"{self._name}:{operation}"
            raise failure(error, action=action, region=self._region, caller=self._caller) from error
        return answer

    def pages(self, operation: str, request: Mapping[str, object]) -> Iterator[dict[str, Any]]:
        """Call an operation until it has nothing more to tell."""
        answer = self.call(operation, request)
        yield answer
        while token := answer.get("nextToken"):
            answer = self.call(operation, {**request, "nextToken": token})
            yield answer


class Session:
    """
    Credentials and a region.

    Args:
        credentials: boto3's session with them.

    Attributes:
        region: The region.
        caller: Whose credentials they are, as IAM names it.
        account_id: Whose account it is.

    """

    def __init__(self, credentials: boto3.Session) -> None:
        self._credentials = credentials
        self.region: str = credentials.region_name
        self.caller = "these credentials"
        identity = self.service("sts").call("GetCallerIdentity", {})
        self.caller = str(identity["Arn"])
        self.account_id = str(identity["Account"])

    def service(self, name: str) -> Service:
        """
        Give a service.

        Args:
            name: What boto3 calls it.

        Raises:
            CallFailed: if boto3 does not find its way there.

        """
        from botocore.config import Config  # type: ignore[import-untyped]  # it ships no types
        from botocore.exceptions import BotoCoreError

        try:
            client = self._credentials.client(name, config=Config(**_SETTINGS))
        except BotoCoreError as error:
            raise failure(error, action=name, region=self.region, caller=self.caller) from error
        return Service(name, client, region=self.region, caller=self.caller)


def open_session(*, profile: str | None, region: str | None, role: str | None) -> Session:
    """
    Find credentials and a region, and see whether AWS takes them.

    Args:
        profile: A profile of the AWS configuration. Default: what the environment says.
        region: The region. Default: that of the environment or the profile.
        role: The ARN of a role to assume. Default: none.

    Raises:
        AccountUnavailable: if there are none, or if AWS does not take them.

    """
    import boto3
    from botocore.exceptions import BotoCoreError

    # The command line of AWS and the CDK read AWS_REGION; boto3 knows only AWS_DEFAULT_REGION.
    place = region or os.environ.get("AWS_REGION")
    try:
        own = boto3.Session(profile_name=profile, region_name=place)
        if own.region_name is None:
            raise AccountUnavailable(["there is no region; give --region, or set AWS_REGION"])
        session = Session(own)
        if role is None:
            return session
        keys = _assumed(session, role)
        return Session(boto3.Session(*keys, region_name=session.region))
    except BotoCoreError as error:
        failed = failure(error, action="the AWS configuration", region=str(place), caller="")
        raise AccountUnavailable([str(failed)]) from error
    except CallFailed as failed:
        raise AccountUnavailable([str(failed)]) from failed


def _assumed(session: Session, role: str) -> tuple[str, str, str]:
    """Give the keys of a role, which last an hour."""
    request = {"RoleArn": role, "RoleSessionName": "ecr-constructs"}
    try:
        keys = session.service("sts").call("AssumeRole", request)["Credentials"]
    except CallFailed as failed:
        if failed.final:
            raise
        remedy = f"check the ARN, and that the trust policy of the role lets {session.caller} assume it"
        raise CallFailed(f"role {role!r} cannot be assumed: {failed.what}", remedy) from failed
    return keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]
