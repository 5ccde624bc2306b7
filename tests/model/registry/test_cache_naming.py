"""What images of an upstream are called in a cache, and which of them may be had."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ecr_constructs.errors import Problems
from ecr_constructs.model import ROOT, ImageReference, Upstream
from ecr_constructs.model.registry.cache_naming import CachedNames
from tests.model.lifecycle.strategies import paths, repository_names

HUB, QUAY = Upstream.docker_hub(), Upstream.quay()
UPSTREAMS = st.sampled_from([HUB, QUAY, Upstream.ecr(account="111122223333", region="eu-west-1")])

# Few words, so names, prefixes and patterns match often.
_words = st.sampled_from(["library", "nginx", "team", "a", "a-b", "up"])
_names = st.lists(_words, min_size=1, max_size=3).map("/".join).filter(lambda name: len(name) > 1)
_patterns = st.lists(st.one_of(_words, st.sampled_from(["*", "n*", "*x", "*a*"])), min_size=1, max_size=3).map("/".join)
names = st.one_of(_names, repository_names)
prefixes = st.one_of(st.sampled_from([ROOT, "up", "team", "library", "a-b"]), paths)


@st.composite
def caches(draw: st.DrawFn) -> tuple[CachedNames, str, str]:
    """Draw a cache, its prefix, and its part of the upstream."""
    here = draw(prefixes)
    there = ROOT if here == ROOT else draw(prefixes)
    allowed = draw(st.one_of(st.just(("*",)), st.lists(_patterns, min_size=1, max_size=3)))
    names_of = CachedNames(upstream=draw(UPSTREAMS), here=here, there=there, allowed=allowed)
    assume(not problems_of(names_of))
    return names_of, here, there


def cache(upstream: Upstream = QUAY, here: str = "hub", there: str = ROOT, *allowed: str) -> CachedNames:
    return CachedNames(upstream=upstream, here=here, there=there, allowed=allowed or ("*",))


def problems_of(names_of: CachedNames) -> list[str]:
    problems = Problems()
    names_of.check(problems)
    return list(problems)


def image_problems(names_of: CachedNames, image: ImageReference) -> list[str]:
    problems = Problems()
    names_of.check_image(problems, image)
    return list(problems)


def accepts(names_of: CachedNames, name: str) -> bool:
    image = ImageReference(registry=names_of._upstream.url, repository=name, tag="v1")
    return not image_problems(names_of, image)


def iam_matches(pattern: str, name: str) -> bool:
    """Match as IAM does the resource of a statement: `*` is any number of characters, `/` included."""
    return re.fullmatch("".join(".*" if letter == "*" else re.escape(letter) for letter in pattern), name) is not None


# --- laws -------------------------------------------------------------------------------------------------------------


@given(caches(), names, names)
def test_different_repositories_of_an_upstream_have_different_names_here(
    drawn: tuple[CachedNames, str, str], one: str, other: str
) -> None:
    names_of, _, _ = drawn
    assume(accepts(names_of, one) and accepts(names_of, other))
    # On Docker Hub these two are one repository.
    is_same = one == other or {one, other} in ({name, f"library/{name}"} for name in (one, other))

    if names_of.cached_name(one) == names_of.cached_name(other):
        assert is_same


@given(caches(), names)
def test_every_name_here_begins_with_the_prefix(drawn: tuple[CachedNames, str, str], name: str) -> None:
    names_of, here, _ = drawn

    cached = names_of.cached_name(name)

    assert cached.startswith(f"{here}/") or here == ROOT
    assert not cached.startswith("ROOT")


@given(caches(), names)
def test_an_image_can_be_pulled_if_and_only_if_a_policy_with_the_patterns_allows_it(
    drawn: tuple[CachedNames, str, str], name: str
) -> None:
    names_of, _, there = drawn
    upstream_name = f"{there}/{name}" if there != ROOT else name

    allowed = any(iam_matches(pattern, names_of.cached_name(upstream_name)) for pattern in names_of.patterns)

    assume(len(names_of.cached_name(upstream_name)) <= 256 and len(upstream_name) <= 256)
    assert accepts(names_of, upstream_name) == allowed


@given(caches(), names)
def test_an_image_that_can_be_pulled_is_one_that_the_role_may_read_at_the_upstream(
    drawn: tuple[CachedNames, str, str], name: str
) -> None:
    names_of, _, _ = drawn
    assume(accepts(names_of, name))
    spellings = [name, f"library/{name}"]

    assert any(iam_matches(pattern, each) for pattern in names_of.upstream_patterns for each in spellings)


@given(caches())
def test_there_are_as_many_patterns_here_as_at_the_upstream(drawn: tuple[CachedNames, str, str]) -> None:
    names_of, _, _ = drawn

    assert len(names_of.patterns) == len(names_of.upstream_patterns) == len(set(names_of.patterns))
    assert names_of.patterns == sorted(names_of.patterns)


@given(caches(), names)
def test_an_omitted_registry_changes_nothing(drawn: tuple[CachedNames, str, str], name: str) -> None:
    names_of, _, _ = drawn
    assume("." not in name.partition("/")[0])

    assert (not said(names_of, f"{name}:v1")) == accepts(names_of, name)


# --- names ------------------------------------------------------------------------------------------------------------


# https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private-wildcards.html
def test_names_are_those_of_the_user_guide() -> None:
    cases: list[tuple[str, str, str, str]] = [
        ("ecr-public", ROOT, "my-app/image1", "ecr-public/my-app/image1"),
        (ROOT, ROOT, "my-app/image1", "my-app/image1"),
        ("my-app", "upstream-app", "upstream-app/image1", "my-app/image1"),
        ("a", "a", "a/a/a", "a/a/a"),
    ]
    for here, there, name, cached in cases:
        assert cache(QUAY, here, there).cached_name(name) == cached


@pytest.mark.parametrize(
    ("name", "cached"),
    [("nginx", "hub/library/nginx"), ("library/nginx", "hub/library/nginx"), ("grafana/loki", "hub/grafana/loki")],
)
def test_official_images_of_docker_hub_are_under_library(name: str, cached: str) -> None:
    assert cache(HUB).cached_name(name) == cached


def test_other_upstreams_have_no_library() -> None:
    assert cache(QUAY).cached_name("nginx") == "hub/nginx"


def test_a_part_of_docker_hub_may_be_the_official_images() -> None:
    names_of = cache(HUB, "official", "library")

    assert names_of.cached_name("nginx") == "official/nginx"
    assert names_of.patterns == ["official/*"]
    assert accepts(names_of, "nginx")
    assert not accepts(names_of, "grafana/loki")


# --- patterns ---------------------------------------------------------------------------------------------------------


def test_everything_is_one_pattern_on_either_side() -> None:
    assert (cache().patterns, cache().upstream_patterns) == (["hub/*"], ["*"])


def test_a_cache_with_the_root_prefix_has_one_pattern_for_all_names() -> None:
    assert cache(QUAY, ROOT).patterns == ["*"]


def test_a_cache_of_a_part_of_the_upstream_has_one_pattern() -> None:
    names_of = cache(QUAY, "hub", "team")

    assert (names_of.patterns, names_of.upstream_patterns) == (["hub/*"], ["team/*"])


def test_patterns_are_sorted_and_each_is_there_once() -> None:
    names_of = cache(HUB, "hub", ROOT, "redis", "nginx", "library/nginx", "grafana/*")

    assert names_of.patterns == ["hub/grafana/*", "hub/library/nginx", "hub/library/redis"]
    assert names_of.upstream_patterns == ["grafana/*", "library/nginx", "library/redis"]


def test_a_pattern_that_matches_nothing_is_rejected() -> None:
    cases: list[tuple[str, str]] = [
        ("", "repository pattern is empty"),
        ("Nginx", "has 'N' at position 0; write a repository name in which '*' matches any characters"),
        ("a" * 257, "has 257 characters; ECR allows 1 to 256"),
        ("${Token[AWS.Region.4]}", "is known only at deployment"),
        ("a/", "is not well formed"),
    ]
    for pattern, sentence in cases:
        (problem, *_) = problems_of(cache(QUAY, "hub", ROOT, pattern))

        assert problem.startswith("repositories: ")
        assert sentence in problem


def test_an_empty_list_allows_no_pulls() -> None:
    (problem,) = problems_of(CachedNames(upstream=QUAY, here="hub", there=ROOT, allowed=()))

    assert problem == "repositories: the list is empty; remove it to cache all repositories"


def test_a_pattern_of_another_part_of_the_upstream_is_rejected() -> None:
    (problem,) = problems_of(cache(QUAY, "hub", "team", "other/*"))

    assert problem == "repositories: 'other/*' is not under the upstream prefix 'team'; write names there"


def test_a_name_of_the_greatest_length_is_accepted() -> None:
    assert problems_of(cache(QUAY, "hub", ROOT, "a" * 252)) == []


def test_a_name_that_would_be_too_long_in_this_registry_is_rejected() -> None:
    (problem,) = problems_of(cache(QUAY, "hub", ROOT, "a" * 253))

    assert "has 257 characters here; ECR allows 256, use a shorter prefix for the cache" in problem


# --- images -----------------------------------------------------------------------------------------------------------


def said(names_of: CachedNames, image: str) -> list[str]:
    return image_problems(names_of, ImageReference.parse(image))


@pytest.mark.parametrize("host", ["registry-1.docker.io", "docker.io", "index.docker.io"])
def test_docker_hub_has_three_hosts(host: str) -> None:
    assert said(cache(HUB), f"{host}/library/nginx:1.27") == []


@pytest.mark.parametrize("host", ["docker.io", "index.docker.io"])
def test_hosts_of_docker_hub_are_not_those_of_other_upstreams(host: str) -> None:
    assert len(said(cache(QUAY), f"{host}/library/nginx:1.27")) == 1


@pytest.mark.parametrize(("upstream", "own"), [(HUB, "docker.io"), (QUAY, "quay.io")])
def test_an_image_of_another_registry_is_rejected(upstream: Upstream, own: str) -> None:
    assert said(cache(upstream), "ghcr.io/team/api:v1") == [
        f"ghcr.io/team/api:v1 is of ghcr.io, and this cache is of {own}; use a cache of that registry"
    ]


def test_an_image_without_tag_and_digest_is_rejected() -> None:
    assert said(cache(), "team/api") == ["team/api has neither tag nor digest; add one, such as 'team/api:latest'"]


@pytest.mark.parametrize("rest", [":v1", f"@sha256:{'0' * 64}", f":v1@sha256:{'0' * 64}"])
def test_a_tag_or_a_digest_or_both_will_do(rest: str) -> None:
    assert said(cache(), f"team/api{rest}") == []


def test_an_image_that_is_not_listed_is_rejected_with_the_list() -> None:
    assert said(cache(HUB, "hub", ROOT, "nginx", "grafana/*"), "redis:7") == [
        "'library/redis' is not among the repositories of this cache: library/nginx, grafana/*; add it there"
    ]


def test_an_image_of_another_part_of_the_upstream_is_rejected() -> None:
    assert said(cache(QUAY, "hub", "team"), "teams/api:v1") == [
        "'teams/api' is not under the upstream prefix 'team' of this cache; use another cache"
    ]


def test_an_image_whose_name_would_be_too_long_is_rejected() -> None:
    (problem,) = said(cache(), f"{'a' * 253}:v1")

    assert "has 257 characters here; ECR allows 256, use a shorter prefix for the cache" in problem


def test_all_problems_of_an_image_are_reported_at_once() -> None:
    assert len(said(cache(QUAY, "hub", "team"), "ghcr.io/other/api")) == 3
