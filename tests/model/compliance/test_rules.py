"""The rules on resources of templates."""

from __future__ import annotations

from typing import Any

import pytest

from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model import Breach, LifecyclePolicy, compliance_rule, expire_untagged
from ecr_constructs.model.compliance import RULES
from ecr_constructs.model.compliance.resources import AppResources, TemplateResource
from ecr_constructs.model.compliance.rule import CONTROLS
from ecr_constructs.model.compliance.verdicts import Verdict, judge

LATER = {"Fn::ImportValue": "Later"}
ENHANCED = {"ScanType": "ENHANCED", "Rules": [{"RepositoryFilters": [{"Filter": "prod/*"}]}]}
BASIC = {**ENHANCED, "ScanType": "BASIC"}
EVERYTHING = {"ScanType": "ENHANCED", "Rules": [{"RepositoryFilters": [{"Filter": "*"}]}]}
POLICY = {"LifecyclePolicyText": LifecyclePolicy.of(expire_untagged(keep=5)).to_json()}
SCANS = {"ImageScanningConfiguration": {"ScanOnPush": True}}
IRELAND, FRANKFURT = "111122223333/eu-west-1", "444455556666/eu-central-1"


def resource(kind: str, environment: str = IRELAND, id: str = "It", **properties: Any) -> TemplateResource:
    kind = kind if "::" in kind else f"AWS::ECR::{kind}"
    return TemplateResource(logical_id=id, type=kind, properties=properties, stack="Prod", environment=environment)


def verdict(rule: str, subject: TemplateResource, *others: TemplateResource) -> Verdict:
    found = judge(AppResources([*others, subject]), [RULES[rule]])
    return next(each for each in found if each.resource is subject)


def scanning(**properties: Any) -> TemplateResource:
    return resource("RegistryScanningConfiguration", **properties)


@pytest.mark.parametrize(
    ("rule", "properties", "status"),
    [
        ("tags-immutable", {"ImageTagMutability": "IMMUTABLE"}, "met"),
        ("tags-immutable", {"ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}, "not met"),
        ("tags-immutable", {}, "not met"),
        ("tags-immutable", {"ImageTagMutability": {"Ref": "AWS::NoValue"}}, "not met"),
        ("tags-immutable", {"ImageTagMutability": LATER}, "not decidable"),
        ("scan-on-push", SCANS, "met"),
        ("scan-on-push", {"ImageScanningConfiguration": {"ScanOnPush": False}}, "not met"),
        ("scan-on-push", {"ImageScanningConfiguration": LATER}, "not decidable"),
        ("lifecycle-policy-present", {"LifecyclePolicy": POLICY}, "met"),
        ("lifecycle-policy-present", {"LifecyclePolicy": {"LifecyclePolicyText": ""}}, "not met"),
        ("lifecycle-policy-present", {"LifecyclePolicy": {"LifecyclePolicyText": LATER}}, "not decidable"),
        ("customer-managed-key", {"EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": "k"}}, "met"),
        ("customer-managed-key", {"EncryptionConfiguration": {"EncryptionType": "KMS"}}, "not met"),
        ("customer-managed-key", {"EncryptionConfiguration": {"EncryptionType": "AES256"}}, "not met"),
        (
            "customer-managed-key",
            {"EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": "alias/aws/ecr"}},
            "not met",
        ),
        (
            "customer-managed-key",
            {"EncryptionConfiguration": {"EncryptionType": "KMS_DSSE", "KmsKey": LATER}},
            "not decidable",
        ),
        ("encrypted-with-kms", {"EncryptionConfiguration": {"EncryptionType": "KMS_DSSE"}}, "not met"),
        ("lifecycle-policy-valid", {"LifecyclePolicy": {"LifecyclePolicyText": '{"rules":[]}'}}, "not met"),
        ("lifecycle-policy-valid", {}, "met"),
    ],
)
def test_a_repository_is_judged_by_its_properties(rule: str, properties: dict[str, Any], status: str) -> None:
    assert verdict(rule, resource("Repository", **properties)).status == status


def test_a_key_of_the_same_template_is_a_customer_managed_key() -> None:
    encryption = {"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": ["Key", "Arn"]}}
    key = resource("AWS::KMS::Key", id="Key")

    assert verdict("customer-managed-key", resource("Repository", EncryptionConfiguration=encryption), key).status == (
        "met"
    )


