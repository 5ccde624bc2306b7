"""
The parser of lifecycle policy documents. It reports all problems, each with its path.

ECR validates a policy against a schema that allows no other fields and no nulls, and reports one problem at a time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from ecr_constructs.errors import ArgumentTypeError, InvalidLifecyclePolicy, json_problem
from ecr_constructs.model.lifecycle.rule import Action, CountType, LifecycleRule, rule_problems
from ecr_constructs.model.validation import abbreviate, is_token

__all__ = ["parse_json", "read_rules"]

# The path of each field of a `LifecycleRule` in the document.
_FIELDS = {
    "rule_priority": "rulePriority",
    "description": "description",
    "tag_status": "selection.tagStatus",
    "tag_pattern_list": "selection.tagPatternList",
    "tag_prefix_list": "selection.tagPrefixList",
    "count_type": "selection.countType",
    "count_number": "selection.countNumber",
    "action": "action.type",
}
_REQUIRED = ("rulePriority", "selection.tagStatus", "selection.countType", "selection.countNumber", "action.type")
# The fields of a document that `LifecycleRule` derives.
_DERIVED = ("selection.storageClass", "selection.countUnit", "action.targetStorageClass")
_OBJECTS = ("selection", "action")
# Ten times the number that ECR allows. Each rule can have a dozen problems.
_MOST_RULES = 500
_MISSING = "missing; ECR needs it in every rule"
_KNOWN = frozenset((*_FIELDS.values(), *_DERIVED))


def parse_json(text: str) -> object:
    """
    Return the document of a JSON text. A duplicate key is a problem.

    Args:
        text: The policy text.

    Raises:
        InvalidLifecyclePolicy: If it is not JSON.

    """
    if not isinstance(text, str):
        raise ArgumentTypeError(
            [f"from_json() requires a string, got {abbreviate(text)}; from_dict() requires a mapping"]
        )
    if is_token(text):
        raise InvalidLifecyclePolicy([f"the policy {abbreviate(text)} is known only at deployment; write it out"])
    try:
        return json.loads(text, object_pairs_hook=_unique_keys)
    except InvalidLifecyclePolicy:
        raise
    except (ValueError, RecursionError) as error:
        message = f"the policy is not JSON: {json_problem(error)}"
        raise InvalidLifecyclePolicy([message]) from None


def read_rules(document: object) -> tuple[dict[int, LifecycleRule], list[str]]:
    """
    Return the rules of a policy document, and its problems.

    Args:
        document: The policy: a mapping with `rules`.

    Returns:
        The valid rules by their index, and the problems of the others, each with its path.

    """
    if not isinstance(document, Mapping):
        return {}, [f"the policy is {abbreviate(document)}; write an object with 'rules'"]
    problems = [f"{key}: unknown field; a policy has only 'rules'" for key in document if key != "rules"]
    entries = document.get("rules")
    if "rules" not in document:
        problems.append("rules: missing; a policy is a list of rules")
    elif isinstance(entries, str) or not isinstance(entries, Sequence):
        problems.append(f"rules: {abbreviate(entries)} is not a list; write a list of rules")
    elif not entries:
        problems.append(
            "rules: empty, and ECR rejects a policy without rules; LifecyclePolicy.none() renders no policy"
        )
    elif len(entries) > _MOST_RULES:
        problems.append(f"rules: {len(entries):,} rules, and none is validated; ECR allows 50, merge or leave out some")
    else:
        return _read_each(entries, problems)
    return {}, problems


def _read_each(entries: Sequence[object], problems: list[str]) -> tuple[dict[int, LifecycleRule], list[str]]:
    rules = {}
    for index, entry in enumerate(entries):
        found = [f"rules[{index}]{place}: {text}" for place, text in _entry_problems(entry)]
        problems += found
        if not found:
            rules[index] = LifecycleRule(**_values(_flat(entry)))
    return rules, problems


def _entry_problems(entry: object) -> Iterator[tuple[str, str]]:
    if not isinstance(entry, Mapping):
        yield "", f"{abbreviate(entry)} is not a rule; write an object with 'rulePriority', 'selection' and 'action'"
        return
    flat = _flat(entry)
    yield from _field_problems(entry, flat)
    reported = {path for path in _KNOWN if flat.get(path) is None}
    for path, text in rule_problems(_values(flat), _FIELDS):
        if path.partition("[")[0] not in reported:
            yield f".{path}", text
    yield from _derived_problems(flat)


def _field_problems(entry: Mapping[str, object], flat: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the problems of missing fields, unknown fields and nulls."""
    for name in _OBJECTS:
        if not isinstance(entry.get(name), Mapping):
            yield f".{name}", f"{abbreviate(entry[name])} is not an object" if name in entry else _MISSING
    for path in _REQUIRED:
        if path not in flat and isinstance(_parent(entry, path), Mapping):
            yield f".{path}", _MISSING
    for path, value in flat.items():
        if path not in _KNOWN:
            yield f".{path}", "unknown field; ECR rejects a rule with unknown fields"
        elif value is None:
            yield f".{path}", "null; ECR rejects nulls, leave the field out"


