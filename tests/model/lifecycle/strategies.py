"""
Strategies for legal and illegal texts, rules, policies, intents and images.

Legal texts are built from their parts and not filtered by the grammars of the library, so a grammar that rejects
too much fails a test.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from ecr_constructs.model import (
    Intent,
    LifecyclePolicy,
    LifecycleRule,
    archive_older_than,
    archive_unpulled,
    archive_untagged,
    delete_archived,
    expire_older_than,
    expire_unmatched,
    expire_untagged,
    keep_forever,
    keep_latest,
    limit_images,
)

LOWER = "abcdefghijklmnopqrstuvwxyz0123456789"
TAG_LETTERS = LOWER + LOWER.upper() + "._-"

TOKENS = ("${Token[AWS.Region.4]}", "prod-${Token[TOKEN.123]}", "${Token[Ref.A]}/${Token[Ref.B]}")


def _joined(parts: st.SearchStrategy[str], separators: st.SearchStrategy[str], most: int) -> st.SearchStrategy[str]:
    """Texts of one to `most` parts with a separator between each two."""

    def join(first: str, rest: list[tuple[str, str]]) -> str:
        return first + "".join(separator + part for separator, part in rest)

    return st.builds(join, parts, st.lists(st.tuples(separators, parts), max_size=most - 1))


# --- names ----------------------------------------------------------------------------------------------------------

_words = st.text(LOWER, min_size=1, max_size=5)
_groups = _joined(_words, st.sampled_from([".", "_", "__", "-", "--", "---"]), 3)
paths = _joined(_groups, st.just("/"), 3)
repository_names = paths.filter(lambda name: len(name) > 1)
namespaces = st.builds(lambda path, slash: path + slash, paths, st.sampled_from(["", "/"]))
illegal_repository_names = st.one_of(
    st.sampled_from(
        ["", "a", "/ab", "ab/", "a//b", "-ab", "ab-", "a..b", "a___b", "a-_b", "a.-b", "Ab", "ab*", "ab\n", "ROOT"]
    ),
    st.builds(lambda name, at: f"{name[:at]} {name[at:]}", repository_names, st.integers(0, 20)),
    st.text(LOWER, min_size=257, max_size=300),
    st.sampled_from(TOKENS),
)

# Typical filters: wildcards between words, and in place of words.
_wild_words = st.one_of(st.just("*"), st.text(LOWER + "*", min_size=1, max_size=4))
scan_filters = _joined(_wild_words, st.sampled_from([".", "_", "-", "/"]), 4)
signing_filters = scan_filters
replication_filters = st.builds(
    lambda path, end: (path + end)[:256], paths, st.sampled_from(["", "/", "-", "_", "."])
).filter(lambda text: len(text) > 1 and "-_" not in text)

# --- tags -----------------------------------------------------------------------------------------------------------

# Few letters, so patterns match tags often; sometimes many.
_few = st.text("ab.-", min_size=0, max_size=3)
tags = st.one_of(
    st.text("ab.-", min_size=1, max_size=6),
    st.sampled_from(["latest", "v1", "v1.2", "release-1", "dev-7", "production"]),
)
tag_sets = st.lists(tags, max_size=3, unique=True)


def _starred(parts: list[str]) -> str:
    return "*".join(parts)


_drawn_patterns = st.lists(_few, min_size=1, max_size=5).map(_starred).filter(bool)
tag_patterns = st.one_of(
    _drawn_patterns, st.sampled_from(["*", "v*", "v1*", "*1", "latest", "release-*", "dev-*", "prod*", "*-*"])
)
tag_prefixes = st.one_of(st.text("ab.-", min_size=1, max_size=3), st.sampled_from(["v", "release-", "dev"]))
exclusion_filters = st.lists(_few, min_size=1, max_size=3).map(_starred).filter(bool)
illegal_tag_patterns = st.sampled_from(["", "a b", "a/b", "a*b*c*d*e*", "*****", "ä", "v?", "a\n", "v:1", *TOKENS])
wild_texts = st.text("ab*", max_size=6)

# --- lifecycle rules and policies -----------------------------------------------------------------------------------

# Each legal pair of a count type and an action, with the smallest legal number.
COMBINATIONS: tuple[tuple[str, str, int], ...] = (
    ("imageCountMoreThan", "expire", 1),
    ("imageCountMoreThan", "transition", 1),
    ("sinceImagePushed", "expire", 1),
    ("sinceImagePushed", "transition", 1),
    ("sinceImagePulled", "transition", 1),
    ("sinceImageTransitioned", "expire", 90),
)
descriptions = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=12).filter(lambda text: "Token[" not in text),
    st.sampled_from(["Expire old images", "é ✓ \U0001f680", '"\\']),
)


@st.composite
def rule_values(draw: st.DrawFn, statuses: tuple[str, ...] = ("tagged", "untagged", "any")) -> dict[str, Any]:
    """Draw the arguments of a legal `LifecycleRule`."""
    count_type, action, minimum = draw(st.sampled_from(COMBINATIONS))
    status = draw(st.sampled_from(statuses))
    values: dict[str, Any] = {
        "rule_priority": draw(st.integers(1, 1000)),
        "tag_status": status,
        "count_type": count_type,
        "count_number": draw(st.integers(minimum, 10_000)),
        "action": action,
        "description": draw(descriptions),
    }
    if status == "tagged":
        kind, entries = draw(st.sampled_from([("tag_pattern_list", tag_patterns), ("tag_prefix_list", tag_prefixes)]))
        values[kind] = draw(st.lists(entries, min_size=1, max_size=3, unique=True))
    return values


rules = rule_values().map(lambda values: LifecycleRule(**values))


def _fit(drawn: list[LifecycleRule]) -> list[dict[str, Any]]:
    """Drop the rules that do not go with earlier ones, and number the rest: `any` last in each storage class."""
    kept: dict[object, LifecycleRule] = {}
    for rule in drawn:
        lists = (rule.tag_pattern_list, rule.tag_prefix_list)
        kept.setdefault((rule.tag_status, rule.storage_class, lists), rule)
    ordered = sorted(kept.values(), key=lambda rule: rule.tag_status == "any")
    return [rule.to_dict() | {"rulePriority": number} for number, rule in enumerate(ordered, start=1)]


# Legal documents, in the language that ECR reads.
documents = st.lists(rules, min_size=1, max_size=6).map(lambda drawn: {"rules": _fit(drawn)})
policies = documents.map(LifecyclePolicy.from_dict)

# --- mutated documents ----------------------------------------------------------------------------------------------

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 100),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "any", "tagged", "archive", "transition", "days", "hours", "a*b*c*d*e*", "rules", "10"]),
    st.text(max_size=4),
)
json_values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)
_KEYS = (
    "rules",
    "rulePriority",
    "description",
    "selection",
    "tagStatus",
    "tagPatternList",
    "tagPrefixList",
    "storageClass",
    "countType",
    "countUnit",
    "countNumber",
    "action",
    "type",
    "targetStorageClass",
    "countunit",
    "selection.tagStatus",
    "rules[0]",
)
keys = st.one_of(st.sampled_from(_KEYS), st.text(max_size=4))


def _containers(value: object) -> list[Any]:
    """Every object and list in a document, the document first."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    below = [found for item in inner for found in _containers(item)]
    return [value, *below] if isinstance(value, (dict, list)) else below