@pytest.mark.parametrize(
    ("configuration", "properties", "status"),
    [
        (ENHANCED, {"RepositoryName": "prod/api"}, "met"),
        (ENHANCED, {"RepositoryName": "tools/ci", **SCANS}, "not met"),
        (ENHANCED, {}, "not decidable"),
        (EVERYTHING, {}, "met"),
        (BASIC, {"RepositoryName": "tools/ci", **SCANS}, "met"),
        (BASIC, {"RepositoryName": "tools/ci"}, "not met"),
        ({"ScanType": "ENHANCED", "Rules": LATER}, {"RepositoryName": "tools/ci"}, "not decidable"),
        ({"ScanType": "ENHANCED"}, {"RepositoryName": "tools/ci"}, "not decidable"),
    ],
)
def test_the_registry_decides_whether_a_repository_is_scanned(
    configuration: dict[str, Any], properties: dict[str, Any], status: str
) -> None:
    found = verdict("images-scanned", resource("Repository", **properties), scanning(**configuration))

    assert found.status == status


def test_the_scanning_configuration_of_another_region_has_no_effect() -> None:
    elsewhere = scanning(environment=FRANKFURT, **EVERYTHING)

    assert verdict("images-scanned", resource("Repository"), elsewhere).status == "not met"


def test_stacks_without_an_environment_are_compared_within_the_stack() -> None:
    here = scanning(environment="", **EVERYTHING)

    assert verdict("images-scanned", resource("Repository", environment=""), here).status == "met"
    assert verdict("images-scanned", resource("Repository"), here).status == "not met"


def allowing(principal: object, **condition: object) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "ecr:BatchGetImage", **condition}
    return {"RepositoryPolicyText": {"Statement": [statement]}}


ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-abc1234567"}}


@pytest.mark.parametrize(
    ("rule", "properties", "status"),
    [
        ("no-public-access", allowing("*"), "not met"),
        ("no-public-access", allowing("*", Condition=ORGANIZATION), "met"),
        ("no-public-access", {"RepositoryPolicyText": LATER}, "not decidable"),
        ("no-public-access", {"RepositoryPolicyText": "{"}, "not decidable"),
        ("no-wildcard-principal", allowing("*", Condition=ORGANIZATION), "not met"),
        ("no-wildcard-principal", allowing({"AWS": "111122223333"}), "met"),
        ("service-principal-source", allowing({"Service": "lambda.amazonaws.com"}), "not met"),
        (
            "service-principal-source",
            allowing(
                {"Service": "lambda.amazonaws.com"},
                Condition={"StringEquals": {"aws:SourceAccount": "111122223333"}},
            ),
            "met",
        ),
    ],
)
def test_a_policy_is_judged_by_its_statements(rule: str, properties: dict[str, Any], status: str) -> None:
    assert verdict(rule, resource("Repository", **properties)).status == status


def test_a_policy_can_be_json_text() -> None:
    text = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}}'

    assert verdict("no-public-access", resource("RegistryPolicy", PolicyText=text)).status == "not met"


@pytest.mark.parametrize(("text", "status"), [("dev-", "not met"), ("dev-*", "met"), ("latest", "met")])
def test_an_exclusion_filter_that_ends_with_a_separator_needs_a_wildcard(text: str, status: str) -> None:
    filters = [{"ImageTagMutabilityExclusionFilterValue": text}]

    found = verdict("exclusion-filter-wildcard", resource("Repository", ImageTagMutabilityExclusionFilters=filters))

    assert found.status == status


def test_a_second_configuration_of_a_registry_is_reported_once() -> None:
    first, second = scanning(id="First", **BASIC), scanning(id="Second", **BASIC)
    app = AppResources([first, second, scanning(id="Other", environment=FRANKFURT, **BASIC)])

    found = judge(app, [RULES["single-registry-configuration"]])

    assert [(each.resource.logical_id, each.status) for each in found] == [
        ("First", "met"),
        ("Second", "not met"),
        ("Other", "met"),
    ]


def test_an_event_of_basic_scanning_is_reported_under_enhanced_scanning_only() -> None:
    rule = resource("AWS::Events::Rule", EventPattern={"source": ["aws.ecr"], "detail-type": ["ECR Image Scan"]})

    assert verdict("scan-event-source", rule, scanning(**ENHANCED)).status == "not met"
    assert verdict("scan-event-source", rule, scanning(**BASIC)).status == "met"
    assert verdict("scan-event-source", rule).status == "met"


