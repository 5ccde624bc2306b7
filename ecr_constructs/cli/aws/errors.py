"""The errors of calls to AWS, each in one sentence with its fix."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.word_lists import shortened

if TYPE_CHECKING:
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

__all__ = [
    "REPOSITORY_NOT_FOUND",
    "AccountUnavailable",
    "CallFailed",
    "CredentialsExpired",
    "call_failure",
    "failure_messages",
    "raise_as_unavailable",
]

REPOSITORY_NOT_FOUND = "RepositoryNotFoundException"


class AccountUnavailable(EcrConstructsError):
    """An account that cannot be read at all: no credentials, no Region, no connection."""


class CredentialsExpired(AccountUnavailable):
    """An account whose credentials have expired."""


class CallFailed(Exception):
    """
    A call to AWS that failed.

    Args:
        reason: The reason.
        remedy: The fix.
        code: The error code of AWS. Default: it has none.
        is_final: Whether every other call would fail too. Default: others may succeed.
        has_expired: Whether the credentials have expired. Default: they have not.

    """

    def __init__(
        self, reason: str, remedy: str, *, code: str = "", is_final: bool = False, has_expired: bool = False
    ) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy
        self.code = code
        self.is_final = is_final
        self.has_expired = has_expired

    @property
    def is_denied(self) -> bool:
        """Whether the caller lacks a permission."""
        return self.code in _DENIED


@contextmanager
def raise_as_unavailable() -> Iterator[None]:
    """
    Raise a failed call of the block as an error of the account.

    Raises:
        AccountUnavailable: If a call of the block fails.
        CredentialsExpired: If it fails because the credentials have expired.

    """
    try:
        yield
    except CallFailed as failed:
        error = CredentialsExpired if failed.has_expired else AccountUnavailable
        raise error([str(failed)]) from failed


def call_failure(error: Exception, *, action: str, region: str, caller: str) -> CallFailed:
    """
    Return the failure for an error of botocore.

    Args:
        error: The error.
        action: The call, as an IAM action: `ecr:DescribeImages`.
        region: The Region.
        caller: The ARN of the caller.

    """
    from botocore.exceptions import ClientError, ParamValidationError

    if isinstance(error, ClientError):
        return _client_failure(error, action=action, region=region, caller=caller)
    reason = _one_line(str(error))
    reason = reason[:1].lower() + reason[1:]
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & _SIGN_IN_EXPIRED:
        return CallFailed(reason, "sign in again, then repeat the command", is_final=True, has_expired=True)
    if kinds & _NO_CREDENTIALS:
        return CallFailed(reason, "give --profile, or set the credentials in the environment", is_final=True)
    if kinds & _NO_CONNECTION:
        remedy = f"check the network, the proxy, and whether {region} is a Region that has the service"
        return CallFailed(reason, remedy, is_final=True)
    if isinstance(error, ParamValidationError):  # before the call: an older boto3 lacks some parameters
        return CallFailed(f"{action} failed: {reason}", "check the options, and that boto3 is 1.41 or newer")
    return CallFailed(f"{action} failed: {reason}", "check the AWS configuration", is_final=True)


def failure_messages(failures: Iterable[tuple[str, CallFailed]]) -> tuple[str, ...]:
    """Return the messages of failures. One message has all subjects of the same failure."""
    subjects: dict[str, dict[str, None]] = {}  # sets that keep their order
    for subject, failed in failures:
        subjects.setdefault(str(failed), {})[subject] = None
    return tuple(f"{shortened([*names])}: {text}" for text, names in subjects.items())


# Credentials that have expired. The first are codes of AWS, the second are errors of botocore before a call.
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
_SIGN_IN_EXPIRED = frozenset({"SSOError", "TokenRetrievalError", "LoginTokenLoadError"})
# Unknown keys have the same codes as a Region that the account has not enabled.
_REJECTED = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "OptInRequired",
        "RegionDisabledException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_NO_CREDENTIALS = frozenset(
    {"CredentialRetrievalError", "NoAuthTokenError", "NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"}
)
_NO_CONNECTION = frozenset({"ConnectionError", "HTTPClientError", "InvalidRegionError"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_THROTTLED = frozenset(
    {"RequestLimitExceeded", "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException"}
)
# The message of a denial ends with the kind of the policy that caused it.
_NO_POLICY = re.compile(r"because no (?P<kind>[a-z -]+policy) allows")
_DENYING_POLICY = re.compile(r"with an explicit deny in an? (?P<kind>[a-z -]+policy)")


def _client_failure(error: ClientError, *, action: str, region: str, caller: str) -> CallFailed:
    code = str(error.response.get("Error", {}).get("Code", ""))
    message = _one_line(str(error.response.get("Error", {}).get("Message", "")))
    if code in _EXPIRED:
        reason, remedy = "the credentials have expired", "renew them, then repeat the command"
        return CallFailed(reason, remedy, code=code, is_final=True, has_expired=True)
    if code in _REJECTED:
        reason = f"AWS rejects the credentials in {region}: {message} ({code})"
        remedy = "check --profile and the keys, and that the account has the Region enabled"
        return CallFailed(reason, remedy, code=code, is_final=True)
    if code in _DENIED:
        return CallFailed(f"{action} is not allowed{_because(message)}", f"allow it for {caller}", code=code)
    if code in _THROTTLED:
        return CallFailed(f"AWS throttles {action}, even after retries", "repeat the command later", code=code)
    if code == REPOSITORY_NOT_FOUND:
        reason = f"ECR has no such repository in {region}"
        return CallFailed(reason, "it was deleted in the meantime, or it is in another account or Region", code=code)
    return CallFailed(f"{action} failed: {message} ({code})", "repeat the command", code=code)


def _because(message: str) -> str:
    if missing := _NO_POLICY.search(message):
        return f": no {missing['kind']} allows it"
    denying = _DENYING_POLICY.search(message)
    return f": the {denying['kind']} denies it" if denying else ""


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
