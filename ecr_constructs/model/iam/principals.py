"""
Principals of a policy statement, and whether IAM accepts them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ecr_constructs.model.iam.values import UNKNOWN, has_wildcard, is_unknown, possible, text_of, value_label
from ecr_constructs.model.partitions import DNS_SUFFIXES

__all__ = ["DUMMY_ROLE", "names_everyone", "principal_problems", "principals_of"]

# The end of the ARN that the CDK gives to a role of `iam.Role.from_lookup` until the role is looked up. Its account and
# Region are placeholders, too.
DUMMY_ROLE = ":role/DUMMY_ARN"

_ACCOUNT = re.compile(rf"[0-9]{{12}}|[^*?:]*{UNKNOWN}[^*?:]*")
_PARTITION = re.compile(rf"aws(-[a-z]+)*|[^*?:]*{UNKNOWN}[^*?:]*")
# IAM replaces the ARN of a deleted principal by its unique ID:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_UNIQUE_ID = re.compile(r"A(IDA|ROA)[A-Z0-9]{12,124}")
_DOMAIN = r"[a-z0-9-]+(\.[a-z0-9-]+)+"
# A few services have names in other domains than the suffix of a partition, such as `alexa-appkit.amazon.com`.
_SUFFIXES = "|".join(map(re.escape, sorted({*DNS_SUFFIXES, "amazon.com", "aws.internal"})))
_SERVICE = re.compile(rf"([a-z0-9-]+\.)+({_SUFFIXES})")
_PROVIDER = re.compile(rf"{_DOMAIN}(/.+)?|arn:aws[a-z-]*:iam::[0-9]{{12}}:(saml|oidc)-provider/.+")
_CANONICAL_USER = re.compile(r"[0-9a-f]{64}")
# The resources of IAM and STS that are principals, and the rest of their ARNs:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_NAME = r"[A-Za-z0-9+=,.@_-]"
_RESOURCES = {
    "iam": re.compile(rf"root|(role|user)/([!-~]{{1,510}}/)?{_NAME}{{1,64}}"),
    "sts": re.compile(rf"assumed-role/{_NAME}{{1,64}}/{_NAME}{{2,64}}|federated-user/{_NAME}{{2,32}}"),
}
_EXAMPLE = "'arn:aws:iam::111122223333:root' for an account, or the ARN of a role or user"


def principals_of(statement: Mapping[str, Any], element: str = "Principal") -> Iterator[tuple[str, object]]:
    """
    Yield the principals of a statement, each with its type.

    Args:
        statement: The statement, as a policy document contains it.
        element: `Principal` or `NotPrincipal`. Default: `Principal`.

    Yields:
        The type, such as `AWS` or `Service`, and the value. `"Principal": "*"` has the type `AWS`.

    """
    for given in possible(statement.get(element, [])):
        if isinstance(given, str):
            yield "AWS", given
        elif isinstance(given, Mapping) and not is_unknown(given):
            for kind, values in given.items():
                yield from ((kind, value) for value in possible(values))


def names_everyone(statement: Mapping[str, Any]) -> bool:
    """Return whether a statement applies to every principal, or to all except some."""
    return "NotPrincipal" in statement or any(text_of(value) == "*" for _, value in principals_of(statement))


def principal_problems(statement: Mapping[str, Any]) -> Iterator[str]:
    """
    Yield the principals of a statement that IAM does not accept.

    Args:
        statement: The statement, as a policy document contains it.

    Yields:
        One sentence for each problem, with the value and the fix.

    """
    for element in ("Principal", "NotPrincipal"):
        for given in possible(statement.get(element, [])):
            yield from _element_problems(element, given)


def _element_problems(element: str, given: object) -> Iterator[str]:
    if isinstance(given, str) and given != "*" and UNKNOWN not in text_of(given):
        yield f"{element} {given!r} has no type; write {{'AWS': {given!r}}}"
        return
    for kind, value in principals_of({element: given}, element):
        yield from _principal_kind_problems(kind, value)
    if isinstance(given, Mapping) and not is_unknown(given):
        if not given:
            yield f"{element} of the statement is empty; name a principal such as {{'AWS': '111122223333'}}"
        for kind in (kind for kind, values in given.items() if not any(True for _ in possible(values))):
            yield f"the list of {kind} principals of the statement is empty; add a principal or remove the list"


def _principal_kind_problems(kind: str, value: object) -> Iterator[str]:
    text = text_of(value)
    check = _CHECKS.get(kind)
    if check is None:
        yield f"principal type {kind!r} does not exist; use one of {', '.join(_CHECKS)}"
    elif kind == "AWS" and text == "*":
        return
    elif has_wildcard(text):
        yield f"principal {value_label(value)} contains a wildcard, which IAM accepts only alone; {_instead(kind)}"
    elif not text.startswith(UNKNOWN) and not text.endswith(DUMMY_ROLE):
        yield from check(text, value_label(value))


def _instead(kind: str) -> str:
    if kind == "AWS":
        return (
            "name the account 'arn:aws:iam::111122223333:root' and limit its principals with a condition "
            "ArnLike on aws:PrincipalArn"
        )
    return f"name each {kind} principal"


def _aws_problems(text: str, shown_text: str) -> Iterator[str]:
    if text.isdigit():
        if not _ACCOUNT.fullmatch(text):
            yield f"principal {shown_text} has {len(text)} digits; an account ID has 12"
        return
    if _UNIQUE_ID.fullmatch(text):
        return
    arn = text.split(":", 5)
    if len(arn) != len(("arn", "partition", "service", "region", "account", "resource")) or arn[0] != "arn":
        if UNKNOWN not in text:
            yield f"principal {shown_text} is not an account, a role or a user; write {_EXAMPLE}"
        return
    yield from _arn_problems(arn, shown_text)


def _arn_problems(arn: list[str], shown_text: str) -> Iterator[str]:
    _, partition, service, region, account, resource = arn
    if not _PARTITION.fullmatch(partition):
        yield f"principal {shown_text} has the partition {partition!r}; write one such as 'aws' or 'aws-cn'"
    if UNKNOWN not in service and service not in _RESOURCES:
        yield f"principal {shown_text} is a resource of {service!r}; a principal is an account, a role or a user"
        return
    if region and UNKNOWN not in region:
        yield f"principal {shown_text} names the Region {region!r}; ARNs of IAM and STS have none"
    if not _ACCOUNT.fullmatch(account):
        yield f"principal {shown_text} has the account {account!r}; an account ID has 12 digits"
    if resource.startswith("group/"):
        yield f"principal {shown_text} is an IAM group, which cannot be a principal; name its users or a role"
    elif UNKNOWN not in service + resource and not _RESOURCES[service].fullmatch(resource):
        yield f"principal {shown_text} is not an account, a role or a user; write {_EXAMPLE}"


def _service_problems(text: str, shown_text: str) -> Iterator[str]:
    if UNKNOWN not in text and not _SERVICE.fullmatch(text):
        yield f"service principal {shown_text} is malformed; write one such as 'lambda.amazonaws.com'"


def _federated_problems(text: str, shown_text: str) -> Iterator[str]:
    if UNKNOWN not in text and not _PROVIDER.fullmatch(text):
        yield (
            f"federated principal {shown_text} is not an identity provider; write the ARN of one, such as "
            "'arn:aws:iam::111122223333:saml-provider/Example', or a domain such as 'accounts.google.com'"
        )


def _canonical_problems(text: str, shown_text: str) -> Iterator[str]:
    if UNKNOWN not in text and not _CANONICAL_USER.fullmatch(text):
        yield f"canonical user {shown_text} is malformed; a canonical user ID has 64 hexadecimal digits"


_CHECKS = {
    "AWS": _aws_problems,
    "Service": _service_problems,
    "Federated": _federated_problems,
    "CanonicalUser": _canonical_problems,
}
