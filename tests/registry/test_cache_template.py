"""The template of the repositories of a cache: its own with a description and a role, another one, or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    CACHED,
    ROOT,
    Access,
    CreationTemplate,
    Encryption,
    Immutability,
    InvalidName,
    InvalidRegistry,
    PrivateRegistry,
    PullThroughCache,
    Upstream,
)
from ecr_constructs.registry.creation_template import Purpose
from tests.templates import ACCOUNT, new_app, new_stack, resources, template

RULE = "AWS::ECR::PullThroughCacheRule"
TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"
CONSUMER = Access.account_pull("444455556666")


@pytest.fixture
def here(stack_in: Callable[[str], cdk.Stack]) -> cdk.Stack:
    return stack_in("eu-west-1")


def make(scope: cdk.Stack, id: str = "Cache", **options: Any) -> PullThroughCache:
    return PullThroughCache(scope, id, **{"upstream": Upstream.quay(), **options})


def shared(
    scope: cdk.Stack, prefix: str = ROOT, applied_for: tuple[Purpose, ...] = ("PULL_THROUGH_CACHE",), **options: Any
) -> CreationTemplate:
    return CreationTemplate(scope, f"Shared-{prefix}", prefix=prefix, applied_for=applied_for, **options)


def template_of(stack: cdk.Stack) -> dict[str, Any]:
    (found,) = resources(stack, TEMPLATE).values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def statements_of_registry(stack: cdk.Stack) -> list[dict[str, Any]]:
    policies = resources(stack, "AWS::ECR::RegistryPolicy").values()
    return [each for policy in policies for each in policy["Properties"]["PolicyText"]["Statement"]]


def problems_of(stack: cdk.Stack, **options: Any) -> list[str]:
    before = [each.node.path for each in stack.node.find_all()]
    with pytest.raises(InvalidRegistry) as refused:
        make(stack, **options)
    assert [each.node.path for each in stack.node.find_all()] == before
    return list(refused.value.problems)


def test_a_permission_to_push_is_rejected(here: cdk.Stack) -> None:
    access = [Access.account_push("444455556666"), CONSUMER, Access.account_sign("444455556666")]

    assert [each.split(" has no effect")[0] for each in problems_of(here, access=access)] == [
        "access: account_push",
        "access: account_sign",
    ]


def test_the_description_is_that_of_the_template(here: cdk.Stack) -> None:
    make(here, description="Images of Quay")

    assert template_of(here)["Description"] == "Images of Quay"


def test_a_description_that_is_too_long_is_rejected_before_anything_is_created(here: cdk.Stack) -> None:
    (problem,) = problems_of(here, description="d" * 257)

    assert "257 characters" in problem


def test_a_role_for_the_template_is_used_and_no_other_is_created(here: cdk.Stack) -> None:
    role = iam.Role(here, "Creator", assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"))
    cache = make(here, settings=CACHED.but(encryption=Encryption.aws_managed_key()), template_role=role)

    assert cache.template.role is role
    assert len(resources(here, "AWS::IAM::Role")) == 1


def test_a_role_with_a_path_is_rejected_by_the_name_of_its_argument(here: cdk.Stack) -> None:
    role = iam.Role(here, "Creator", path="/ci/", assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"))
    (problem,) = problems_of(here, template_role=role)

    assert problem.startswith("template_role: path '/ci/' is rejected")


@pytest.mark.parametrize("prefix", [ROOT, "quay"])
def test_a_cache_uses_another_template_and_creates_none(here: cdk.Stack, prefix: str) -> None:
    other = shared(here, prefix)
    cache = make(here, template=other)

    assert cache.template is other
    assert len(resources(here, TEMPLATE)) == 1


def test_a_cache_without_a_template_is_its_rule_only(here: cdk.Stack) -> None:
    cache = make(here, template=False)

    assert [each["Type"] for each in template(here)["Resources"].values()] == [RULE]
    with pytest.raises(InvalidRegistry, match="the cache has no template in this app, because template=False"):
        _ = cache.template


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"prefix": "teams"}, "has the prefix 'teams', and the repositories of the cache are under 'quay'"),
        ({"prefix": "qua"}, "has the prefix 'qua', and the repositories of the cache are under 'quay'"),
        ({"applied_for": ("REPLICATION",)}, "is not for caches; add 'PULL_THROUGH_CACHE' to its applied_for="),
    ],
)
def test_a_template_that_ecr_does_not_use_for_the_cache_is_rejected(
    here: cdk.Stack, options: dict[str, Any], problem: str
) -> None:
    (found,) = problems_of(here, template=shared(here, **options))

    assert problem in found


def test_a_template_of_another_region_is_rejected() -> None:
    app = new_app()
    there = new_stack(app, "There", region="us-east-1")
    (problem,) = problems_of(new_stack(app, "Here", region="eu-west-1"), template=shared(there))

    assert problem.startswith("template There/Shared-ROOT is of another account or Region than the cache")


def test_a_template_is_rejected_where_ecr_uses_a_longer_prefix_of_the_app(here: cdk.Stack) -> None:
    other = shared(here)
    shared(here, "quay")
    (problem,) = problems_of(here, template=other)

    assert "ECR uses the longer prefix 'quay'" in problem


def test_a_template_with_a_longer_prefix_that_is_created_after_the_cache_fails_the_synthesis(here: cdk.Stack) -> None:
    make(here, template=shared(here))
    shared(here, "quay")

    with pytest.raises(RuntimeError, match="ECR uses the longer prefix 'quay' of another template of the app"):
        template(here)


@pytest.mark.parametrize(
    "options",
    [
        {"settings": CACHED.but(immutability=Immutability.all_tags())},
        {"access": [CONSUMER]},
        {"description": "Quay"},
        {"template_role": "role"},
    ],
)
@pytest.mark.parametrize("is_given", [True, False])
def test_arguments_of_a_template_are_rejected_without_one_of_its_own(
    here: cdk.Stack, options: dict[str, Any], *, is_given: bool
) -> None:
    if "template_role" in options:
        trust = iam.ServicePrincipal("ecr.amazonaws.com")
        options = {"template_role": iam.Role(here, "Creator", assumed_by=trust)}
    (problem,) = problems_of(here, template=shared(here) if is_given else False, **options)

    assert problem.split("=")[0].split(",")[0] in {*options, "settings"}
    assert "only a template of the cache itself has them" in problem


# --- consumers over time ----------------------------------------------------------------------------------------------


def test_with_scope_v2_consumers_pull_by_the_registry_policy_only(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry", policy_scope="V2")
    make(here, consumers=[CONSUMER])

    (statement,) = statements_of_registry(here)
    assert statement["Action"] == [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:BatchImportUpstreamImage",
        "ecr:CreateRepository",
        "ecr:GetDownloadUrlForLayer",
    ]
    assert statement["Resource"] == f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/quay/*"
    # A consumer in the policy of a repository would have access after its removal from the list.
    assert "RepositoryPolicy" not in template_of(here)


def test_with_scope_v2_a_removed_consumer_is_in_no_policy(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry", policy_scope="V2")
    make(here, consumers=[])

    assert statements_of_registry(here) == []
    assert "RepositoryPolicy" not in template_of(here)


@pytest.mark.parametrize("scope", [None, "V1"])
def test_with_another_scope_consumers_pull_by_the_policies_of_the_repositories(here: cdk.Stack, scope: Any) -> None:
    PrivateRegistry(here, "Registry", policy_scope=scope)
    make(here, consumers=[CONSUMER])

    (statement,) = statements_of_registry(here)
    assert statement["Action"] == ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
    assert "444455556666" in str(template_of(here)["RepositoryPolicy"])


def test_consumers_of_a_cache_without_a_template_need_scope_v2(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry")
    (problem,) = problems_of(here, consumers=[CONSUMER], template=False)

    assert problem.startswith("consumers: account_pull 444455556666 could not pull, because the cache has no template")


def test_consumers_of_a_cache_with_another_template_have_the_access_of_that_template(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry")
    (problem,) = problems_of(here, consumers=[CONSUMER], template=shared(here, "quay"))
    assert "add them to access= of the template" in problem

    cache = make(here, consumers=[CONSUMER], template=shared(here, access=[CONSUMER]), upstream=Upstream.ecr_public())
    assert CONSUMER in cache.template.settings.access


def test_with_scope_v2_a_cache_without_a_template_has_consumers(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry", policy_scope="V2")
    make(here, consumers=[CONSUMER], template=False)

    (statement,) = statements_of_registry(here)
    assert "ecr:BatchGetImage" in statement["Action"]


# --- URIs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "repository", "uri"),
    [
        ({}, None, "/quay"),
        ({"prefix": ROOT}, None, ""),
        ({}, "prometheus/node-exporter", "/quay/prometheus/node-exporter"),
        ({}, "quay.io/prometheus/node-exporter", "/quay/prometheus/node-exporter"),
        ({"prefix": ROOT}, "prometheus/node-exporter", "/prometheus/node-exporter"),
        ({"prefix": "tools", "upstream_prefix": "prometheus"}, "prometheus/alertmanager", "/tools/alertmanager"),
    ],
)
def test_the_uri_of_a_repository_or_of_the_cache_has_no_tag(
    here: cdk.Stack, options: dict[str, Any], repository: str | None, uri: str
) -> None:
    made = make(here, **options).uri(repository)

    assert here.resolve(made) == here.resolve(f"{ACCOUNT}.dkr.ecr.eu-west-1.{here.url_suffix}{uri}")


def test_a_uri_has_the_dual_stack_host(here: cdk.Stack) -> None:
    assert make(here).uri(dual_stack=True) == f"{ACCOUNT}.dkr-ecr.eu-west-1.on.aws/quay"


@pytest.mark.parametrize(
    ("repository", "problem"),
    [
        ("prometheus/node-exporter:v1", "names an image, and uri.. requires a repository; use image.."),
        (f"prometheus/node-exporter@sha256:{'a' * 64}", "names an image, and uri.. requires a repository"),
        ("docker.io/library/nginx", "is of docker.io, and this cache is of quay.io"),
        ("other/tool", "is not among the repositories of this cache"),
    ],
)
def test_a_uri_of_another_repository_or_of_an_image_is_rejected(here: cdk.Stack, repository: str, problem: str) -> None:
    cache = make(here, repositories=["prometheus/*"])

    with pytest.raises(InvalidName, match=problem):
        cache.uri(repository)