def _derived_problems(flat: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    count_type, action = flat.get("selection.countType"), flat.get("action.type")
    unit = None if count_type == "imageCountMoreThan" else "days"
    target = "archive" if action == "transition" else None
    if count_type in get_args(CountType):
        yield from _expect(flat, "selection.countUnit", unit, f"with countType {abbreviate(count_type)}")
    if action in get_args(Action):
        yield from _expect(flat, "action.targetStorageClass", target, f"with action {abbreviate(action)}")
    yield from _storage_problems(flat, count_type)


def _expect(flat: Mapping[str, object], path: str, value: str | None, when: str) -> Iterator[tuple[str, str]]:
    if path in flat and flat[path] is None:
        return
    given = flat.get(path)
    if value is None and path in flat:
        yield f".{path}", f"{abbreviate(given)} is not allowed {when}; leave it out"
    elif value is not None and given != value:
        yield (
            f".{path}",
            f"{abbreviate(given)} is wrong {when}; write {value!r}"
            if path in flat
            else f"missing {when}; write {value!r}",
        )


def _storage_problems(flat: Mapping[str, object], count_type: object) -> Iterator[tuple[str, str]]:
    path = "selection.storageClass"
    given = flat.get(path)
    if path in flat and given is None:
        return
    if path in flat and given not in ("standard", "archive"):
        yield f".{path}", f"{abbreviate(given)} is unknown; write 'standard' or 'archive'"
    elif count_type == "sinceImageTransitioned" and given != "archive":
        yield f".{path}", f"countType {abbreviate(count_type)} applies to the archive only; write 'archive'"
    elif given == "archive" and count_type in get_args(CountType) and count_type != "sinceImageTransitioned":
        yield f".{path}", f"countType {abbreviate(count_type)} applies to standard storage only; leave it out"


def _flat(entry: object) -> dict[str, Any]:
    """Return the fields of a rule by their paths."""
    flat: dict[str, Any] = {}
    for key, value in entry.items() if isinstance(entry, Mapping) else ():
        if key in _OBJECTS and isinstance(value, Mapping):
            flat.update({f"{key}.{inner}": inner_value for inner, inner_value in value.items()})
        elif key not in _OBJECTS:
            flat[f"[{key!r}]" if "." in str(key) else str(key)] = value
    return flat


def _parent(entry: Mapping[str, Any], path: str) -> object:
    name, dot, _ = path.partition(".")
    return entry.get(name) if dot else entry


def _values(flat: Mapping[str, Any]) -> dict[str, Any]:
    defaults = {"tag_pattern_list": (), "tag_prefix_list": ()}
    return {field: flat.get(path, defaults.get(field)) for field, path in _FIELDS.items()}


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(fields := dict(pairs)) < len(pairs):
        twice = sorted(key for key, number in Counter(key for key, _ in pairs).items() if number > 1)
        raise InvalidLifecyclePolicy([f"{key}: written twice in one object; keep one" for key in twice])
    return fields
