"""The credentials, the region, and the clients of AWS services."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ecr_constructs.cli.aws.errors import AccountUnavailable, CallFailed, call_failure

if TYPE_CHECKING:
    import boto3  # type: ignore[import-untyped]  # it ships no types

__all__ = ["CONCURRENCY", "Service", "Session", "find_region", "open_session"]

# The number of calls at a time. The mode `adaptive` slows all of them down when AWS throttles one.
CONCURRENCY = 16
_SETTINGS: dict[str, Any] = {
    "connect_timeout": 10,
    "max_pool_connections": CONCURRENCY,
    "retries": {"mode": "adaptive", "total_max_attempts": 8},
}


class Service:
    """
    A service of AWS in one region. Several threads can call it.

    Args:
        name: Its name in boto3 and IAM.
        client: The client of boto3.
        region: The region.
        caller: The ARN of the caller.

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
            operation: The operation, such as `DescribeImages`.
            request: Its parameters.

        Raises:
            CallFailed: if it fails, after the retries of boto3.

        """
        import botocore.exceptions  # type: ignore[import-untyped]  # it ships no types

        try:
            answer: dict[str, Any] = getattr(self._client, botocore.xform_name(operation))(**request)
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            action = f"{self._name}:{operation}"
            raise call_failure(error, action=action, region=self._region, caller=self._caller) from error
        return answer

    def pages(
        self,
        operation: str,
        request: Mapping[str, object],
        *,
        token: str = "nextToken",  # noqa: S107  (the name of a member)
        parameter: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        """
        Call an operation, and yield all its pages.

        Args:
            operation: The operation.
            request: Its parameters.
            token: The member of an answer with the token of the next page.
            parameter: The parameter for the token. Default: it has the name of the member.

        """
        answer = self.call(operation, request)
        yield answer
        while following := answer.get(token):
            answer = self.call(operation, {**request, parameter or token: following})
            yield answer


class Session:
    """
    Credentials and a region.

    Args:
        credentials: The session of boto3.

    Attributes:
        region: The region.
        caller: The ARN of the caller.
        account_id: The account id.

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
        Return a service.

        Args:
            name: Its name in boto3.

        Raises:
            CallFailed: if boto3 cannot create its client.

        """
        from botocore.config import Config  # type: ignore[import-untyped]  # it ships no types
        from botocore.exceptions import BotoCoreError

        try:
            client = self._credentials.client(name, config=Config(**_SETTINGS))
        except BotoCoreError as error:
            raise call_failure(error, action=name, region=self.region, caller=self.caller) from error
        return Service(name, client, region=self.region, caller=self.caller)


def _chosen(region: str | None) -> str | None:
    """Return a region before that of the AWS configuration: the AWS CLI and the CDK read AWS_REGION, boto3 does not."""
    return region or os.environ.get("AWS_REGION")


def find_region(*, profile: str | None, region: str | None) -> str | None:
    """
    Return the region of a session without a call to AWS, or None if there is none.

    Args:
        profile: As in `open_session`.
        region: As in `open_session`.

    """
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        found = boto3.Session(profile_name=profile, region_name=_chosen(region)).region_name
    except BotoCoreError:  # such as an unknown profile, which `open_session` reports
        return _chosen(region)
    return None if found is None else str(found)


def open_session(*, profile: str | None, region: str | None, role: str | None) -> Session:
    """
    Return a session, after a call that checks the credentials.

    Args:
        profile: A profile of the AWS configuration. Default: that of the environment.
        region: The region. Default: that of the environment or the profile.
        role: The ARN of a role to assume. Default: none.

    Raises:
        AccountUnavailable: if there are no credentials or no region, or if AWS rejects the credentials.

    """
    import boto3
    from botocore.exceptions import BotoCoreError

    chosen = _chosen(region)
    try:
        boto3_session = boto3.Session(profile_name=profile, region_name=chosen)
        if boto3_session.region_name is None:
            raise AccountUnavailable(["no region; give --region, or set AWS_REGION"])
        session = Session(boto3_session)
        if role is None:
            return session
        keys = _assume(session, role)
        return Session(boto3.Session(*keys, region_name=session.region))
    except BotoCoreError as error:
        failed = call_failure(error, action="the AWS configuration", region=str(chosen), caller="")
        raise AccountUnavailable([str(failed)]) from error
    except CallFailed as failed:
        raise AccountUnavailable([str(failed)]) from failed


def _assume(session: Session, role: str) -> tuple[str, str, str]:
    """Return the keys of a role, which are valid for an hour."""
    request = {"RoleArn": role, "RoleSessionName": "ecr-constructs"}
    try:
        keys = session.service("sts").call("AssumeRole", request)["Credentials"]
    except CallFailed as failed:
        if failed.is_final:
            raise
        remedy = f"check the ARN, and that the trust policy of the role allows {session.caller} to assume it"
        raise CallFailed(f"role {role!r} cannot be assumed: {failed.reason}", remedy) from failed
    return keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]
