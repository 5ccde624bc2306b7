"""What goes wrong between here and AWS, told in one sentence with its remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ecr_constructs.errors import EcrConstructsError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

__all__ = ["REPOSITORY_GONE", "AccountUnavailable", "CallFailed", "failure", "sentences", "told"]

REPOSITORY_GONE = "RepositoryNotFoundException"


class AccountUnavailable(EcrConstructsError):
    """An account that cannot be asked at all: no credentials, no region, no way there."""


class CallFailed(Exception):
    """
    A call that AWS did not answer as hoped.

    Args:
        what: What happened.
        remedy: What to do about it.
        code: AWS's word for it. Default: it has none.
        final: Whether every other call would fail alike. Default: others may work.

    """

    def __init__(self, what: str, remedy: str, *, code: str = "", final: bool = False) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy
        self.code = code
        self.final = final


@contextmanager
def told() -> Iterator[None]:
    """
    Say of an account that it cannot be asked, where a call fails that all else rests on.

    Raises:
        AccountUnavailable: in the place of that call's failure.

    """
    try:
        yield
    except CallFailed as failed:
        raise AccountUnavailable([str(failed)]) from failed


def failure(error: Exception, *, action: str, region: str, caller: str) -> CallFailed:
    """
    Say what an error of botocore means.

    Args:
        error: The error.
        action: What was called, as IAM names it: `ecr:DescribeImages`.
        region: Where.
        caller: Who called, as IAM names it.

    """
    from botocore.exceptions import ClientError, ParamValidationError

    if isinstance(error, ClientError):
        return _refusal(error, action=action, region=region, caller=caller)
    what = _one_line(str(error))
    what = what[:1].lower() + what[1:]
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & _STALE:
        return CallFailed(what, "sign in again, then repeat the command", final=True)
    if kinds & _NO_CREDENTIALS:
        return CallFailed(what, "give --profile, or set the credentials in the environment", final=True)
    if kinds & _NO_WAY:
        remedy = f"check the network, the proxy, and whether {region} is a region that has the service"
        return CallFailed(what, remedy, final=True)
    if isinstance(error, ParamValidationError):  # before anything is sent; an older boto3 does not know all we ask
        return CallFailed(f"{action} failed: {what}", "check what was asked for, and that boto3 is 1.41 or newer")
    return CallFailed(f"{action} failed: {what}", "check the AWS configuration that is used", final=True)


def sentences(failures: Iterable[tuple[str, CallFailed]]) -> tuple[str, ...]:
    """Tell failures, those that happened alike to several subjects once."""
    subjects: dict[str, dict[str, None]] = {}  # sets that keep their order
    for subject, failed in failures:
        subjects.setdefault(str(failed), {})[subject] = None
    return tuple(f"{_listed([*names])}: {text}" for text, names in subjects.items())


# Credentials that were good once. The first are codes of AWS, the second are botocore's, before anything is sent.
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
_STALE = frozenset({"SSOError", "TokenRetrievalError", "LoginTokenLoadError"})
# AWS says the same of keys that it does not know and of a region that the account has not enabled.
_UNKNOWN = frozenset(
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
_NO_WAY = frozenset({"ConnectionError", "HTTPClientError", "InvalidRegionError"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_THROTTLED = frozenset(
    {"RequestLimitExceeded", "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException"}
)
# AWS ends what it says of a denial with the kind of policy that is behind it.
_NO_POLICY = re.compile(r"because no (?P<kind>[a-z -]+policy) allows")
_DENYING_POLICY = re.compile(r"with an explicit deny in an? (?P<kind>[a-z -]+policy)")
_NAMES_SHOWN = 3


def _refusal(error: ClientError, *, action: str, region: str, caller: str) -> CallFailed:
    code = str(error.response.get("Error", {}).get("Code", ""))
    message = _one_line(str(error.response.get("Error", {}).get("Message", "")))
    if code in _EXPIRED:
        return CallFailed("the credentials have expired", "renew them, then repeat the command", code=code, final=True)
    if code in _UNKNOWN:
        what = f"AWS does not take the credentials in {region}: {message} ({code})"
        remedy = "check --profile and the keys, and that the account has the region enabled"
        return CallFailed(what, remedy, code=code, final=True)
    if code in _DENIED:
        return CallFailed(f"{action} is not allowed{_because(message)}", f"allow it for {caller}", code=code)
    if code in _THROTTLED:
        return CallFailed(f"AWS throttles {action}, however long one waits", "repeat the command later", code=code)
    if code == REPOSITORY_GONE:
        what = f"ECR has no such repository in {region}"
        return CallFailed(what, "it was deleted meanwhile, or another account or region is meant", code=code)
    return CallFailed(f"{action} failed: {message} ({code})", "repeat the command", code=code)


def _because(message: str) -> str:
    if lacking := _NO_POLICY.search(message):
        return f": no {lacking['kind']} allows it"
    denying = _DENYING_POLICY.search(message)
    return f": the {denying['kind']} denies it" if denying else ""


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


def _listed(names: list[str]) -> str:
    shown, more = names[:_NAMES_SHOWN], len(names) - _NAMES_SHOWN
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
