"""Changes of resource policies: wider access, removed denials, and removed access."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from ecr_constructs.model import wildcards
from ecr_constructs.model.changes.change import Change
from ecr_constructs.model.changes.conditions import Conditions, conditions_of, is_looser, pattern_includes
from ecr_constructs.model.changes.state import Resource, canonical, object_of
from ecr_constructs.model.iam.principals import principals_of
from ecr_constructs.model.iam.statements import Statement, is_public
from ecr_constructs.model.iam.values import as_list, possible, text_of, value_label
from ecr_constructs.model.template_syntax import has_functions
from ecr_constructs.model.word_lists import shortened

__all__ = ["covers", "policy_changes", "statements_of_policy"]

_ARN_PARTS = 6
_ACCOUNT = 4


class _Element(NamedTuple):
    """The principals, actions or resources of a statement: one value, or all but some values."""

    values: frozenset[str]
    is_negated: bool = False


class _Permission(NamedTuple):
    """One principal, action and resource of a statement, with the conditions of the statement."""

    principal: _Element
    action: _Element
    resource: _Element
    conditions: Conditions


def policy_changes(
    before: Resource, after: Resource, name: str, *, in_key_policy: bool = False, removal: str = ""
) -> Iterator[Change]:
    """
    Yield the changes of a policy of a resource.

    Args:
        before: The deployed resource.
        after: The resource of the update.
        name: The property with the policy.
        in_key_policy: Whether it is the policy of a key. Default: it is not.
        removal: The consequence of a property that is removed. Default: there is none.

    """
    old, new = before.properties.get(name), after.properties.get(name)
    if canonical(_document(old)) == canonical(_document(new)):
        return
    if any(value is not None and "Statement" not in object_of(value) for value in (old, new)):
        sentence = f"{name} changes, and CloudFormation computes it at deployment, so the access is not compared"
        yield Change.of("unknown-change", after, sentence, "write the statements in the template")
        return
    if old is not None and new is None and removal:
        yield Change.of("removed-policy", after, f"{name} is not in the new template; {removal}", _KEEP_POLICY)
    were, are = statements_of_policy(old), statements_of_policy(new)
    yield from _public(after, name, were, are, in_key_policy=in_key_policy)
    yield from _wider(after, name, were, are)
    yield from _denials(after, name, were, are)
    if new is not None:
        yield from _narrower(after, name, were, are)
        yield from _denied(after, name, were, are)


_KEEP_POLICY = (
    "add the statements of the deployed policy to the new template; for functions, add Access.lambda_pull(account)"
)


def statements_of_policy(policy: object) -> tuple[Statement, ...]:
    """
    Return the statements of a policy.

    Args:
        policy: The policy document, or its JSON text.

    """
    return tuple(each for each in possible(object_of(policy).get("Statement", [])) if isinstance(each, Mapping))


def covers(wide: Sequence[Statement], narrow: Statement) -> bool:
    """
    Return whether statements apply to every request that another statement applies to.

    Args:
        wide: The statements, all with one effect.
        narrow: The other statement.

    """
    if any(_comparable_text(each) == _comparable_text(narrow) for each in wide):
        return True
    known = [permission for each in wide for permission in _permissions(each)]
    return all(any(_includes(each, permission) for each in known) for permission in _permissions(narrow))


def _document(policy: object) -> object:
    """Return a policy without the parts that have no effect: the order of its statements, and their Sid."""
    document = object_of(policy)
    return sorted(map(_comparable_text, statements_of_policy(document))) if document.get("Statement") else policy


def _comparable_text(statement: Statement) -> str:
    elements = {name: value for name, value in statement.items() if name not in ("Sid", "Condition")}
    texts = {name: _sorted(value) for name, value in elements.items()}
    conditions = {f"{operator} {key}": sorted(values) for (operator, key), values in conditions_of(statement).items()}
    return canonical({**texts, "Effect": statement.get("Effect", "Allow"), "Condition": conditions})


def _sorted(value: object) -> object:
    if isinstance(value, Mapping) and not has_functions(value):
        return {name: _sorted(each) for name, each in value.items()}
    return sorted(map(canonical, as_list(value)))


def _effect(statements: Sequence[Statement], effect: str) -> list[Statement]:
    return [each for each in statements if each.get("Effect", "Allow") == effect]


def _public(
    after: Resource, name: str, were: Sequence[Statement], are: Sequence[Statement], *, in_key_policy: bool
) -> Iterator[Change]:
    public = [each for each in are if is_public(each, in_key_policy=in_key_policy)]
    new = [each for each in public if not covers(_effect(were, "Allow"), each)]
    for statement in new:
        sentence = f"{name} allows {_actions(statement)} to every principal, without a condition that limits them"
        remedy = "name accounts as principals, or use Access.organization_pull('o-...')"
        yield Change.of("public-access", after, sentence, remedy)


def _wider(after: Resource, name: str, were: Sequence[Statement], are: Sequence[Statement]) -> Iterator[Change]:
    allowed = _effect(were, "Allow")
    for statement in _effect(are, "Allow"):
        if not covers(allowed, statement) and not is_public(statement):
            sentence = f"{name} newly allows {_actions(statement)} to {_principals(statement)}"
            yield Change.of(
                "wider-access", after, sentence, "check that the access is intended, or remove the statement"
            )


def _denials(after: Resource, name: str, were: Sequence[Statement], are: Sequence[Statement]) -> Iterator[Change]:
    denied = _effect(are, "Deny")
    for statement in _effect(were, "Deny"):
        if not covers(denied, statement):
            sentence = f"{name} no longer denies {_actions(statement)} to {_principals(statement)} in all cases"
            yield Change.of("removed-denial", after, sentence, "keep the statement with the effect Deny")


def _narrower(after: Resource, name: str, were: Sequence[Statement], are: Sequence[Statement]) -> Iterator[Change]:
    allowed = _effect(are, "Allow")
    for statement in _effect(were, "Allow"):
        if not covers(allowed, statement):
            sentence = f"{name} no longer allows {_actions(statement)} to {_principals(statement)} in all cases"
            yield Change.of("removed-access", after, sentence, "check that no workload uses the access")


def _permissions(statement: Statement) -> Iterator[_Permission]:
    conditions = conditions_of(statement)
    principals = _elements(statement, "Principal", [f"{kind} {_principal(value)}" for kind, value in _named(statement)])
    actions = _elements(statement, "Action", [text_of(each).lower() for each in _values(statement, "Action")])
    resources = _elements(statement, "Resource", [text_of(each) for each in _values(statement, "Resource")] or ["*"])
    for principal, action, resource in product(principals, actions, resources):
        yield _Permission(principal, action, resource, conditions)


def _denied(after: Resource, name: str, were: Sequence[Statement], are: Sequence[Statement]) -> Iterator[Change]:
    denied, allowed = _effect(were, "Deny"), _effect(were, "Allow")
    for statement in _effect(are, "Deny"):
        if not covers(denied, statement) and any(_can_meet(statement, each) for each in allowed):
            sentence = f"{name} newly denies {_actions(statement)} to {_principals(statement)}, which it allows"
            yield Change.of("removed-access", after, sentence, "check that no workload uses the access")


def _can_meet(one: Statement, other: Statement) -> bool:
    """Return whether a principal and an action of two statements can be the same. Conditions are not compared."""
    return any(
        _meet(permission.principal, each.principal, _includes_principal)
        and _meet(permission.action, each.action, pattern_includes)
        for permission in _permissions(one)
        for each in _permissions(other)
    )


def _meet(one: _Element, other: _Element, includes: Callable[[str, str], bool]) -> bool:
    if one.is_negated or other.is_negated:
        negated, values = (one, other.values) if one.is_negated else (other, one.values)
        is_left = any(not any(includes(each, value) for each in negated.values) for value in values)
        return is_left or (one.is_negated and other.is_negated)
    return any(_overlap(a, b, includes) for a in one.values for b in other.values)


def _named(statement: Statement) -> Iterator[tuple[str, object]]:
    return principals_of(statement, "NotPrincipal" if "NotPrincipal" in statement else "Principal")


def _values(statement: Statement, name: str) -> Iterator[object]:
    return possible(statement.get(f"Not{name}" if f"Not{name}" in statement else name, []))


def _elements(statement: Statement, name: str, texts: Sequence[str]) -> list[_Element]:
    if f"Not{name}" in statement:
        return [_Element(frozenset(texts), is_negated=True)]
    return [_Element(frozenset([text])) for text in texts]


def _principal(value: object) -> str:
    """Return a principal as text. The ARN of an account and its ID are the same principal."""
    parts = text_of(value).split(":")
    if len(parts) == _ARN_PARTS and parts[-1] == "root" and parts[_ACCOUNT].isdigit():
        return parts[_ACCOUNT]
    # Values that are known only at deployment are compared by their functions.
    return canonical(value) if isinstance(value, Mapping) else text_of(value)


def _includes(wide: _Permission, narrow: _Permission) -> bool:
    return (
        _has_all(wide.principal, narrow.principal, _includes_principal, "AWS *")
        and _has_all(wide.action, narrow.action, pattern_includes, "ecr:*")
        and _has_all(wide.resource, narrow.resource, pattern_includes, "*")
        and is_looser(wide.conditions, narrow.conditions)
    )


def _has_all(wide: _Element, narrow: _Element, includes: Callable[[str, str], bool], everything: str) -> bool:
    """Return whether an element of a statement has every value of another one."""
    if wide.is_negated and narrow.is_negated:
        # An account in NotPrincipal does not stand for its roles:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        excludes = operator.eq if includes is _includes_principal else includes
        return all(any(excludes(each, one) for each in narrow.values) for one in wide.values)
    if wide.is_negated:
        return not any(_overlap(one, each, includes) for one in wide.values for each in narrow.values)
    values = [everything] if narrow.is_negated else narrow.values
    return all(any(includes(one, each) for one in wide.values) for each in values)


def _overlap(one: str, other: str, includes: Callable[[str, str], bool]) -> bool:
    """Return whether a principal can be both of two principals, or a text can match both of two patterns."""
    if includes is pattern_includes:
        # A `?` is read as a `*`, so that the patterns overlap at least as often as those of IAM.
        return wildcards.overlaps(one.replace("?", "*"), other.replace("?", "*"))
    return includes(one, other) or includes(other, one)


def _includes_principal(wide: str, narrow: str) -> bool:
    kind, _, principal = wide.partition(" ")
    # AWS does not document whether `*` includes service principals.
    is_everyone = principal == "*" and narrow.startswith(f"{kind} ")
    is_account = kind == "AWS" and principal.isdigit() and f":{principal}:" in narrow
    return wide == narrow or is_everyone or is_account


def _actions(statement: Statement) -> str:
    if "NotAction" in statement:
        return f"all actions but {_list(statement['NotAction'])}"
    return _list(statement.get("Action", "no action"))


def _list(value: object, most: int = 4) -> str:
    texts = [text if isinstance(text, str) else value_label(text) for text in possible(value)]
    return shortened(texts, most)


def _principals(statement: Statement) -> str:
    if "NotPrincipal" in statement:
        return "all principals but some"
    found = [value for _, value in principals_of(statement)]
    everyone = "every principal that meets its conditions"
    return everyone if "*" in found else _list(found) or "no principal"
