"""Repository names, prefixes and namespaces, and the rendering of a namespace in the five languages of ECR."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given

from ecr_constructs.errors import InvalidName
from ecr_constructs.model import ROOT, CachePrefix, Namespace, RepositoryName, TemplatePrefix
from tests.model.lifecycle.strategies import illegal_repository_names, namespaces, paths, repository_names

SHAPE = (
    "use lower-case letters and digits, separated by one '.', one or two '_' or any number of '-', "
    "in groups separated by '/'"
)


@given(repository_names)
def test_legal_repository_names_are_accepted_as_they_are(name: str) -> None:
    assert str(RepositoryName(name)) == RepositoryName(name).value == name


@given(illegal_repository_names)
def test_illegal_repository_names_are_rejected(name: str) -> None:
    with pytest.raises(InvalidName):
        RepositoryName(name)


def test_names_that_other_tools_reject_are_legal() -> None:
    cases: list[str] = ["a--b", "a__b", "a---------b", "1password", "0/0", "a.b/c_d/e-f", "a" * 256]
    for name in cases:
        assert RepositoryName(name).value == name


def test_a_message_has_the_value_the_limit_and_the_fix() -> None:
    cases: list[tuple[str, str]] = [
        ("", f"repository name is empty; {SHAPE}"),
        ("a", "repository name 'a' has 1 character; ECR allows 2 to 256"),
        ("my app", f"repository name 'my app' has ' ' at position 2; {SHAPE}"),
        ("MyApp", f"repository name 'MyApp' has 'M' at position 0; {SHAPE}, as in 'myapp'"),
        ("prod//api", f"repository name 'prod//api' is not well formed; {SHAPE}"),
        ("prod/", f"repository name 'prod/' is not well formed; {SHAPE}"),
        ("a___b", f"repository name 'a___b' is not well formed; {SHAPE}"),
        ("prod\n", f"repository name 'prod\\n' has '\\n' at position 4; {SHAPE}"),
        (
            "${Token[TOKEN.12]}",
            (
                "repository name '${Token[TOKEN.12]}' is known only at deployment; it must be known at synthesis, so "
                "use a literal value"
            ),
        ),
        (
            "a" * 257,
            (
                "repository name 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'... "
                "has 257 characters; ECR allows 2 to 256"
            ),
        ),
    ]
    for name, problem in cases:
        with pytest.raises(InvalidName, match=rf"\A{re.escape(problem)}\Z") as caught:
            RepositoryName(name)

        assert caught.value.problems == (problem,)


def test_all_problems_of_a_name_are_listed() -> None:
    with pytest.raises(InvalidName) as caught:
        RepositoryName("A" * 300)

    assert [problem.partition("... ")[2].partition(";")[0] for problem in caught.value.problems] == [
        "has 300 characters",
        "has 'A' at position 0",
    ]


# --- prefixes -------------------------------------------------------------------------------------------------------


@given(paths)
def test_a_template_prefix_is_a_path_with_or_without_its_slash(path: str) -> None:
    assert TemplatePrefix(path).value == path
    assert TemplatePrefix(f"{path}/").value == f"{path}/"


@given(paths, repository_names)
def test_a_prefix_ends_at_a_slash_whether_it_is_written_or_not(path: str, name: str) -> None:
    for prefix in (TemplatePrefix(path), TemplatePrefix(f"{path}/")):
        assert prefix.matches(f"{path}/{name}")
        assert not prefix.matches(path)
        assert not prefix.matches(f"{path}{name}") or f"{path}{name}".startswith(f"{path}/")


@given(repository_names)
def test_root_is_over_every_repository(name: str) -> None:
    assert TemplatePrefix(ROOT).matches(name)
    assert CachePrefix(ROOT).matches(name)


def test_malformed_template_prefixes_are_rejected() -> None:
    cases: list[str] = ["", "/", "root", "Root", "ROOT/", "a//", "-a", "a b", "*"]
    for text in cases:
        if text == "root":
            assert TemplatePrefix(text).matches("root/a"), "in lower case it is a path like any other"
        else:
            with pytest.raises(InvalidName):
                TemplatePrefix(text)


def test_a_template_prefix_may_have_256_characters() -> None:
    assert TemplatePrefix("a" * 256).value == "a" * 256

    with pytest.raises(InvalidName, match="has 257 characters; ECR allows 1 to 256"):
        TemplatePrefix("a" * 257)


@pytest.mark.parametrize("length", [2, 30])
def test_a_cache_prefix_has_2_to_30_characters(length: int) -> None:
    assert CachePrefix("a" * length).value == "a" * length


def test_a_cache_prefix_of_another_length_is_rejected() -> None:
    cases: list[tuple[str, str]] = [
        ("a", "cache prefix 'a' has 1 character; ECR allows 2 to 30"),
        ("a" * 31, f"cache prefix '{'a' * 31}' has 31 characters; ECR allows 2 to 30"),
        (
            "Hub",
            (
                f"cache prefix 'Hub' has 'H' at position 0; {SHAPE}, "
                "or ROOT for every repository that no other prefix matches, as in 'hub'"
            ),
        ),
    ]
    for text, problem in cases:
        with pytest.raises(InvalidName, match=rf"\A{re.escape(problem)}\Z"):
            CachePrefix(text)


# --- namespaces -----------------------------------------------------------------------------------------------------


@given(namespaces)
def test_a_trailing_slash_of_a_namespace_is_removed(text: str) -> None:
    assert Namespace(text).value == text.rstrip("/")
    assert Namespace(text) == Namespace(text.rstrip("/"))
    assert hash(Namespace(text)) == hash(Namespace(text.rstrip("/")))


def test_a_malformed_namespace_is_rejected() -> None:
    cases: list[str] = ["", "/", "prod//", "/prod", "prod*", "Prod", "ROOT", "prod-", "a b"]
    for text in cases:
        with pytest.raises(InvalidName, match=r"\Anamespace "):
            Namespace(text)


def test_the_longest_namespace_has_254_characters() -> None:
    longest = Namespace("a" * 254)

    assert RepositoryName(f"{longest}/b").value.endswith("/b")
    with pytest.raises(InvalidName, match="has 255 characters; ECR allows 1 to 254"):
        Namespace("a" * 255)


def test_the_longest_namespace_may_be_written_with_its_slash() -> None:
    assert Namespace("a" * 254 + "/") == Namespace("a" * 254)


@given(paths, repository_names)
def test_all_renderings_of_a_namespace_match_the_same_repositories(path: str, name: str) -> None:
    namespace = Namespace(path)
    assume("__" not in path)
    assume("--" not in path)
    for candidate in (name, f"{path}/{name}", f"{path}{name}", f"x{path}/{name}", path):
        expected = candidate.startswith(f"{path}/")

        assert namespace.contains(candidate) is expected
        assert namespace.replication_filter.matches(candidate) is expected
        assert namespace.scan_filter.matches(candidate) is expected
        assert namespace.signing_filter.matches(candidate) is expected
        assert namespace.template_prefix.matches(candidate) is expected


def test_a_namespace_is_rendered_in_the_syntax_of_each_language() -> None:
    namespace = Namespace("prod/web/")

    assert namespace.replication_filter.value == "prod/web/"
    assert namespace.scan_filter.value == "prod/web/*"
    assert namespace.signing_filter.value == "prod/web/*"
    assert namespace.template_prefix.value == "prod/web"
    assert namespace.cache_prefix.value == "prod/web"
    assert namespace.resource_pattern == "repository/prod/web/*"


def test_a_path_that_is_illegal_in_scan_filters_is_rejected_only_there() -> None:
    cases: list[str] = ["a__b", "a--b", "x/a--b/y"]
    for path in cases:
        namespace = Namespace(path)

        assert namespace.replication_filter.matches(f"{path}/api")
        assert namespace.template_prefix.matches(f"{path}/api")
        for spelling in ("scan_filter", "signing_filter"):
            with pytest.raises(InvalidName, match="is not well formed"):
                getattr(namespace, spelling)


def test_a_namespace_beyond_30_characters_is_no_cache_prefix() -> None:
    with pytest.raises(InvalidName, match=r"\Acache prefix 'a{31}' has 31 characters; ECR allows 2 to 30\Z"):
        _ = Namespace("a" * 31).cache_prefix


def test_arn_patterns_name_the_partition() -> None:
    namespace = Namespace("prod")

    assert (
        namespace.arn_pattern(region="eu-west-1", account="111122223333")
        == "arn:aws:ecr:eu-west-1:111122223333:repository/prod/*"
    )
    assert (
        namespace.arn_pattern(region="cn-north-1", account="111122223333", partition="aws-cn")
        == "arn:aws-cn:ecr:cn-north-1:111122223333:repository/prod/*"
    )


def test_a_namespace_does_not_contain_names_with_the_same_beginning() -> None:
    assert Namespace("prod").contains("prod/api")
    assert not Namespace("prod").contains("production/api")
    assert not Namespace("prod").contains("prod")
