"""What the constructors reject, the rules report for a resource with the same properties, in the same words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    CREATED,
    CreationTemplate,
    HardenedRepository,
    Immutability,
    LifecyclePolicy,
    PrivateRegistry,
    PullThroughCache,
    Replication,
    ReplicationFilter,
    ScanFilter,
    Scanning,
    Upstream,
)
from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.compliance import RULES
from ecr_constructs.model.compliance.resources import AppResources, TemplateResource
from ecr_constructs.model.compliance.rule_results import judge

ACCOUNT, REGION = "111122223333", "eu-west-1"
LONG = "a" * 257
NAME = "repository-name-valid"


class Rejected(NamedTuple):
    """A call that a constructor rejects, and the resource of a template with the same properties."""

    make: Callable[[cdk.Stack], object]
    kind: str
    properties: Mapping[str, Any]
    rule: str


def statement(**values: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "ecr:BatchGetImage", "Principal": {"AWS": ACCOUNT}, **values}


def repository(**arguments: Any) -> Callable[[cdk.Stack], object]:
    return lambda stack: HardenedRepository(stack, "It", **arguments)


def with_statement(**values: Any) -> tuple[Callable[[cdk.Stack], object], str, dict[str, Any], str]:
    written = statement(**values)
    make = repository(policy_statements=[iam.PolicyStatement.from_json(written)])
    rule = "no-public-access" if values.get("Principal") == "*" else "policy-valid"
    return make, "Repository", {"RepositoryPolicyText": {"Statement": [written]}}, rule


def template(**arguments: Any) -> Callable[[cdk.Stack], object]:
    return lambda stack: CreationTemplate(stack, "It", **{"prefix": "a", "applied_for": ["REPLICATION"], **arguments})


def cache(upstream: Upstream, **arguments: Any) -> Callable[[cdk.Stack], object]:
    return lambda stack: PullThroughCache(stack, "It", upstream=upstream, **arguments)


def registry(make: Callable[[], Mapping[str, Any]]) -> Callable[[cdk.Stack], object]:
    return lambda stack: PrivateRegistry(stack, "It", **make())


def exclusion(*texts: str) -> list[dict[str, str]]:
    return [{"ImageTagMutabilityExclusionFilterValue": each} for each in texts]


def replicated(*filters: str, region: str = "us-east-1") -> dict[str, Any]:
    rule = {
        "Destinations": [{"Region": region, "RegistryId": ACCOUNT}],
        "RepositoryFilters": [{"Filter": each} for each in filters],
    }
    return {"ReplicationConfiguration": {"Rules": [rule]}}


def scanned(kind: str, frequency: str, *filters: str) -> dict[str, Any]:
    return {
        "ScanType": kind,
        "Rules": [{"ScanFrequency": frequency, "RepositoryFilters": [{"Filter": each} for each in filters]}],
    }


REJECTED: dict[str, Rejected] = {
    "name": Rejected(
        repository(repository_name="Prod"), "Repository", {"RepositoryName": "Prod"}, "repository-name-valid"
    ),
    "long name": Rejected(
        repository(repository_name=LONG), "Repository", {"RepositoryName": LONG}, "repository-name-valid"
    ),
    "filters": Rejected(
        lambda _: Immutability.all_tags_except("a*b*c*"),
        "Repository",
        {
            "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "ImageTagMutabilityExclusionFilters": exclusion("a*b*c*"),
        },
        "tag-mutability-valid",
    ),
    "filters without a mode": Rejected(
        lambda _: Immutability(mode="IMMUTABLE", filters=["a"]),
        "Repository",
        {"ImageTagMutability": "IMMUTABLE", "ImageTagMutabilityExclusionFilters": exclusion("a")},
        "tag-mutability-valid",
    ),
    "tags": Rejected(
        repository(resource_tags={"aws:team": "a"}),
        "Repository",
        {"Tags": [{"Key": "aws:team", "Value": "a"}]},
        "resource-tags-valid",
    ),
    "public": Rejected(*with_statement(Principal="*")),
    "principal": Rejected(*with_statement(Principal={"AWS": "arn:aws:iam::222233334444:*"})),
    "group": Rejected(*with_statement(Principal={"AWS": "arn:aws:iam::222233334444:group/x"})),
    "action": Rejected(*with_statement(Action="ecr:BatchGetImages")),
    "action of the registry": Rejected(*with_statement(Action="ecr:CreateRepository")),
    "resource": Rejected(*with_statement(Resource="*")),
    "lifecycle": Rejected(
        lambda _: LifecyclePolicy.from_json('{"rules":[]}'),
        "Repository",
        {"LifecyclePolicy": {"LifecyclePolicyText": '{"rules":[]}'}},
        "lifecycle-policy-valid",
    ),
    "template prefix": Rejected(
        template(prefix="Teams"),
        "RepositoryCreationTemplate",
        {"Prefix": "Teams", "AppliedFor": ["REPLICATION"]},
        "creation-template-valid",
    ),
    "purposes": Rejected(
        template(applied_for=[]),
        "RepositoryCreationTemplate",
        {"Prefix": "a", "AppliedFor": []},
        "creation-template-valid",
    ),
    "description": Rejected(
        template(description=LONG),
        "RepositoryCreationTemplate",
        {"Prefix": "a", "AppliedFor": ["REPLICATION"], "Description": LONG},
        "creation-template-valid",
    ),
    "cache prefix": Rejected(
        cache(Upstream.quay(), prefix="a" * 31),
        "PullThroughCacheRule",
        {"EcrRepositoryPrefix": "a" * 31, "UpstreamRegistryUrl": "quay.io"},
        "cache-rule-valid",
    ),
    "credentials": Rejected(
        cache(Upstream.docker_hub()),
        "PullThroughCacheRule",
        {"EcrRepositoryPrefix": "docker-hub", "UpstreamRegistryUrl": "registry-1.docker.io"},
        "cache-rule-valid",
    ),
    "replication filter": Rejected(
        registry(lambda: {"replication": [Replication.to("us-east-1", repositories="Prod")]}),
        "ReplicationConfiguration",
        replicated("Prod"),
        "replication-valid",
    ),
    "replication to itself": Rejected(
        registry(lambda: {"replication": [Replication.to(REGION)]}),
        "ReplicationConfiguration",
        replicated(region=REGION),
        "replication-valid",
    ),
    "many filters": Rejected(
        lambda _: Replication(region="us-east-1", filters=[ReplicationFilter(f"a{n}") for n in range(101)]),
        "ReplicationConfiguration",
        replicated(*(f"a{n}" for n in range(101))),
        "replication-valid",
    ),
    "scan filter": Rejected(
        lambda _: ScanFilter("prod/"),
        "RegistryScanningConfiguration",
        scanned("BASIC", "SCAN_ON_PUSH", "prod/"),
        "scanning-valid",
    ),
    "continuous basic scanning": Rejected(
        lambda _: Scanning(scan_type="BASIC", continuous=[ScanFilter("*")]),
        "RegistryScanningConfiguration",
        scanned("BASIC", "CONTINUOUS_SCAN", "*"),
        "scanning-valid",
    ),
    "statement of the registry": Rejected(
        registry(lambda: {"policy_statements": [iam.PolicyStatement.from_json(statement(Resource="arn:aws:s3:::b"))]}),
        "RegistryPolicy",
        {"PolicyText": {"Statement": [statement(Resource="arn:aws:s3:::b")]}},
        "policy-valid",
    ),
    "another registry": Rejected(
        registry(
            lambda: {
                "policy_statements": [
                    iam.PolicyStatement.from_json(
                        statement(Resource="arn:aws:ecr:us-east-1:111122223333:repository/prod/*")
                    )
                ]
            }
        ),
        "RegistryPolicy",
        {"PolicyText": {"Statement": [statement(Resource="arn:aws:ecr:us-east-1:111122223333:repository/prod/*")]}},
        "policy-valid",
    ),
}


def breaches(case: Rejected) -> set[tuple[str, str]]:
    """Return the rule and the sentence of each breach of severity error."""
    resource = TemplateResource(
        logical_id="It",
        type=f"AWS::ECR::{case.kind}",
        properties=case.properties,
        stack="Prod",
        environment=f"{ACCOUNT}/{REGION}",
    )
    found = judge(AppResources([resource]), [each for each in RULES.values() if each.level == "error"])
    return {(verdict.rule.id, breach.sentence) for verdict in found for breach in verdict.breaches}


@pytest.mark.parametrize("name", REJECTED)
def test_a_resource_is_reported_for_what_a_constructor_rejects(name: str) -> None:
    case = REJECTED[name]
    stack = cdk.Stack(cdk.App(), "Prod", env=cdk.Environment(account=ACCOUNT, region=REGION))

    with pytest.raises(EcrConstructsError) as raised:
        case.make(stack)

    found = breaches(case)
    assert {rule for rule, _ in found} == {case.rule}
    sentences = [sentence for _, sentence in found]
    problems = raised.value.problems
    assert all(
        any(sentence.endswith(problem) or problem.endswith(sentence) for problem in problems) for sentence in sentences
    )


def test_a_template_without_the_role_that_ecr_assumes_is_reported() -> None:
    tags = [{"Key": "team", "Value": "a"}]
    properties = {"Prefix": "a", "AppliedFor": ["REPLICATION"], "ResourceTags": tags}
    without = Rejected(template(), "RepositoryCreationTemplate", properties, "creation-template-valid")
    with_role = without._replace(properties={**properties, "CustomRoleArn": "arn:aws:iam::111122223333:role/ecr"})
    with_path = without._replace(properties={**properties, "CustomRoleArn": "arn:aws:iam::111122223333:role/a/ecr"})

    assert [rule for rule, _ in breaches(without)] == ["creation-template-valid"]
    assert breaches(with_role) == set()
    assert "accepts no path" in next(sentence for _, sentence in breaches(with_path))


@pytest.mark.parametrize("settings", ["ADOPTED", "CACHED", "CREATED", "EPHEMERAL", "HARDENED"])
def test_the_resources_of_our_constructs_have_no_breach(settings: str) -> None:
    import ecr_constructs

    stack = cdk.Stack(cdk.App(), "Prod", env=cdk.Environment(account=ACCOUNT, region=REGION))
    HardenedRepository(stack, "It", settings=getattr(ecr_constructs, settings), resource_tags={"team": "a"})
    PrivateRegistry(stack, "R", scanning=Scanning.enhanced(), replication=[Replication.to("us-east-1")])
    PullThroughCache(stack, "C", upstream=Upstream.ecr_public(), settings=CREATED.but(immutability=Immutability.off()))
    resources = cdk.assertions.Template.from_stack(stack).to_json()["Resources"]

    found = [
        breach
        for name, each in resources.items()
        if each["Type"].startswith("AWS::ECR::")
        for breach in breaches(
            Rejected(repository(), each["Type"].removeprefix("AWS::ECR::"), each["Properties"], name)
        )
    ]

    assert found == []