@pytest.mark.parametrize(
    ("name", "mode", "status"),
    [
        ("hub/library/nginx", "IMMUTABLE", "not met"),
        ("hub/library/nginx", "MUTABLE", "met"),
        ("hubs/nginx", "IMMUTABLE", "met"),
    ],
)
def test_a_repository_of_a_cache_has_mutable_tags(name: str, mode: str, status: str) -> None:
    cache = resource("PullThroughCacheRule", EcrRepositoryPrefix="hub")

    repository = resource("Repository", RepositoryName=name, ImageTagMutability=mode)

    assert verdict("cached-tags-mutable", repository, cache).status == status


def accepting(account: str) -> TemplateResource:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "ecr:ReplicateImage",
    }
    return resource("RegistryPolicy", environment=FRANKFURT, PolicyText={"Statement": [statement]})


def test_a_destination_in_the_app_must_accept_the_source() -> None:
    destinations = [{"Region": "eu-central-1", "RegistryId": "444455556666"}]
    source = resource("ReplicationConfiguration", ReplicationConfiguration={"Rules": [{"Destinations": destinations}]})
    there = resource("Repository", environment=FRANKFURT)

    assert verdict("replication-accepted", source).status == "met"
    assert verdict("replication-accepted", source, there).status == "not met"
    assert verdict("replication-accepted", source, there, accepting("999999999999")).status == "not met"
    assert verdict("replication-accepted", source, there, accepting("111122223333")).status == "met"


def test_a_finding_of_a_lifecycle_policy_is_a_breach_of_its_rule() -> None:
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5}
    rule = {"rulePriority": 1, "description": "Expire untagged", "selection": selection, "action": {"type": "expire"}}
    text = LifecyclePolicy.from_dict({"rules": [rule]}).to_json()
    repository = resource("Repository", LifecyclePolicy={"LifecyclePolicyText": text})

    assert verdict("lifecycle-any-described-as-untagged", repository).status == "not met"
    assert verdict("lifecycle-shadowed-rule", repository).status == "met"


HOST = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
FOR_LAMBDA = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "ecr:BatchGetImage"}
FOR_ACCOUNT = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "ecr:BatchGetImage"}


@pytest.mark.parametrize(
    ("uri", "policy", "status"),
    [
        ({"Fn::Sub": "${Api.RepositoryUri}:v1"}, None, "not met"),
        ({"Fn::Join": ["", [{"Fn::GetAtt": ["Api", "RepositoryUri"]}, ":v1"]]}, [FOR_ACCOUNT], "not met"),
        ({"Fn::Sub": "${Api.RepositoryUri}:v1"}, [FOR_LAMBDA], "met"),
        ({"Fn::Sub": "${Api.RepositoryUri}:v1"}, [{**FOR_LAMBDA, "Principal": {"Service": LATER}}], "met"),
        ({"Fn::Sub": "${Api.RepositoryUri}:v1"}, LATER, "not decidable"),
        (f"{HOST}/prod/api:v1", None, "not met"),
        (f"{HOST}/prod/other:v1", None, "met"),
        ("999988887777.dkr.ecr.eu-west-1.amazonaws.com/prod/api:v1", None, "met"),
        ({"Fn::Sub": "${Another.RepositoryUri}:v1"}, None, "met"),
        (None, None, "met"),
    ],
)
def test_a_repository_of_a_function_has_a_statement_for_lambda(uri: object, policy: object, status: str) -> None:
    text: dict[str, Any] = {} if policy is None else {"RepositoryPolicyText": {"Statement": policy}}
    repository = resource("Repository", id="Api", RepositoryName="prod/api", **text)
    function = resource("AWS::Lambda::Function", id="Function", Code={"ImageUri": uri} if uri else {"ZipFile": "x"})

    assert verdict("function-image-policy", function, repository).status == status


def test_every_control_is_served_by_one_rule() -> None:
    served = [control for rule in RULES.values() for control in rule.controls]

    assert sorted(served) == sorted(CONTROLS)


def test_an_error_in_a_check_names_the_rule_and_the_resource() -> None:
    @compliance_rule("broken", requirement="It works.", remedy="Fix it.")
    def broken(resource: TemplateResource, app: AppResources) -> Any:  # noqa: ARG001
        yield Breach(resource.properties["Missing"])

    with pytest.raises(EcrConstructsError, match=r"Prod/It: rule 'broken' cannot check the resource: KeyError"):
        judge(AppResources([resource("Repository")]), [broken])
