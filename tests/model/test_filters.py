"""The three filter languages of a registry, which match different repositories with the same text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from ecr_constructs.errors import InvalidName
from ecr_constructs.model import ReplicationFilter, ScanFilter, SigningFilter
from tests.model.lifecycle.strategies import replication_filters, repository_names, scan_filters, signing_filters

NAMES = ["prod", "prod-repo", "prodrepo", "repo-prod", "repo-prod-repo"]


def test_one_text_matches_other_repositories_in_each_language() -> None:
    cases: list[tuple[str, list[str], list[str] | None, list[str]]] = [
        ("prod", NAMES, ["prod", "prod-repo", "prodrepo"], ["prod"]),
        ("prod-", ["prod-repo", "repo-prod-repo"], ["prod-repo"], []),
        ("prod*", ["prod", "prod-repo", "prodrepo"], None, ["prod", "prod-repo", "prodrepo"]),
        ("*prod", ["prod", "repo-prod"], None, ["prod", "repo-prod"]),
        ("prod*repo", ["prod-repo", "prodrepo"], None, ["prod-repo", "prodrepo"]),
        ("*", NAMES, None, NAMES),
    ]
    for text, scanned, replicated, signed in cases:
        if text.endswith("-"):
            with pytest.raises(InvalidName):
                ScanFilter(text)
        else:
            assert [name for name in NAMES if ScanFilter(text).matches(name)] == scanned
            assert [name for name in NAMES if SigningFilter(text).matches(name)] == signed
        if replicated is None:
            with pytest.raises(InvalidName, match="it is how names begin"):
                ReplicationFilter(text)
        else:
            assert [name for name in NAMES if ReplicationFilter(text).matches(name)] == replicated


@given(scan_filters, repository_names)
def test_a_scan_filter_is_contained_in_or_describes_the_name(text: str, name: str) -> None:
    expression = re.compile("[^\0]*".join(map(re.escape, text.split("*"))))
    expected = expression.fullmatch(name) is not None if "*" in text else text in name

    assert ScanFilter(text).matches(name) is expected


@given(signing_filters, repository_names)
def test_a_signing_filter_describes_the_whole_name(text: str, name: str) -> None:
    expression = re.compile("[^\0]*".join(map(re.escape, text.split("*"))))

    assert SigningFilter(text).matches(name) is (expression.fullmatch(name) is not None)


@given(replication_filters, repository_names)
def test_a_replication_filter_begins_the_name(text: str, name: str) -> None:
    assert ReplicationFilter(text).matches(name) is name.startswith(text)
    assert ReplicationFilter(text).matches(text + name)


@given(repository_names)
def test_every_repository_name_is_a_replication_filter_that_matches_itself(name: str) -> None:
    assert ReplicationFilter(name).matches(name)


@pytest.mark.parametrize(
    "text", ["", "-a", "a-", "/a", "a/", "a..b", "a//b", "A", "a b", "a--b", "a\n", "${Token[A.1]}"]
)
@pytest.mark.parametrize("language", [ScanFilter, SigningFilter])
def test_malformed_wildcard_filters_are_rejected(text: str, language: type[ScanFilter | SigningFilter]) -> None:
    with pytest.raises(InvalidName):
        language(text)


def test_malformed_replication_filters_are_rejected() -> None:
    cases: list[str] = ["", "a", "/a", "a//b", "A", "a b", "ab*", "ab\n", "a?", "${Token[A.1]}"]
    for text in cases:
        with pytest.raises(InvalidName):
            ReplicationFilter(text)


def test_replication_filters_may_end_in_the_middle_of_a_name() -> None:
    cases: list[str] = ["prod/", "prod-", "a--b", "a__", "prod/api.", "-a", "--"]
    for text in cases:
        assert ReplicationFilter(text).value == text


def test_lengths_are_those_of_the_language() -> None:
    cases: list[tuple[type[ScanFilter | ReplicationFilter | SigningFilter], int, int]] = [
        (ScanFilter, 1, 255),
        (ReplicationFilter, 2, 256),
        (SigningFilter, 1, 256),
    ]
    for language, shortest, longest in cases:
        assert str(language("a" * shortest)) == "a" * shortest
        assert str(language("a" * longest)) == "a" * longest
        with pytest.raises(InvalidName, match=rf"has {longest + 1} characters; ECR allows {shortest} to {longest}\Z"):
            language("a" * (longest + 1))


def test_a_message_describes_the_syntax_of_the_language() -> None:
    expected = (
        "replication filter 'prod/*' has '*' at position 5; it is how names begin: "
        "lower-case letters, digits, '.', '_', '-' and '/', without wildcards"
    )

    with pytest.raises(InvalidName, match=rf"\A{re.escape(expected)}\Z"):
        ReplicationFilter("prod/*")


def test_filters_of_different_languages_are_never_equal() -> None:
    assert ScanFilter("prod") == ScanFilter("prod")
    assert len({ScanFilter("prod"), ScanFilter("prod"), SigningFilter("prod")}) == 2
