"""The credentials, the Region, and the clients of AWS services."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from ecr_constructs.cli.aws.errors import AccountUnavailable, CallFailed, call_failure, raise_as_unavailable
from ecr_constructs.cli.aws.throttle import CONCURRENCY, Throttle

if TYPE_CHECKING:
    import boto3  # type: ignore[import-untyped]  # it ships no types

__all__ = ["DeferredSession", "Service", "Session", "find_region", "open_session"]

_SETTINGS: dict[str, Any] = {
    "connect_timeout": 10,
    "max_pool_connections": CONCURRENCY,
    "retries": {"mode": "adaptive", "total_max_attempts": 8},
}
# A session of boto3 creates one client at a time.
_creation = Lock()


class Service:
    """
    A service of AWS in one account and Region. Several threads can call it.

    Args:
        name: Its name in boto3 and IAM.
        session: The function that returns the session. It is called with the first call of an operation.

    """

    def __init__(self, name: str, session: Callable[[], Session]) -> None:
        self._name = name
        self._session = session
        self._client: object = None
        self._opening = Lock()

    def call(self, operation: str, request: Mapping[str, object]) -> dict[str, Any]:
        """
        Call an operation.

        Args:
            operation: The operation, such as `DescribeImages`.
            request: Its parameters.

        Raises:
            CallFailed: If it fails, after the retries of boto3.

        """
        import botocore.exceptions  # type: ignore[import-untyped]  # it ships no types

        session = self._session()
        with self._opening:
            self._client = self._client or session.client(self._name)
        try:
            with session.throttle.slot():
                answer: dict[str, Any] = getattr(self._client, botocore.xform_name(operation))(**request)
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            action = f"{self._name}:{operation}"
            raise call_failure(error, action=action, region=session.region, caller=session.caller) from error
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
    Credentials and a Region, after a call that checks them.

    Args:
        credentials: The session of boto3.
        region: The Region. Default: that of the session of boto3.
        throttle: The limit on the number of calls at a time. Default: one for this session.

    Attributes:
        region: The Region.
        caller: The ARN of the caller.
        account_id: The account ID.
        throttle: The limit on the number of calls at a time.

    Raises:
        CallFailed: If AWS rejects the credentials, or if the account has not enabled the Region.

    """

    def __init__(
        self, credentials: boto3.Session, *, region: str | None = None, throttle: Throttle | None = None
    ) -> None:
        self._credentials = credentials
        self.region: str = region or credentials.region_name
        self.throttle = throttle or Throttle()
        self.caller = "these credentials"
        identity = self.service("sts").call("GetCallerIdentity", {})
        self.caller = str(identity["Arn"])
        self.account_id = str(identity["Account"])

    def service(self, name: str) -> Service:
        """
        Return a service.

        Args:
            name: Its name in boto3.

        """
        return Service(name, lambda: self)

    def client(self, name: str) -> object:
        """
        Return a client of boto3.

        Args:
            name: The name of the service in boto3.

        Raises:
            CallFailed: If boto3 cannot create it.

        """
        from botocore.config import Config  # type: ignore[import-untyped]  # it ships no types
        from botocore.exceptions import BotoCoreError

        try:
            with _creation:
                return self._credentials.client(name, region_name=self.region, config=Config(**_SETTINGS))
        except BotoCoreError as error:
            raise call_failure(error, action=name, region=self.region, caller=self.caller) from error

    def in_region(self, region: str) -> Session:
        """
        Return a session with the same credentials in another Region.

        Args:
            region: The Region.

        Raises:
            CallFailed: If the account has not enabled the Region.

        """
        return self if region == self.region else Session(self._credentials, region=region, throttle=self.throttle)

    def assume(self, role: str) -> Session:
        """
        Return a session with the credentials of a role, which are valid for an hour.

        Args:
            role: The ARN of the role.

        Raises:
            CallFailed: If the role cannot be assumed.

        """
        return Session(_boto3_session(_assume(self, role), self.region), throttle=self.throttle)


class DeferredSession:
    """
    A session that is opened with its first call. No call is made for an account with stored responses.

    Args:
        account_id: The account ID.
        region: The Region.
        opened: The function that returns the session.

    Attributes:
        account_id: The account ID.
        region: The Region.

    """

    def __init__(self, account_id: str, region: str, opened: Callable[[], Session]) -> None:
        self.account_id = account_id
        self.region = region
        self._opened = opened
        self._session: Session | None = None
        self._opening = Lock()

    def service(self, name: str) -> Service:
        """
        Return a service.

        Args:
            name: Its name in boto3.

        """
        return Service(name, self._open)

    def renew(self) -> None:
        """Open the session again with the next call, such as after its credentials have expired."""
        self._session = None

    def _open(self) -> Session:
        with self._opening:
            self._session = self._session or self._opened()
            return self._session


def _chosen(region: str | None) -> str | None:
    """Return the Region of AWS_REGION, which the AWS CLI and the CDK read and boto3 does not."""
    return region or os.environ.get("AWS_REGION")


def find_region(*, profile: str | None, region: str | None) -> str | None:
    """
    Return the Region of a session without a call to AWS, or None if there is none.

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
        region: The Region. Default: that of the environment or the profile.
        role: The ARN of a role to assume. Default: none.

    Raises:
        AccountUnavailable: If there are no credentials or no Region, or if AWS rejects the credentials.

    """
    import boto3
    from botocore.exceptions import BotoCoreError

    # The command disables it. Calls leave cycles, and the images of an account are not all in memory at the same time.
    gc.enable()
    chosen = _chosen(region)
    try:
        boto3_session = boto3.Session(profile_name=profile, region_name=chosen)
        if boto3_session.region_name is None:
            raise AccountUnavailable(["no Region; give --region, or set AWS_REGION"])
        with raise_as_unavailable():
            session = Session(boto3_session)
            return session if role is None else session.assume(role)
    except BotoCoreError as error:
        failed = call_failure(error, action="the AWS configuration", region=str(chosen), caller="")
        raise AccountUnavailable([str(failed)]) from error


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


def _boto3_session(keys: tuple[str, str, str], region: str) -> boto3.Session:
    """Return a session of boto3 that shares the parsed models of services, because parsing them takes seconds."""
    import boto3
    from botocore.session import Session as BotocoreSession  # type: ignore[import-untyped]  # it ships no types

    with _creation:
        session = BotocoreSession()
        session.register_component("data_loader", _loader())
        session.set_credentials(*keys)
        return boto3.Session(botocore_session=session, region_name=region)


@cache
def _loader() -> object:
    from botocore.loaders import create_loader  # type: ignore[import-untyped]  # it ships no types

    return create_loader()
