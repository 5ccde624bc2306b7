"""The text of a lifecycle policy, as a policy or as the reasons why it cannot be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ecr_constructs.cli.formatting import truncate
from ecr_constructs.cli.sources.records import Policy, UnreadablePolicy
from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.parser import parse_json
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.validation import CONTROL_CHARACTER

__all__ = ["PolicyPlace", "parse_policy", "policy_of_document", "read_text", "saved_policies"]

# ECR allows 50 rules in a policy.
_MOST_PROBLEMS = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyPlace:
    """
    The place of a policy, and the properties of its repository in the source. The fields are as in `Policy`.

    Attributes:
        where: The place.
        repository: The name of its repository.
        prefix: The prefix of a creation template.
        immutability: The immutability.
        is_default: Whether the conditions of the place hold with the defaults of its template.
        is_assumed: Whether the policy depends on conditions or on defaults.

    """

    where: str
    repository: str | None = None
    prefix: str | None = None
    immutability: Immutability | None = None
    is_default: bool = True
    is_assumed: bool = False

    def unread(self, problem: str) -> UnreadablePolicy:
        """Return a policy that cannot be read, but is not a mistake."""
        return self._unreadable([problem], is_invalid=False)

    def invalid(self, problems: list[str]) -> UnreadablePolicy:
        """Return a policy that ECR would reject."""
        return self._unreadable(problems, is_invalid=True)

    def _unreadable(self, problems: list[str], *, is_invalid: bool) -> UnreadablePolicy:
        return UnreadablePolicy(
            where=self.where,
            repository=self.repository,
            prefix=self.prefix,
            is_default=self.is_default,
            problems=tuple(problems),
            is_invalid=is_invalid,
        )


def read_text(text: object, place: PolicyPlace) -> Policy | UnreadablePolicy:
    """
    Return the policy of a text, or the problems because of which ECR would reject it.

    Args:
        text: The JSON text. Without a text or an entry in it, the policy has no rules.
        place: The place of the text.

    """
    if text in (None, {}, ""):
        return _policy_at(LifecyclePolicy.none(), place)
    if not isinstance(text, str):
        return place.invalid(["the policy is not a text; write its JSON as one string"])
    try:
        return _policy_at(parse_policy(text), place)
    except InvalidLifecyclePolicy as error:
        return place.invalid(truncate(error.problems, _MOST_PROBLEMS))


def saved_policies(document: object) -> Iterator[tuple[str | None, object]]:
    """
    Yield the repositories and the texts of policies in an answer of `GetLifecyclePolicy`, in the shapes that are saved.

    Args:
        document: The answer, its `lifecyclePolicyText` alone, as the option `--query` prints it, or an object with an
            entry for each repository. A text can also be the parsed policy. Without any of them, nothing is yielded.

    """
    if isinstance(document, str) and document.lstrip().startswith("{"):
        yield None, document
    elif isinstance(document, Mapping) and "lifecyclePolicyText" in document:
        name, text = document.get("repositoryName"), document["lifecyclePolicyText"]
        is_parsed = isinstance(text, Mapping) and "rules" in text
        yield name if isinstance(name, str) else None, json.dumps(text) if is_parsed else text
    elif isinstance(document, Mapping) and document and all(map(_is_saved_policy, document.values())):
        for name, entry in document.items():
            is_policy = isinstance(entry, Mapping) and "rules" in entry
            found = [(None, json.dumps(entry))] if is_policy else saved_policies(entry)
            yield from ((own or name, text) for own, text in found)


def _is_saved_policy(entry: object) -> bool:
    if isinstance(entry, Mapping):
        return isinstance(entry.get("rules"), list) or "lifecyclePolicyText" in entry
    return isinstance(entry, str) and entry.lstrip().startswith("{") and '"rules"' in entry


def parse_policy(text: str) -> LifecyclePolicy:
    """
    Return the policy in a text. Control characters in its descriptions become escapes.

    AWS does not document the characters of a description, and a description has no effect on images.

    Args:
        text: The JSON text.

    Raises:
        InvalidLifecyclePolicy: As `LifecyclePolicy.from_json`.

    """
    return policy_of_document(parse_json(text))


def policy_of_document(document: object) -> LifecyclePolicy:
    """
    Return the policy in a parsed document, as `parse_policy` does.

    Args:
        document: The document.

    Raises:
        InvalidLifecyclePolicy: As `LifecyclePolicy.from_dict`.

    """
    rules = document.get("rules") if isinstance(document, Mapping) else None
    if isinstance(document, Mapping) and isinstance(rules, list):
        document = {**document, "rules": list(map(_with_escapes, rules))}
    return LifecyclePolicy.from_dict(document)


def _with_escapes(rule: object) -> object:
    description = rule.get("description") if isinstance(rule, Mapping) else None
    if not isinstance(rule, Mapping) or not isinstance(description, str):
        return rule
    escaped = CONTROL_CHARACTER.sub(lambda found: repr(found.group())[1:-1], description)
    return {**rule, "description": escaped}


def _policy_at(policy: LifecyclePolicy, place: PolicyPlace) -> Policy:
    return Policy(
        policy=policy,
        where=place.where,
        repository=place.repository,
        prefix=place.prefix,
        immutability=place.immutability,
        is_default=place.is_default,
        is_assumed=place.is_assumed,
    )
