"""
The evaluation of policy statements for a request: allowed, denied, or known only at deployment.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any, Literal

from ecr_constructs.model.iam.actions import matches_action
from ecr_constructs.model.iam.principals import principals_of
from ecr_constructs.model.iam.values import UNKNOWN, is_unknown, possible, text_of, value_label

__all__ = ["AccessResult", "Outcome", "Requester", "account_of", "evaluate_access"]

Outcome = Literal["allowed", "denied", "not allowed", "not decidable"]

_ARN_PARTS = 6
_OPERATOR = re.compile(r"(?:(foranyvalue|forallvalues):)?([a-z]+?)(ifexists)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Requester:
    """
    The principal of a request.

    Attributes:
        kind: The type of the principal in a policy: `AWS` or `Service`.
        name: An account ID, an ARN, a service, or an intrinsic function such as `{"Fn::GetAtt": ["Role", "Arn"]}`.
            An empty text for any principal.
        account: The account ID. Default: not known.
        context: The values of condition keys in the request, in lower case.

    """

    kind: Literal["AWS", "Service"]
    name: object
    account: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessResult:
    """
    The result of an evaluation.

    Attributes:
        outcome: `allowed`; `denied` by a statement; `not allowed` by any; or `not decidable`.
        reason: The reason, as a clause.

    """

    outcome: Outcome
    reason: str


def evaluate_access(
    statements: Iterable[Mapping[str, Any]],
    requester: Requester,
    action: str,
    applies_to: Callable[[Mapping[str, Any]], bool | None] = lambda _: True,
) -> AccessResult:
    """
    Return whether statements allow a request.

    Args:
        statements: The statements of all policies that apply to the request.
        requester: The principal. Statements without a principal are those of an identity policy of the principal.
        action: The action, such as `ecr:PutImage`.
        applies_to: A function that returns whether a statement applies to the resource of the request. None if
            CloudFormation determines it. Default: all statements apply.

    """
    found = [(each, _applies(each, requester, action, is_for_resource=applies_to(each))) for each in statements]
    denying = [(each, why) for each, why in found if why is not False and each.get("Effect") == "Deny"]
    allowing = [(each, why) for each, why in found if why is not False and each.get("Effect", "Allow") == "Allow"]
    for each, why in denying:
        if why is True:
            return AccessResult(outcome="denied", reason=f"{_named(each)} denies {action}")
    if not allowing:
        return AccessResult(outcome="not allowed", reason=f"no statement allows {action}")
    if denying:
        return _undecided("denies", action, denying)
    if any(why is True for _, why in allowing):
        return AccessResult(outcome="allowed", reason=f"{_named(allowing[0][0])} allows {action}")
    return _undecided("allows", action, allowing)


def _undecided(verb: str, action: str, found: Sequence[tuple[Mapping[str, Any], bool | str]]) -> AccessResult:
    reasons = [f"{_named(each)} {verb} {action} depending on {why}" for each, why in found]
    return AccessResult(outcome="not decidable", reason="; ".join(reasons))


def _named(statement: Mapping[str, Any]) -> str:
    sid = statement.get("Sid")
    return f"the statement {value_label(sid)}" if sid else "a statement"


def _applies(
    statement: Mapping[str, Any], requester: Requester, action: str, *, is_for_resource: bool | None
) -> bool | str:
    """Return whether a statement applies, or the reason why CloudFormation or the request determines it."""
    if is_for_resource is False:
        return False
    checks = [
        _names_action(statement, action),
        _names_principal(statement, requester),
        True if is_for_resource else "its Resource",
        *_meets(statement.get("Condition"), requester.context),
    ]
    if False in checks:
        return False
    reasons = dict.fromkeys(each for each in checks if each is not True)
    return " and ".join(map(str, reasons)) or True


def _names_action(statement: Mapping[str, Any], action: str) -> bool | str:
    element = "NotAction" if "NotAction" in statement else "Action"
    given = [*possible(statement.get(element, []))]
    if any(matches_action(each, action) for each in given if UNKNOWN not in text_of(each)):
        return element == "Action"
    return "its actions" if any(UNKNOWN in text_of(each) for each in given) else element == "NotAction"


# --- principals -------------------------------------------------------------------------------------------------------


def _names_principal(statement: Mapping[str, Any], requester: Requester) -> bool | str:
    if "Principal" not in statement and "NotPrincipal" not in statement:
        return True
    element = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
    found = [_is_requester(kind, value, requester) for kind, value in principals_of(statement, element)]
    if True in found:
        return element == "Principal"
    reason = next((each for each in found if isinstance(each, str)), None)
    return reason or (element == "NotPrincipal")


def _is_requester(kind: str, value: object, requester: Requester) -> bool | str:
    text = text_of(value)
    if text == "*":
        # AWS does not document whether `*` includes the principals of services.
        return True if requester.kind == "AWS" else "whether '*' includes services, which AWS does not document"
    if kind != requester.kind:
        return False
    if value == requester.name:
        return True
    account = account_of(text)
    if account is None and UNKNOWN in text:
        return _may_be_requester(value, requester)
    is_whole_account = text == account or text.endswith(":root")
    return account == requester.account and (is_whole_account or _is_same_arn(text, text_of(requester.name)))


def _may_be_requester(value: object, requester: Requester) -> bool | str:
    """Return whether a principal that CloudFormation computes is that of the request, or why this is not known."""
    is_attribute = isinstance(value, Mapping) and "Fn::GetAtt" in value
    # The ARN of a resource is not that of a whole account, and not that of another resource.
    if is_attribute and (isinstance(requester.name, Mapping) or not text_of(requester.name).startswith("arn:")):
        return False
    return f"the principal {value_label(value)}"


def _is_same_arn(text: str, name: str) -> bool:
    """Return whether two ARNs are equal. The partition of one can be known only at deployment."""
    parts, others = text.split(":", _ARN_PARTS - 1), name.split(":", _ARN_PARTS - 1)
    return parts[2:] == others[2:] and (parts[1] == others[1] or UNKNOWN in parts[1])


def account_of(text: str) -> str | None:
    """
    Return the account of an account ID or of an ARN, or None for another text.

    Args:
        text: The text. The partition of an ARN may be known only at deployment.

    """
    parts = text.split(":", _ARN_PARTS - 1)
    account = parts[4] if len(parts) == _ARN_PARTS else text
    return account if account.isdigit() else None


# --- conditions -------------------------------------------------------------------------------------------------------


def _meets(condition: object, context: Mapping[str, str]) -> Iterator[bool | str]:
    """Yield, for each operator and key, whether the request meets it, or the reason why it is not known."""
    if is_unknown(condition):
        yield "its Condition"
        return
    for name, block in condition.items() if isinstance(condition, Mapping) else ():
        if not isinstance(block, Mapping) or is_unknown(block):
            yield f"its condition {name}"
            continue
        for key, values in block.items():
            yield _meets_key(str(name), str(key), [*possible(values)], context.get(str(key).lower()))


def _meets_key(name: str, key: str, wanted: Sequence[object], value: str | None) -> bool | str:
    unknown = f"{key} ({name})"
    parsed = _OPERATOR.fullmatch(name.lower())
    compare = _COMPARISONS.get(parsed[2]) if parsed else None
    if value is None or parsed is None or compare is None:
        return unknown
    is_negated = "not" in parsed[2]
    results = [
        None if UNKNOWN in text_of(each) or "${" in text_of(each) else compare(text_of(each), value) for each in wanted
    ]
    if True in results:
        return not is_negated
    return unknown if None in results else is_negated


def _like(pattern: str, value: str) -> bool:
    parts = ({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern)
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def _arn_like(pattern: str, value: str) -> bool:
    # "Each of the six colon-delimited components of the ARN is checked separately".
    patterns, values = pattern.split(":", _ARN_PARTS - 1), value.split(":", _ARN_PARTS - 1)
    return len(patterns) == len(values) and all(map(_like, patterns, values))


def _is_in_range(text: str, value: str) -> bool | None:
    try:
        return ip_address(value) in ip_network(text, strict=False)
    except ValueError:
        return None


def _equal(text: str, value: str) -> bool:
    return text == value


def _equal_ignoring_case(text: str, value: str) -> bool:
    return text.lower() == value.lower()


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
_COMPARISONS: Mapping[str, Callable[[str, str], bool | None]] = {
    "stringequals": _equal,
    "stringnotequals": _equal,
    "stringequalsignorecase": _equal_ignoring_case,
    "stringnotequalsignorecase": _equal_ignoring_case,
    "stringlike": _like,
    "stringnotlike": _like,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    "arnnotequals": _arn_like,
    "arnnotlike": _arn_like,
    "ipaddress": _is_in_range,
    "notipaddress": _is_in_range,
    "bool": _equal_ignoring_case,
}