@st.composite
def mutated_documents(draw: st.DrawFn) -> object:
    """Draw a legal document with one to three random changes."""
    document: Any = json.loads(json.dumps(draw(documents)))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(_containers(document)))
        change = draw(st.sampled_from(["drop", "replace", "insert", "copy"]))
        if isinstance(place, dict):
            key = draw(st.sampled_from(sorted(place))) if place and change != "insert" else draw(keys)
            _change(place, key, change, draw(json_values))
        else:
            index = draw(st.integers(0, max(len(place) - 1, 0)))
            if change in ("insert", "copy") or not place:
                place.insert(index, place[index] if change == "copy" and place else draw(json_values))
            else:
                _change(place, index, change, draw(json_values))
    return document


def _change(place: Any, key: Any, change: str, value: object) -> None:
    if change == "drop" and place:
        del place[key]
    else:
        place[key] = value


def shuffled(document: Any, seed: int) -> Any:
    """Return the same document with its rules, list entries and keys in another order."""
    chance = random.Random(seed)  # noqa: S311  (an order of keys, no secret)
    if isinstance(document, dict):
        pairs = [(key, shuffled(value, seed + 1)) for key, value in document.items()]
        chance.shuffle(pairs)
        return dict(pairs)
    if isinstance(document, list):
        entries = [shuffled(value, seed + 1) for value in document]
        chance.shuffle(entries)
        return entries
    return document


# --- intents --------------------------------------------------------------------------------------------------------

days = st.integers(1, 400)
counts = st.integers(1, 1000)
any_of = st.one_of(tag_patterns, st.lists(tag_patterns, min_size=1, max_size=3))
all_of = st.lists(tag_patterns, min_size=1, max_size=3, unique=True)
keep_forevers = st.lists(tag_patterns, min_size=1, max_size=3).map(lambda patterns: keep_forever(*patterns))


def _by_age(intent: Callable[..., Intent]) -> st.SearchStrategy[Intent]:
    return st.one_of(
        st.builds(intent, after_days=days),
        st.builds(intent, after_days=days, matching=any_of),
        st.builds(intent, after_days=days, matching_all=all_of),
    )


intents: st.SearchStrategy[Intent] = st.one_of(
    keep_forevers,
    st.builds(keep_latest, counts, matching=tag_patterns),
    st.builds(keep_latest, counts, matching_all=all_of),
    st.builds(limit_images, counts),
    st.builds(expire_untagged, after_days=days),
    st.builds(expire_untagged, keep=counts),
    _by_age(expire_older_than),
    st.builds(expire_unmatched, keeping=any_of, after_days=days),
    st.builds(archive_unpulled, after_days=days),
    _by_age(archive_older_than),
    st.builds(archive_untagged, after_days=days),
    st.builds(delete_archived, after_days=st.integers(90, 400)),
)
