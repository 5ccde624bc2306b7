"""
Conditions that limit the principals or their network. Without one, a statement that allows principal `*` is public.

Amazon S3 defines a policy as not public if it grants access only to fixed values, without a wildcard or a policy
variable, of keys that identify a principal or a source. IAM Access Analyzer finds the same conditions.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-resources.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any, Literal

from ecr_constructs.model.iam.values import UNKNOWN, has_wildcard, is_never_empty, is_unknown, possible, text_of

__all__ = ["NARROWING_KEYS", "NarrowingKey", "OperatorFamily", "condition_problems", "narrows", "rejected_conditions"]

OperatorFamily = Literal["String", "Arn", "IpAddress"]


@dataclass(frozen=True, slots=True)
class _Operator:
    """
    A condition operator that can narrow a statement.

    Attributes:
        family: The type of the values.
        has_wildcards: Whether `*` and `?` in a value are wildcards.
        qualifier: `ForAnyValue`, `ForAllValues` or an empty string.
        is_optional: Whether the condition is met if the request has no such key.

    """

    family: OperatorFamily
    has_wildcards: bool
    qualifier: str
    is_optional: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class NarrowingKey:
    """
    A condition key that limits the principals or their network.

    Attributes:
        name: The key.
        families: The types of operators that count, such as `String` for StringEquals and StringLike.
        form: The values that count, for the documentation.
        accepts: A function that returns whether a value with an operator counts.
        is_multivalued: Whether a request can have several values. A set operator is then needed.
        key_policies_only: Whether the key exists for requests to AWS KMS only.

    """

    name: str
    families: tuple[OperatorFamily, ...] = ("String",)
    form: str
    accepts: Callable[[str, _Operator], bool]
    is_multivalued: bool = False
    key_policies_only: bool = False


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
# Both Arn operators match wildcards. Negated operators, Bool, Null, Date and Numeric operators narrow nothing.
_OPERATORS: Mapping[str, tuple[OperatorFamily, bool]] = {
    "stringequals": ("String", False),
    "stringequalsignorecase": ("String", False),
    "stringlike": ("String", True),
    "arnequals": ("Arn", True),
    "arnlike": ("Arn", True),
    "ipaddress": ("IpAddress", False),
}
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
_EXISTING_OPERATOR = re.compile(
    r"(?:(?:ForAllValues|ForAnyValue):)?"
    r"(?:(?:String(?:Not)?(?:Equals(?:IgnoreCase)?|Like)|Numeric(?:(?:Not)?Equals|(?:Less|Greater)Than(?:Equals)?)"
    r"|Date(?:(?:Not)?Equals|(?:Less|Greater)Than(?:Equals)?)|Bool|BinaryEquals|(?:Not)?IpAddress"
    r"|Arn(?:Not)?(?:Equals|Like))(?:IfExists)?|Null)",
    re.IGNORECASE,
)
_OPERATOR = re.compile(r"(?:(foranyvalue|forallvalues):)?([a-z]+?)(ifexists)?")
_ARN_PARTS = 6
# "Very broad" ranges are public: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
_SHORTEST_IPV4 = 8
_SHORTEST_IPV6 = 32
# Many ranges of the shortest length are as public as a broad one.
_MOST_RANGES = 16
# The IPv4 addresses as IPv6 addresses: https://www.rfc-editor.org/rfc/rfc4291#section-2.5.5.2
_MAPPED = IPv6Network("::ffff:0:0/96")
_UNIQUE_ID = re.compile(r"A[A-Z0-9]{15,127}|[0-9]{12}")


def _fixed(pattern: str) -> Callable[[str, _Operator], bool]:
    """Return a check for values of a pattern. A part that is known only at deployment is a fixed value."""
    compiled = re.compile(pattern)

    def accepts(text: str, _: _Operator) -> bool:
        if has_wildcard(text) or "${" in text:
            return False
        return UNKNOWN in text or compiled.fullmatch(text) is not None

    return accepts


def _organization_path(text: str, operator: _Operator) -> bool:
    """Return whether a path names an organization. Wildcards can follow its first slash."""
    organization, slash, _ = text.partition("/")
    if "${" in text or (not slash and text != UNKNOWN):
        return False
    return _ORGANIZATION(organization, operator)


def _user_id(text: str, operator: _Operator) -> bool:
    """Return whether a value names a principal by its unique ID. A session name can follow, with wildcards."""
    unique_id, _, session = text.partition(":")
    if "${" in text or has_wildcard(unique_id) or (has_wildcard(session) and not operator.has_wildcards):
        return False
    return UNKNOWN in unique_id or _UNIQUE_ID.fullmatch(unique_id) is not None


def _arn(text: str, operator: _Operator) -> bool:
    """
    Return whether an ARN names an account.

    "Each of the six colon-delimited components of the ARN is checked separately" by the Arn operators. A wildcard of
    StringLike also matches colons, so `arn:*:111122223333:*` matches ARNs of any account.
    """
    if "${" in text:
        return False
    parts = text.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS:
        # A whole ARN that is known only at deployment, such as that of a function, and a suffix such as ":*".
        return text.startswith(UNKNOWN) and not (text.count(":") > 1 and has_wildcard(text))
    if operator.family == "String" and any(map(has_wildcard, parts[:-1])):
        return False
    return _ACCOUNT(parts[4], operator)


def _source_arn(text: str, operator: _Operator) -> bool:
    """Return whether an ARN names an account, or a bucket, whose name is unique in all accounts."""
    *start, service, region, account, resource = ("", "", "", "", *text.split(":", _ARN_PARTS - 1))
    if (
        service == "s3"
        and not region
        and not account
        and not (operator.family == "String" and any(map(has_wildcard, start)))
    ):
        bucket = resource.partition("/")[0]
        return bool(bucket) and not has_wildcard(bucket) and "${" not in text
    return _arn(text, operator)


def _addresses(text: str, _: _Operator) -> bool:
    """
    Return whether a text is an address range.

    A range of an unknown address must have a length that is not too broad.
    """
    if UNKNOWN not in text:
        return _network(text) is not None
    length = text.partition("/")[2]
    shortest = _SHORTEST_IPV6 if ":" in text else _SHORTEST_IPV4
    return not has_wildcard(text) and "${" not in text and (not length.isdecimal() or int(length) >= shortest)


_ORGANIZATION = _fixed(r"o-[a-z0-9]{10,32}")
_ACCOUNT = _fixed(r"[0-9]{12}")
_ORGANIZATION_FORM = "the ID of an organization"
_PATH_FORM = "a path that begins with the ID of an organization and `/`; `*` can follow"
_ACCOUNT_FORM = "an account ID of 12 digits"

NARROWING_KEYS: Sequence[NarrowingKey] = (
    NarrowingKey(name="aws:PrincipalOrgID", form=_ORGANIZATION_FORM, accepts=_ORGANIZATION),
    NarrowingKey(name="aws:PrincipalOrgPaths", form=_PATH_FORM, accepts=_organization_path, is_multivalued=True),
    NarrowingKey(name="aws:PrincipalAccount", form=_ACCOUNT_FORM, accepts=_ACCOUNT),
    NarrowingKey(
        name="aws:PrincipalArn",
        families=("String", "Arn"),
        form="an ARN with an account ID; the other parts can contain `*`",
        accepts=_arn,
    ),
    NarrowingKey(
        name="aws:userid",
        form="the unique ID of a user or role; `:` and a session name can follow",
        accepts=_user_id,
    ),
    NarrowingKey(
        name="aws:SourceArn",
        families=("String", "Arn"),
        form="an ARN with an account ID, or the ARN of a bucket; the other parts can contain `*`",
        accepts=_source_arn,
    ),
    NarrowingKey(name="aws:SourceAccount", form=_ACCOUNT_FORM, accepts=_ACCOUNT),
    NarrowingKey(name="aws:SourceOwner", form=_ACCOUNT_FORM, accepts=_ACCOUNT),
    NarrowingKey(name="aws:SourceOrgID", form=_ORGANIZATION_FORM, accepts=_ORGANIZATION),
    NarrowingKey(name="aws:SourceOrgPaths", form=_PATH_FORM, accepts=_organization_path, is_multivalued=True),
    NarrowingKey(name="aws:SourceVpc", form="the ID of a VPC", accepts=_fixed(r"vpc-[0-9a-f]{8,17}")),
    NarrowingKey(name="aws:SourceVpce", form="the ID of a VPC endpoint", accepts=_fixed(r"vpce-[0-9a-f]{8,17}")),
    NarrowingKey(name="aws:VpceAccount", form=_ACCOUNT_FORM, accepts=_ACCOUNT),
    NarrowingKey(name="aws:VpceOrgID", form=_ORGANIZATION_FORM, accepts=_ORGANIZATION),
    NarrowingKey(name="aws:VpceOrgPaths", form=_PATH_FORM, accepts=_organization_path, is_multivalued=True),
    NarrowingKey(
        name="aws:SourceIp",
        families=("IpAddress",),
        form=f"address ranges of at least `/{_SHORTEST_IPV4}` (IPv4) or `/{_SHORTEST_IPV6}` (IPv6)",
        accepts=_addresses,
    ),
    NarrowingKey(name="kms:CallerAccount", form=_ACCOUNT_FORM, accepts=_ACCOUNT, key_policies_only=True),
)
_KEYS = {key.name.lower(): key for key in NARROWING_KEYS}


def narrows(condition: object, *, in_key_policy: bool = False) -> bool:
    """
    Return whether a condition limits the principals or their network.

    All operators and keys of a condition must be met, so one key that narrows is enough. One value of a key must be
    met, so each value must narrow.

    Args:
        condition: The `Condition` of a statement, as a policy document contains it.
        in_key_policy: Whether the statement is in a key policy of AWS KMS. Default: it is not.

    """
    present = _present_keys(condition)
    return any(
        _narrows(key, operator, values, is_present=key.name.lower() in present)
        for key, operator, _, values in _narrowing(condition)
        if operator is not None and (in_key_policy or not key.key_policies_only)
    )


def rejected_conditions(condition: object) -> Iterator[str]:
    """Yield each condition on a key of the table as `operator key`, for messages."""
    for key, _, name, _ in _narrowing(condition):
        yield f"{name} {key.name}"


def condition_problems(condition: object) -> Iterator[str]:
    """
    Yield the operators and keys of a condition that IAM does not accept.

    Args:
        condition: The `Condition` of a statement, as a policy document contains it. Names that are known only at
            deployment are not checked.

    """
    for operator, block in condition.items() if isinstance(condition, Mapping) and not is_unknown(condition) else ():
        name = str(operator)
        if UNKNOWN not in text_of(name) and not _EXISTING_OPERATOR.fullmatch(name):
            yield f"{name!r} is not a condition operator of IAM; use one such as 'StringEquals'"
        for key in block if isinstance(block, Mapping) and not is_unknown(block) else ():
            if ":" not in key and UNKNOWN not in text_of(key):
                yield f"{key!r} is not a condition key; use one such as 'aws:SourceAccount'"


def _narrowing(condition: object) -> Iterator[tuple[NarrowingKey, _Operator | None, str, object]]:
    for name, block in condition.items() if isinstance(condition, Mapping) else ():
        for key, values in block.items() if isinstance(block, Mapping) and not is_unknown(block) else ():
            # Names of keys are not case-sensitive.
            found = _KEYS.get(str(key).lower())
            if found is not None:
                yield found, _operator(str(name)), str(name), values


def _operator(name: str) -> _Operator | None:
    parsed = _OPERATOR.fullmatch(name.lower())
    if parsed is None or parsed[2] not in _OPERATORS:
        return None
    family, has_wildcards = _OPERATORS[parsed[2]]
    return _Operator(family, has_wildcards, parsed[1] or "", bool(parsed[3]))


def _present_keys(condition: object) -> frozenset[str]:
    """Return the keys that a request must have: `"Null": {key: "false"}`."""
    blocks = condition.items() if isinstance(condition, Mapping) else ()
    return frozenset(
        str(key).lower()
        for name, block in blocks
        if str(name).lower() == "null" and isinstance(block, Mapping)
        for key, values in block.items()
        if is_never_empty(values) and all(text_of(value).lower() == "false" for value in possible(values))
    )


def _narrows(key: NarrowingKey, operator: _Operator, values: Any, *, is_present: bool) -> bool:  # noqa: ANN401
    # "ForAllValues ... also returns true if there are no context keys in the request", and so does IfExists.
    if (operator.is_optional or operator.qualifier == "forallvalues") and not is_present:
        return False
    if key.is_multivalued and not operator.qualifier:
        return False
    # CloudFormation deletes a key whose value is AWS::NoValue. The rest of the condition remains.
    if operator.family not in key.families or not is_never_empty(values):
        return False
    texts = [text_of(value) for value in possible(values)]
    if not all(key.accepts(text, operator) for text in texts):
        return False
    return operator.family != "IpAddress" or _is_narrow([text for text in texts if UNKNOWN not in text])


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    if not isinstance(network, IPv6Network) or not network.overlaps(_MAPPED):
        return network
    length = max(network.prefixlen - _MAPPED.prefixlen, 0)
    return IPv4Network((int(network.network_address) & 0xFFFFFFFF if length else 0, length))


def _is_narrow(texts: Sequence[str]) -> bool:
    """Return whether address ranges, taken together, contain no range that is broader than the limits."""
    networks = [network for network in map(_network, texts) if network is not None]
    version_4 = collapse_addresses([each for each in networks if isinstance(each, IPv4Network)])
    version_6 = collapse_addresses([each for each in networks if isinstance(each, IPv6Network)])
    return _are_narrow(version_4, _SHORTEST_IPV4) and _are_narrow(version_6, _SHORTEST_IPV6)


def _are_narrow(networks: Iterable[IPv4Network | IPv6Network], shortest: int) -> bool:
    found = list(networks)
    broadest = 1 << (found[0].max_prefixlen - shortest) if found else 0
    return (
        all(each.prefixlen >= shortest for each in found)
        and sum(each.num_addresses for each in found) <= _MOST_RANGES * broadest
    )
