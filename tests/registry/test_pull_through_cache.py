"""`PullThroughCache`: the rule, its template, its credentials, its role and its consumers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Annotations, Match
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs import (
    EPHEMERAL,
    HARDENED,
    ROOT,
    Access,
    CreationTemplate,
    Credentials,
    Encryption,
    Immutability,
    InvalidRegistry,
    LifecyclePolicy,
    Namespace,
    PrivateRegistry,
    PullThroughCache,
    Upstream,
    limit_images,
)
from ecr_constructs.assembly import replacements
from ecr_constructs.model import CachePrefix
from ecr_constructs.repository.settings import CACHED
from tests.templates import ACCOUNT, OTHER_ACCOUNT, new_app, new_stack, resources, role_statements, template, text_of

RULE = "AWS::ECR::PullThroughCacheRule"
TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"
ROLE = "AWS::IAM::Role"
POLICY = "AWS::IAM::Policy"
REGISTRY_POLICY = "AWS::ECR::RegistryPolicy"
UPSTREAM_HOST = f"{OTHER_ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
PARTNER = Upstream.ecr(UPSTREAM_HOST)
SECRET_ARN = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:ecr-pullthroughcache/hub-a1B2c3"


def make(scope: cdk.Stack, id: str = "Cache", **options: Any) -> PullThroughCache:
    return PullThroughCache(scope, id, **{"upstream": Upstream.quay(), **options})


def rule(stack: cdk.Stack) -> Mapping[str, Any]:
    """Return the properties of the only rule of a stack."""
    (found,) = resources(stack, RULE).values()
    properties: Mapping[str, Any] = found["Properties"]
    return properties


def template_of(stack: cdk.Stack) -> Mapping[str, Any]:
    (found,) = resources(stack, TEMPLATE).values()
    properties: Mapping[str, Any] = found["Properties"]
    return properties


def registry_statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    return [
        statement
        for policy in resources(stack, REGISTRY_POLICY).values()
        for statement in policy["Properties"]["PolicyText"]["Statement"]
    ]


def problems_of(stack: cdk.Stack, **options: Any) -> Sequence[str]:
    """Return the problems of a cache that is rejected. Nothing is added to the stack."""
    before = [child.node.id for child in stack.node.children]
    with pytest.raises(InvalidRegistry) as refused:
        make(stack, **options)
    assert [child.node.id for child in stack.node.children] == before
    return refused.value.problems


def assert_warned(stack: cdk.Stack, sentence: str, path: str = "Cache") -> None:
    Annotations.from_stack(stack).has_warning(f"/{stack.node.path}/{path}", Match.string_like_regexp(sentence))


def assert_no_warning(stack: cdk.Stack) -> None:
    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []


@pytest.fixture
def here(stack_in: Callable[[str], cdk.Stack]) -> cdk.Stack:
    return stack_in("eu-west-1")


# --- the rule ---------------------------------------------------------------------------------------------------------

NINE = {
    "ecr-public": Upstream.ecr_public(),
    "k8s": Upstream.kubernetes(),
    "quay": Upstream.quay(),
    "docker-hub": Upstream.docker_hub(),
    "github-container-registry": Upstream.github(),
    "gitlab-container-registry": Upstream.gitlab(),
    "chainguard": Upstream.chainguard(),
    "azure-container-registry": Upstream.azure("larkspur.azurecr.io"),
    "ecr": PARTNER,
}


@pytest.mark.parametrize("name", NINE)
def test_each_of_the_nine_upstreams_has_a_rule_and_its_requirements(here: cdk.Stack, name: str) -> None:
    upstream = NINE[name]
    needs: dict[str, Any] = {"credentials": Credentials.new_secret()} if upstream.credentials == "secret" else {}
    make(here, upstream=upstream, **needs)

    properties = rule(here)
    assert (properties["UpstreamRegistry"], properties["UpstreamRegistryUrl"]) == (name, upstream.url)
    assert properties["EcrRepositoryPrefix"] == upstream.default_prefix
    assert ("CredentialArn" in properties) == (upstream.credentials == "secret")
    assert ("CustomRoleArn" in properties) == (upstream.credentials == "role")
    assert "UpstreamRepositoryPrefix" not in properties


def test_without_credentials_there_are_a_rule_and_a_template_and_nothing_else(stack: cdk.Stack) -> None:
    make(stack)

    assert sorted(each["Type"] for each in template(stack)["Resources"].values()) == [RULE, TEMPLATE]


def test_the_attributes_are_the_created_resources(stack: cdk.Stack) -> None:
    cache = make(stack)

    assert (cache.upstream, cache.prefix, cache.role, cache.credential_arn) == (Upstream.quay(), "quay", None, None)
    assert cache.resource.ecr_repository_prefix == cache.template.prefix == "quay"


def test_the_ids_are_public_contract(here: cdk.Stack) -> None:
    make(here, upstream=Upstream.docker_hub(), credentials=Credentials.new_secret())
    make(here, "Partner", upstream=PARTNER)

    assert [child.node.id for child in here.node.find_child("Cache").node.children] == [
        "Template",
        "Credentials",
        "Resource",
    ]
    assert {each: len(resources(here, each)) for each in (RULE, TEMPLATE, ROLE)} == {RULE: 2, TEMPLATE: 2, ROLE: 1}


@pytest.mark.parametrize(
    ("prefix", "spelled"),
    [
        ("hub", "hub"),
        ("hub/", "hub"),
        (Namespace("team/hub"), "team/hub"),
        (CachePrefix("hub"), "hub"),
        (ROOT, "ROOT"),
        ("ab", "ab"),
        ("a" * 30, "a" * 30),
    ],
)
def test_a_prefix_may_be_a_namespace_or_a_text_or_root(stack: cdk.Stack, prefix: Any, spelled: str) -> None:
    make(stack, prefix=prefix)

    assert rule(stack)["EcrRepositoryPrefix"] == template_of(stack)["Prefix"] == spelled


@pytest.mark.parametrize("option", ["prefix", "upstream_prefix"])
def test_an_invalid_prefix_is_rejected(stack: cdk.Stack, option: str) -> None:
    cases: list[tuple[str, str]] = [
        ("", "cache prefix is empty; use lower-case letters"),
        ("a", "cache prefix 'a' has 1 character; ECR allows 2 to 30"),
        ("a" * 31, "has 31 characters; ECR allows 2 to 30"),
        ("Hub", "cache prefix 'Hub' has 'H' at position 0; use lower-case letters"),
        ("hub//", "cache prefix 'hub//' is not well formed; use"),
        (cdk.Aws.REGION, "is known only at deployment; it must be known at synthesis, so use a literal value"),
    ]
    for prefix, sentence in cases:
        (problem, *_) = problems_of(stack, **{option: prefix})

        assert problem.startswith(f"{option}: ")
        assert sentence in problem


@pytest.mark.parametrize(
    ("upstream_prefix", "spelled"),
    [("team", "team"), ("team/", "team"), (Namespace("team"), "team"), (ROOT, "ROOT"), ("a" * 30, "a" * 30)],
)
def test_a_part_of_the_upstream_may_be_cached(here: cdk.Stack, upstream_prefix: Any, spelled: str) -> None:
    make(here, upstream=PARTNER, upstream_prefix=upstream_prefix)

    assert rule(here)["UpstreamRepositoryPrefix"] == spelled


def test_root_is_rejected_with_an_upstream_prefix(here: cdk.Stack) -> None:
    (problem,) = problems_of(here, upstream=PARTNER, prefix=ROOT, upstream_prefix="team")

    assert problem == "upstream_prefix 'team' requires a prefix, and prefix is ROOT; use another prefix="


@pytest.mark.parametrize("options", [{"prefix": ROOT}, {"upstream_prefix": "team"}], ids=["root", "part"])
def test_root_and_parts_are_documented_for_private_ecr_only(here: cdk.Stack, options: dict[str, Any]) -> None:
    make(here, **options)

    assert_warned(here, "AWS documents the prefix ROOT and upstream prefixes for private ECR only; test a pull")


@pytest.mark.parametrize("options", [{"prefix": ROOT}, {"upstream_prefix": "team"}], ids=["root", "part"])
def test_for_private_ecr_they_have_no_warning(here: cdk.Stack, options: dict[str, Any]) -> None:
    make(here, upstream=PARTNER, **options)

    assert_no_warning(here)


# --- credentials ------------------------------------------------------------------------------------------------------


def test_an_upstream_that_requires_credentials_is_rejected_without_them(stack: cdk.Stack) -> None:
    cases: list[Upstream] = [each for each in NINE.values() if each.credentials == "secret"]
    for upstream in cases:
        (problem,) = problems_of(stack, upstream=upstream)

        assert problem == (
            f"credentials: {upstream.url} requires a user name and a token; use Credentials.new_secret() and set its "
            "value after the deployment, or Credentials.secret_arn(...)"
        )


@pytest.mark.parametrize(
    "upstream", [each for each in NINE.values() if each.credentials != "secret"], ids=lambda each: each.registry
)
def test_an_upstream_that_accepts_no_credentials_is_rejected_with_them(here: cdk.Stack, upstream: Upstream) -> None:
    (problem,) = problems_of(here, upstream=upstream, credentials=Credentials.new_secret())

    assert problem == f"credentials: {upstream.url} accepts none; remove credentials="


# --- private ECR of another account, or of another Region -------------------------------------------------------------


def test_a_cache_of_another_account_has_a_role_that_only_caches_of_ecr_assume(here: cdk.Stack) -> None:
    cache = make(here, upstream=PARTNER)

    ((role_id, role),) = resources(here, ROLE).items()
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert rule(here)["CustomRoleArn"] == {"Fn::GetAtt": [role_id, "Arn"]}
    assert trust["Principal"] == {"Service": "pullthroughcache.ecr.amazonaws.com"}
    assert "Path" not in role["Properties"]
    assert cache.role is not None


def test_the_role_reads_there_and_writes_here_and_logs_in(here: cdk.Stack) -> None:
    make(here, upstream=PARTNER)

    copying, login = role_statements(here)
    assert copying["Action"] == [
        "ecr:BatchGetImage",
        "ecr:BatchImportUpstreamImage",
        "ecr:CompleteLayerUpload",
        "ecr:GetDownloadUrlForLayer",
        "ecr:GetImageCopyStatus",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
    ]
    assert copying["Resource"] == [
        f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/ecr/*",
        f"arn:aws:ecr:us-east-1:{OTHER_ACCOUNT}:repository/*",
    ]
    assert (login["Action"], login["Resource"]) == ("ecr:GetAuthorizationToken", "*")


def test_the_role_is_limited_to_the_upstream_prefix_and_the_list(here: cdk.Stack) -> None:
    make(here, upstream=PARTNER, prefix="partner", upstream_prefix="shared", repositories=["shared/api", "shared/w*"])

    assert role_statements(here)[0]["Resource"] == [
        f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/partner/api",
        f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/partner/w*",
        f"arn:aws:ecr:us-east-1:{OTHER_ACCOUNT}:repository/shared/api",
        f"arn:aws:ecr:us-east-1:{OTHER_ACCOUNT}:repository/shared/w*",
    ]


def test_the_rule_depends_on_the_policy_of_its_role(here: cdk.Stack) -> None:
    make(here, upstream=PARTNER)

    (found,) = resources(here, RULE).values()
    assert found["DependsOn"] == list(resources(here, POLICY))


def test_the_same_account_in_another_region_needs_no_role(here: cdk.Stack) -> None:
    cache = make(here, upstream=Upstream.ecr(account=ACCOUNT, region="us-east-1"))

    assert (cache.role, cache.upstream_access) == (None, None)
    assert "CustomRoleArn" not in rule(here)
    assert resources(here, ROLE) == {}


def test_the_same_account_can_have_a_role(here: cdk.Stack) -> None:
    role = iam.Role(here, "Mine", assumed_by=iam.ServicePrincipal("pullthroughcache.ecr.amazonaws.com"))
    cache = make(here, upstream=Upstream.ecr(account=ACCOUNT, region="us-east-1"), role=role)

    assert cache.role is role
    assert "CustomRoleArn" in rule(here)
    assert cache.upstream_access is None


def test_there_is_a_role_if_the_account_of_the_stack_is_not_known(stack: cdk.Stack) -> None:
    make(stack, upstream=PARTNER)

    assert len(resources(stack, ROLE)) == 1


def test_the_registry_of_the_cache_as_upstream_is_rejected(here: cdk.Stack) -> None:
    (problem,) = problems_of(here, upstream=Upstream.ecr(account=ACCOUNT, region="eu-west-1"))

    assert problem == (
        f"upstream {ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com is the registry of the cache; "
        "use another account or Region"
    )


def test_a_given_role_is_used_and_has_the_required_permissions(here: cdk.Stack) -> None:
    role = iam.Role(here, "Mine", assumed_by=iam.ServicePrincipal("pullthroughcache.ecr.amazonaws.com"))
    make(here, upstream=PARTNER, role=role)

    (mine,) = resources(here, ROLE)
    assert rule(here)["CustomRoleArn"] == {"Fn::GetAtt": [mine, "Arn"]}
    assert len(role_statements(here)) == 2


def test_an_imported_role_is_used_and_has_the_required_permissions(here: cdk.Stack) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/caches"
    make(here, upstream=PARTNER, role=iam.Role.from_role_arn(here, "Mine", arn))

    (found,) = resources(here, RULE).values()
    assert found["Properties"]["CustomRoleArn"] == arn
    assert found["DependsOn"] == list(resources(here, POLICY))
    assert len(role_statements(here)) == 2


def test_a_role_with_a_path_is_rejected(here: cdk.Stack) -> None:
    role = iam.Role(here, "Mine", assumed_by=iam.ServicePrincipal("pullthroughcache.ecr.amazonaws.com"), path="/ecr/")
    (problem,) = problems_of(here, upstream=PARTNER, role=role)

    assert problem.startswith("role: path '/ecr/' is rejected by CloudFormation, which accepts no path here; use")


def test_an_imported_role_with_a_path_is_rejected(here: cdk.Stack) -> None:
    role = iam.Role.from_role_arn(here, "Mine", f"arn:aws:iam::{ACCOUNT}:role/ecr/caches")
    (problem,) = problems_of(here, upstream=PARTNER, role=role)

    assert problem.startswith(f"role: 'arn:aws:iam::{ACCOUNT}:role/ecr/caches' is rejected by CloudFormation")


def test_a_role_of_another_account_is_rejected(here: cdk.Stack) -> None:
    role = iam.Role.from_role_arn(here, "Mine", f"arn:aws:iam::{OTHER_ACCOUNT}:role/caches")
    (problem,) = problems_of(here, upstream=PARTNER, role=role)

    assert problem.startswith(f"role: it is of account {OTHER_ACCOUNT}, and the registry of {ACCOUNT}; ECR assumes")


def test_a_role_for_another_upstream_is_rejected(here: cdk.Stack) -> None:
    role = iam.Role(here, "Mine", assumed_by=iam.ServicePrincipal("pullthroughcache.ecr.amazonaws.com"))
    (problem,) = problems_of(here, role=role)

    assert problem == "role: ECR assumes one for private ECR only, and the upstream is quay.io; remove role="


def test_the_access_that_the_upstream_must_allow_is_a_value(app: cdk.App, here: cdk.Stack) -> None:
    cache = make(here, upstream=PARTNER)
    there = new_stack(app, "There", region="us-east-1", account=OTHER_ACCOUNT)
    assert cache.upstream_access == Access.cache_pull(ACCOUNT)
    PrivateRegistry(there, "Registry").accept_caches_of(cache.upstream_access.subject)

    (statement,) = registry_statements(there)
    assert statement["Action"] == [
        "ecr:BatchGetImage",
        "ecr:BatchImportUpstreamImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:GetImageCopyStatus",
    ]
    assert statement["Principal"]["AWS"] == f"arn:aws:iam::{ACCOUNT}:root"


@pytest.mark.parametrize("name", [name for name in NINE if name != "ecr"])
def test_other_upstreams_need_not_allow_anything(here: cdk.Stack, name: str) -> None:
    needs: dict[str, Any] = {"credentials": Credentials.new_secret()} if NINE[name].credentials == "secret" else {}

    assert make(here, upstream=NINE[name], **needs).upstream_access is None


def test_an_unknown_account_has_no_access_value_for_the_upstream(stack: cdk.Stack) -> None:
    cache = make(stack, upstream=PARTNER)

    with pytest.raises(
        InvalidRegistry,
        match=("the same value in the upstream account would be that account; give the stack env=, or use"),
    ):
        _ = cache.upstream_access


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [("cn-north-1", "aws-cn", "amazonaws.com.cn"), ("us-gov-west-1", "aws-us-gov", "amazonaws.com")],
)
def test_partition_and_host_are_those_of_the_deployment(
    stack_in: Callable[[str], cdk.Stack], region: str, partition: str, suffix: str
) -> None:
    stack = stack_in(region)
    make(stack, upstream=Upstream.ecr(account=OTHER_ACCOUNT, region=region))

    assert rule(stack)["UpstreamRegistryUrl"] == f"{OTHER_ACCOUNT}.dkr.ecr.{region}.{suffix}"
    for each in role_statements(stack)[0]["Resource"]:
        assert text_of(each).startswith((f"arn:{partition}:ecr:{region}:", f"arn:<AWS::Partition>:ecr:{region}:"))
    assert "arn:aws:" not in json.dumps(template(stack))


# --- the template -----------------------------------------------------------------------------------------------------


def test_the_template_has_the_prefix_of_the_rule_and_is_for_caches_only(stack: cdk.Stack) -> None:
    make(stack, prefix="hub")

    assert (template_of(stack)["Prefix"], template_of(stack)["AppliedFor"]) == ("hub", ["PULL_THROUGH_CACHE"])


def test_tags_are_mutable_because_ecr_refreshes_them(stack: cdk.Stack) -> None:
    make(stack)

    assert template_of(stack)["ImageTagMutability"] == "MUTABLE"
    assert_no_warning(stack)


def test_immutable_tags_in_a_cache_have_a_warning(stack: cdk.Stack) -> None:
    make(stack, settings=CACHED.but(immutability=Immutability.all_tags()))

    assert_warned(stack, "ECR does not refresh a tag after the first pull; use")
    assert template_of(stack)["ImageTagMutability"] == "IMMUTABLE"


def test_tags_of_which_some_are_mutable_have_no_warning(stack: cdk.Stack) -> None:
    make(stack, settings=CACHED.but(immutability=Immutability.only_tags("v*")))

    assert_no_warning(stack)


def test_the_default_lifecycle_keeps_the_newest_untagged_images(stack: cdk.Stack) -> None:
    make(stack)

    (only,) = json.loads(template_of(stack)["LifecyclePolicy"])["rules"]
    assert (only["selection"]["tagStatus"], only["selection"]["countNumber"]) == ("untagged", 100)


def test_the_settings_are_those_of_the_template(here: cdk.Stack) -> None:
    policy = LifecyclePolicy.of(limit_images(50))
    make(here, settings=CACHED.but(lifecycle=policy, resource_tags={"team": "platform"}))

    assert template_of(here)["LifecyclePolicy"] == policy.to_json()
    assert template_of(here)["ResourceTags"] == [{"Key": "team", "Value": "platform"}]


def test_by_default_the_template_needs_no_role(stack: cdk.Stack) -> None:
    make(stack)

    assert "CustomRoleArn" not in template_of(stack)


def test_a_template_with_a_key_has_another_role_than_the_rule(here: cdk.Stack) -> None:
    key = kms.Key(here, "Key")
    cache = make(here, upstream=PARTNER, settings=CACHED.but(encryption=Encryption.customer_key(key)))

    assert len(resources(here, ROLE)) == 2
    assert cache.role is not cache.template.role
    assert rule(here)["CustomRoleArn"] != template_of(here)["CustomRoleArn"]


def test_settings_that_a_template_cannot_have_are_rejected(here: cdk.Stack) -> None:
    (problem,) = problems_of(here, settings=EPHEMERAL)

    assert problem.startswith(
        "settings: removal_policy=RemovalPolicy.DESTROY and empty_on_delete=True cannot be written"
    )


# --- consumers in other accounts --------------------------------------------------------------------------------------


def test_a_consumer_can_pull_cached_images_and_make_first_pulls(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry")
    make(here, consumers=[Access.account_pull(OTHER_ACCOUNT)])

    (pulling,) = json.loads(text_of(template_of(here)["RepositoryPolicy"]))["Statement"]
    (importing,) = registry_statements(here)
    root = f"arn:<AWS::Partition>:iam::{OTHER_ACCOUNT}:root"
    assert pulling["Principal"] == {"AWS": root}
    assert pulling["Action"] == [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
    ]
    assert text_of(importing["Principal"]["AWS"]) == root
    assert importing["Action"] == ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
    assert importing["Resource"] == f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/quay/*"


def test_an_organization_may_be_a_consumer(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry")
    make(here, consumers=[Access.organization_pull("o-abc1234567")])

    (importing,) = registry_statements(here)
    assert importing["Principal"] == {"AWS": "*"}
    assert importing["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-abc1234567"}}


def test_consumers_have_access_to_the_listed_repositories_only(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry")
    make(here, repositories=["team/api", "team/w*"], consumers=[Access.account_pull(OTHER_ACCOUNT)])

    (importing,) = registry_statements(here)
    assert importing["Resource"] == [
        f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/quay/team/api",
        f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/quay/team/w*",
    ]


def test_consumers_add_to_the_access_of_the_settings(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry")
    settings = CACHED.but(access=[Access.organization_pull("o-abc1234567")])
    make(here, settings=settings, consumers=[Access.account_pull(OTHER_ACCOUNT)])

    written = json.loads(text_of(template_of(here)["RepositoryPolicy"]))["Statement"]
    assert len(written) == 2
    assert len(registry_statements(here)) == 1


def test_without_consumers_the_registry_has_no_policy(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry")
    make(here)

    assert resources(here, REGISTRY_POLICY) == {}
    assert "RepositoryPolicy" not in template_of(here)


def test_consumers_without_a_registry_are_rejected(here: cdk.Stack) -> None:
    (problem,) = problems_of(here, consumers=[Access.account_pull(OTHER_ACCOUNT)])

    assert problem.startswith("consumers: the app has no PrivateRegistry for this account and Region; create one")


def test_other_access_is_not_for_consumers(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry")
    cases = {
        "lambda_pull": "Lambda cannot pull through a cache",
        "account_push": "caches accept no pushes",
        "account_sign": "caches accept no pushes",
        "account_scan": "consumers pull, and access= is for other permissions",
        "cache_pull": "consumers pull, and access= is for other permissions",
    }
    for kind, reason in cases.items():
        (problem,) = problems_of(here, consumers=[getattr(Access, kind)(OTHER_ACCOUNT)])

        assert problem.startswith(f"consumers: {kind} is not for caches: {reason}; use Access.account_pull(...), ")


@pytest.mark.parametrize("consumer", [Access.account_pull(OTHER_ACCOUNT), Access.organization_pull("o-abc1234567")])
@pytest.mark.parametrize("repositories", [None, ["*"], ["prod/*", "*/api"], ["**"], ["*a"]])
def test_consumers_that_could_create_any_repository_are_rejected(
    here: cdk.Stack, consumer: Access, repositories: list[str] | None
) -> None:
    PrivateRegistry(here, "Registry")
    (problem,) = problems_of(here, upstream=PARTNER, prefix=ROOT, repositories=repositories, consumers=[consumer])

    assert problem.startswith("consumers: with prefix ROOT they could create any repository that '*")
    assert "use repositories= with names that begin without '*', such as ['library/*'], or another prefix" in problem


def test_consumers_under_root_may_create_the_repositories_on_a_list(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry")
    consumers = [Access.account_pull(OTHER_ACCOUNT)]
    make(here, upstream=PARTNER, prefix=ROOT, repositories=["prod/*", "web"], consumers=consumers)

    (policy,) = resources(here, "AWS::ECR::RegistryPolicy").values()
    (statement,) = policy["Properties"]["PolicyText"]["Statement"]
    assert [each.rpartition("repository/")[2] for each in statement["Resource"]] == ["prod/*", "web"]


def test_every_name_under_another_prefix_may_be_created_by_consumers(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry")
    make(here, repositories=["*/api"], consumers=[Access.account_pull(OTHER_ACCOUNT)])

    assert len(resources(here, "AWS::ECR::RegistryPolicy")) == 1


def test_consumers_above_the_length_of_a_policy_are_rejected(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry")
    (problem, *_) = problems_of(here, consumers=[Access.account_pull(f"{number:012d}") for number in range(400)])

    assert "characters; ECR allows 10240" in problem


def test_the_docs_state_that_lambda_cannot_pull_through_a_cache() -> None:
    assert "Lambda cannot pull through a cache" in (PullThroughCache.__doc__ or "")


# --- the list of repositories -----------------------------------------------------------------------------------------


def test_an_empty_list_is_rejected(here: cdk.Stack) -> None:
    cases: list[tuple[list[str], str]] = [
        ([], "repositories: the list is empty; remove it to cache all repositories"),
        (["Nginx"], "repositories: repository pattern 'Nginx' has 'N' at position 0; write a repository name in which"),
        (["a" * 257], "has 257 characters; ECR allows 1 to 256"),
        ([cdk.Aws.REGION], "is known only at deployment; it must be known at synthesis, so use a literal value"),
    ]
    for repositories, sentence in cases:
        (problem,) = problems_of(here, repositories=repositories)

        assert sentence in problem


def test_a_list_of_another_part_of_the_upstream_is_rejected(here: cdk.Stack) -> None:
    (problem,) = problems_of(here, upstream=PARTNER, upstream_prefix="shared", repositories=["other/api"])

    assert problem == "repositories: 'other/api' is not under the upstream prefix 'shared'; write names there"


# --- one cache for a prefix, and fifty in a registry ------------------------------------------------------------------


@pytest.mark.parametrize("again", ["quay", "quay/", Namespace("quay")])
def test_a_second_cache_of_a_prefix_is_rejected_with_the_reason(here: cdk.Stack, again: Any) -> None:
    make(here)
    (problem,) = problems_of(here, id="Again", upstream=Upstream.ecr_public(), prefix=again)

    assert problem == (
        "prefix 'quay' is that of the cache Containers-eu-west-1/Cache in this account and Region; a rule is "
        "create-only, so change the value of its secret instead of adding a cache, or use another prefix"
    )


def test_a_cache_and_a_template_of_one_prefix_are_rejected(here: cdk.Stack) -> None:
    CreationTemplate(here, "Teams", prefix="quay", applied_for=["CREATE_ON_PUSH"])
    (problem,) = problems_of(here)

    assert problem.startswith("prefix 'quay' is that of the template Containers-eu-west-1/Teams in this account")


def test_a_template_and_a_cache_of_one_prefix_are_rejected(here: cdk.Stack) -> None:
    make(here)

    with pytest.raises(InvalidRegistry, match="is that of the template Containers-eu-west-1/Cache/Template in this"):
        CreationTemplate(here, "Teams", prefix="quay", applied_for=["CREATE_ON_PUSH"])


def test_fifty_caches_are_all_that_a_registry_has(app: cdk.App) -> None:
    stacks = [new_stack(app, name, region="eu-west-1") for name in ("One", "Two")]
    for number in range(50):
        make(stacks[number % 2], f"Cache{number}", prefix=f"quay-{number}")
    (problem,) = problems_of(stacks[0], id="Last", prefix="quay-50")
    make(new_stack(app, "Elsewhere", region="eu-central-1"))

    assert problem == "the registry has 50 caches in this app; ECR allows 50; remove one"


def test_the_prefix_of_a_rejected_cache_is_available(here: cdk.Stack) -> None:
    problems_of(here, settings=EPHEMERAL)
    make(here)

    assert len(resources(here, RULE)) == 1


def hub_in_an_app_of_its_own(credentials: Credentials, **options: Any) -> Mapping[str, Any]:
    stack = new_stack(new_app(), "Containers", region="eu-west-1")
    make(stack, upstream=Upstream.docker_hub(), credentials=credentials, **options)
    return template(stack)


def test_a_changed_secret_of_one_prefix_is_not_reported_as_two_templates() -> None:
    old, new = (
        hub_in_an_app_of_its_own(Credentials.secret_arn(SECRET_ARN.replace("hub", name))) for name in ("hub", "hub-2")
    )

    (told,) = replacements(old, new)
    assert (told.resource_type, told.changed) == (RULE, ("CredentialArn",))


def test_a_change_from_an_existing_secret_to_a_new_one_is_reported() -> None:
    old, new = map(hub_in_an_app_of_its_own, (Credentials.secret_arn(SECRET_ARN), Credentials.new_secret()))

    assert [told.changed for told in replacements(old, new)] == [("CredentialArn",)]


def test_other_settings_of_the_repositories_replace_nothing() -> None:
    settings = CACHED.but(lifecycle=LifecyclePolicy.none())
    old = hub_in_an_app_of_its_own(Credentials.new_secret())
    new = hub_in_an_app_of_its_own(Credentials.new_secret(), settings=settings)

    assert list(replacements(old, new)) == []


# --- all problems in one error ----------------------------------------------------------------------------------------


def test_every_problem_is_reported_at_once(here: cdk.Stack) -> None:
    problems = problems_of(
        here,
        upstream=Upstream.docker_hub(),
        prefix="H",
        upstream_prefix="A",
        repositories=[""],
        settings=EPHEMERAL.but(scan_on_push=False),
        role=iam.Role.from_role_arn(here, "Role", f"arn:aws:iam::{ACCOUNT}:role/a/b"),
    )

    told = [problem.split(" ")[0] for problem in problems]
    assert list(dict.fromkeys(told)) == [
        "prefix:",
        "upstream_prefix:",
        "role:",
        "credentials:",
        "settings:",
        "repositories:",
    ]
    assert [problem for problem in problems if ";" not in problem and "ECR allows" not in problem] == []


def test_a_value_of_the_wrong_kind_is_a_type_error(stack: cdk.Stack) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"upstream": "quay"}, r"upstream must be an Upstream such as Upstream.ecr_public\(\), got 'quay'"),
        ({"upstream": None}, "upstream must be an Upstream"),
        ({"prefix": 42}, "prefix must be a string, a Namespace or a CachePrefix such as 'docker-hub' or ROOT, got 42"),
        (
            {"upstream_prefix": 42},
            "upstream_prefix must be a string, a Namespace or a CachePrefix such as 'docker-hub' or ROOT, got",
        ),
        ({"credentials": SECRET_ARN}, r"credentials must be Credentials such as Credentials.new_secret\(\), got 'arn"),
        ({"role": "role"}, r"role must be an iam.Role such as iam.Role.from_role_arn\(scope, id, arn\), got 'role'"),
        ({"repositories": "nginx"}, r"repositories must be a list such as \['library/nginx'\], got 'nginx'"),
        ({"repositories": ""}, "repositories must be a list"),
        ({"repositories": 0}, "repositories must be a list"),
        ({"repositories": [1]}, r"repositories\[0\] must be a string"),
        ({"consumers": [ACCOUNT]}, r"consumers\[0\] must be an Access, got .*; write consumers as in \[Access"),
        ({"consumers": None}, "consumers must be a list"),
        ({"settings": None}, "settings must be RepositorySettings such as CACHED, got None"),
    ]
    for options, sentence in cases:
        with pytest.raises(TypeError, match=sentence):
            make(stack, **options)

        assert stack.node.children == []


@given(st.sampled_from([HARDENED, CACHED]), st.sets(st.sampled_from([OTHER_ACCOUNT, "777788889999"])))
def test_the_registry_policy_has_one_statement_for_the_consumers(settings: Any, accounts: set[str]) -> None:
    stack = new_stack(new_app(), "Containers", region="eu-west-1")
    PrivateRegistry(stack, "Registry")
    make(stack, settings=settings, consumers=[Access.account_pull(account) for account in sorted(accounts)])

    assert len(registry_statements(stack)) == bool(accounts)
