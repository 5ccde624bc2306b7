"""The nine registries that ECR can cache."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, get_args

import pytest

from ecr_constructs.errors import InvalidName
from ecr_constructs.model import CachePrefix, Upstream
from ecr_constructs.model.registry.upstreams import Credentials, UpstreamRegistry

ECR = Upstream.ecr(account="111122223333", region="eu-west-1")
AZURE = Upstream.azure("mycompany.azurecr.io")

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
NINE = [
    (Upstream.ecr_public(), "ecr-public", "public.ecr.aws", "ecr-public", "none"),
    (Upstream.kubernetes(), "k8s", "registry.k8s.io", "kubernetes", "none"),
    (Upstream.quay(), "quay", "quay.io", "quay", "none"),
    (Upstream.docker_hub(), "docker-hub", "registry-1.docker.io", "docker-hub", "secret"),
    (Upstream.github(), "github-container-registry", "ghcr.io", "github", "secret"),
    (Upstream.gitlab(), "gitlab-container-registry", "registry.gitlab.com", "gitlab", "secret"),
    (Upstream.chainguard(), "chainguard", "cgr.dev", "chainguard", "secret"),
    (AZURE, "azure-container-registry", "mycompany.azurecr.io", "azure", "secret"),
    (ECR, "ecr", "111122223333.dkr.ecr.eu-west-1.amazonaws.com", "ecr", "role"),
]


def test_each_upstream_has_its_name_its_url_and_its_requirements() -> None:
    for upstream, registry, url, prefix, credentials in NINE:
        assert (upstream.registry, upstream.url, upstream.default_prefix, upstream.credentials) == (
            registry,
            url,
            prefix,
            credentials,
        )


def test_there_are_nine_and_each_has_a_way_to_make_it() -> None:
    assert len(NINE) == 9
    assert {upstream.registry for upstream, *_ in NINE} == set(get_args(UpstreamRegistry))
    assert {upstream.credentials for upstream, *_ in NINE} == set(get_args(Credentials))


def test_default_prefixes_are_legal_and_differ() -> None:
    prefixes = [CachePrefix(upstream.default_prefix).value for upstream, *_ in NINE]

    assert len(set(prefixes)) == 9


@pytest.mark.parametrize(
    ("region", "suffix"),
    [
        ("us-east-1", "amazonaws.com"),
        ("us-gov-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("cn-northwest-1", "amazonaws.com.cn"),
    ],
)
def test_a_private_registry_has_the_suffix_of_its_partition(region: str, suffix: str) -> None:
    assert Upstream.ecr(account="111122223333", region=region).url == f"111122223333.dkr.ecr.{region}.{suffix}"


def test_account_and_region_of_a_private_registry_are_reported_at_once() -> None:
    with pytest.raises(InvalidName) as caught:
        Upstream.ecr(account="1", region="Ireland")

    assert caught.value.problems == (
        "account '1' is not well formed; write its 12 digits as a string",
        "Region 'Ireland' has 'I' at position 0; write a Region such as 'eu-west-1'",
    )


@pytest.mark.parametrize("host", ["mycompany.azurecr.io", "a1.azurecr.io", f"{'a' * 50}.azurecr.io"])
def test_login_servers_in_azure_are_accepted(host: str) -> None:
    assert Upstream.azure(host).url == host


def test_a_text_that_is_not_an_azure_login_server_is_rejected() -> None:
    cases: list[tuple[str, str]] = [
        ("", "Azure registry is empty; write its login server, such as 'mycompany.azurecr.io'"),
        (
            "mycompany",
            "Azure registry 'mycompany' is not well formed; write its login server, such as 'mycompany.azurecr.io'",
        ),
        (
            "https://mycompany.azurecr.io",
            (
                "Azure registry 'https://mycompany.azurecr.io' has ':' at position 5; "
                "write its login server, such as 'mycompany.azurecr.io'"
            ),
        ),
        (
            "MyCompany.azurecr.io",
            (
                "Azure registry 'MyCompany.azurecr.io' has 'M' at position 0; "
                "write its login server, such as 'mycompany.azurecr.io', as in 'mycompany.azurecr.io'"
            ),
        ),
        (
            "${Token[TOKEN.3]}",
            (
                "Azure registry '${Token[TOKEN.3]}' is known only at deployment; it must be known at synthesis, so use "
                "a literal value"
            ),
        ),
    ]
    for host, problem in cases:
        with pytest.raises(InvalidName, match=rf"\A{re.escape(problem)}\Z"):
            Upstream.azure(host)


@pytest.mark.parametrize("value", [None, 111122223333])
def test_anything_but_a_text_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        Upstream.azure(value)
    with pytest.raises((TypeError, InvalidName)):
        Upstream.ecr(account=value, region="eu-west-1")


def test_values_are_frozen_hashable_and_compared_by_content() -> None:
    assert len({Upstream.quay(), Upstream.quay(), Upstream.github()}) == 2
    with pytest.raises(AttributeError):
        AZURE.url = "in_environment"  # type: ignore[misc]


@pytest.mark.parametrize(
    "host",
    ["111122223333.dkr.ecr.eu-west-1.amazonaws.com", "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn"],
)
def test_private_ecr_requires_a_host(host: str) -> None:
    assert Upstream.ecr(host).url == host
    assert Upstream.ecr(host) == Upstream.ecr(account="111122223333", region=host.split(".")[3])


def test_a_host_that_is_not_a_private_registry_is_rejected() -> None:
    cases: list[tuple[Callable[[], Upstream], str]] = [
        (Upstream.ecr, "give the host of the registry, or account= and region="),
        (lambda: Upstream.ecr(account="111122223333"), "give the host of the registry, or account= and region="),
        (
            lambda: Upstream.ecr("111122223333.dkr.ecr.eu-west-1.amazonaws.com", region="eu-west-1"),
            "host: it contains the account and the Region; remove account= and region=",
        ),
        (
            lambda: Upstream.ecr("public.ecr.aws"),
            (
                "ECR registry 'public.ecr.aws' is not well formed; write its host, such as "
                "'111122223333.dkr.ecr.eu-west-1.amazonaws.com'"
            ),
        ),
        (
            lambda: Upstream.ecr("111122223333.dkr.ecr.cn-north-1.amazonaws.com"),
            (
                "ECR registry '111122223333.dkr.ecr.cn-north-1.amazonaws.com' does not exist in cn-north-1; "
                "use '111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn'"
            ),
        ),
    ]
    for make, problem in cases:
        with pytest.raises(InvalidName) as refused:
            make()

        assert refused.value.problems == (problem,)
