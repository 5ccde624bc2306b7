"""The rules on resources of templates."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model import Breach, Immutability, LifecyclePolicy, compliance_rule, expire_untagged
from ecr_constructs.model.compliance import RULES
from ecr_constructs.model.compliance.resources import AppResources, TemplateResource
from ecr_constructs.model.compliance.rule import CONTROLS
from ecr_constructs.model.compliance.rule_results import RuleResult, judge

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


def verdict(rule: str, subject: TemplateResource, *others: TemplateResource) -> RuleResult:
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
        ("scan-on-push", {"ImageScanningConfiguration": {"ScanOnPush": "true"}}, "met"),
        ("scan-on-push", {"ImageScanningConfiguration": {"ScanOnPush": "True"}}, "met"),
        ("scan-on-push", {"ImageScanningConfiguration": {"ScanOnPush": "false"}}, "not met"),
        ("scan-on-push", {"ImageScanningConfiguration": {"ScanOnPush": "yes"}}, "not met"),
        ("images-scanned", {"ImageScanningConfiguration": {"ScanOnPush": "true"}}, "met"),
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


def test_a_key_that_is_disabled_by_a_text_cannot_be_used() -> None:
    encryption = {"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": ["Key", "Arn"]}}
    key = resource("AWS::KMS::Key", id="Key", Enabled="false")

    assert verdict("encryption-key-usable", resource("Repository", EncryptionConfiguration=encryption), key).breaches


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


DENIED = {"Effect": "Deny", "Principal": "*", "Action": "ecr:SetRepositoryPolicy"}
JOINED = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}, ":root"]]}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "not met"),
        ({"Action": "ecr:*"}, "not met"),
        ({"Action": ["ecr:PutImage", "ecr:Set*"]}, "not met"),
        ({"Action": "*", "Principal": {"AWS": "*"}}, "not met"),
        ({"Principal": {"AWS": "111122223333"}}, "not met"),
        ({"Principal": {"AWS": ["arn:aws:iam::111122223333:root"]}}, "not met"),
        ({"Principal": {"AWS": JOINED}}, "not met"),
        ({"Condition": {"StringEquals": {}}}, "not met"),
        ({"Action": None, "NotAction": ["ecr:BatchGetImage"]}, "not met"),
        ({"Action": None, "NotAction": ["ecr:*RepositoryPolicy"]}, "met"),
        ({"Action": "ecr:PutImage"}, "met"),
        ({"Effect": "Allow", "Principal": {"AWS": "111122223333"}}, "met"),
        ({"Principal": {"AWS": "444455556666"}}, "met"),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:role/build"}}, "met"),
        ({"Principal": {"Service": "lambda.amazonaws.com"}}, "met"),
        ({"Principal": None, "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:role/deploy"}}, "met"),
        ({"Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/cdk-*"}}}, "met"),
        ({"Condition": {"Bool": {"aws:SecureTransport": "false"}}}, "met"),
    ],
)
def test_a_denial_to_everyone_leaves_the_policy_changeable(changes: dict[str, Any], status: str) -> None:
    statement = {key: value for key, value in {**DENIED, **changes}.items() if value is not None}
    document = {"Version": "2012-10-17", "Statement": [statement]}

    assert verdict("policy-changeable", resource("Repository", RepositoryPolicyText=document)).status == status
    template = resource("RepositoryCreationTemplate", RepositoryPolicy=json.dumps(document))
    assert verdict("policy-changeable", template).status == status


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


@pytest.mark.parametrize(
    ("filters", "status", "sentence"),
    [
        (["prod/"], "met", ""),
        (["prod/api"], "met", ""),
        (["prod/", "base/"], "not met", "replicate repositories that begin with 'base/'"),
        ([], "not met", "replicate all repositories"),
    ],
)
def test_a_destination_must_accept_all_repositories_that_the_source_replicates(
    filters: list[str], status: str, sentence: str
) -> None:
    rule = {
        "Destinations": [{"Region": "eu-central-1", "RegistryId": "444455556666"}],
        "RepositoryFilters": [{"Filter": each, "FilterType": "PREFIX_MATCH"} for each in filters],
    }
    source = resource("ReplicationConfiguration", ReplicationConfiguration={"Rules": [rule]})
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "111122223333"},
        "Action": ["ecr:ReplicateImage", "ecr:CreateRepository"],
        "Resource": "arn:aws:ecr:eu-central-1:444455556666:repository/prod/*",
    }
    policy = resource("RegistryPolicy", environment=FRANKFURT, PolicyText={"Statement": [statement]})

    found = verdict("replication-accepted", source, policy)

    assert found.status == status
    assert all(each.sentence.endswith(sentence) for each in found.breaches)


@pytest.mark.parametrize(
    ("ours", "theirs", "status"),
    [
        ({"RepositoryName": "prod/api"}, {"RepositoryName": "prod/api"}, "not met"),
        ({"RepositoryName": "prod/api"}, {"RepositoryName": "prod/web"}, "met"),
        ({"RepositoryName": LATER}, {"RepositoryName": LATER}, "met"),
        ({}, {}, "met"),
    ],
)
def test_a_name_is_that_of_one_repository_of_a_registry(
    ours: dict[str, Any], theirs: dict[str, Any], status: str
) -> None:
    other = resource("Repository", id="Other", **theirs)

    assert verdict("name-unique", resource("Repository", **ours), other).status == status
    elsewhere = resource("Repository", environment=FRANKFURT, id="Other", **theirs)
    assert verdict("name-unique", resource("Repository", **ours), elsewhere).status == "met"


def test_a_prefix_is_that_of_one_cache_and_of_one_template_of_a_registry() -> None:
    for kind, name in (("PullThroughCacheRule", "EcrRepositoryPrefix"), ("RepositoryCreationTemplate", "Prefix")):
        other = resource(kind, id="Other", **{name: "hub/"})

        assert verdict("name-unique", resource(kind, **{name: "hub"}), other).status == "not met"


def test_a_repository_is_compared_with_the_template_of_its_longest_prefix() -> None:
    short = resource("RepositoryCreationTemplate", id="Short", Prefix="prod", ImageTagMutability="IMMUTABLE")
    long = resource("RepositoryCreationTemplate", id="Long", Prefix="prod/a", ImageTagMutability="MUTABLE")

    assert verdict("template-differs", resource("Repository", RepositoryName="prod/a/b"), short, long).status == "met"
    found = verdict("template-differs", resource("Repository", RepositoryName="prod/b"), short, long)
    assert [each.sentence for each in found.breaches] == [
        "ImageTagMutability is MUTABLE, and IMMUTABLE in the creation template Prod/Short"
    ]
    assert verdict("template-differs", resource("Repository", RepositoryName="production"), short).status == "met"


@pytest.mark.parametrize(
    ("source", "replica", "status"),
    [
        (Immutability.off(), Immutability.all_tags(), "not met"),
        (Immutability.all_tags_except("latest"), Immutability.all_tags(), "not met"),
        (Immutability.off(), Immutability.all_tags_except("dev-*"), "not met"),
        (Immutability.all_tags_except("dev-*"), Immutability.all_tags_except("dev-1-*"), "not met"),
        (Immutability.off(), Immutability.only_tags("v*"), "not met"),
        # Each tag that the source reassigns can be reassigned in the replica.
        (Immutability.all_tags(), Immutability.off(), "met"),
        (Immutability.all_tags_except("dev-1-*"), Immutability.all_tags_except("dev-*"), "met"),
        (Immutability.only_tags("v*"), Immutability.off(), "met"),
        (Immutability.off(), Immutability.off(), "met"),
    ],
)
def test_a_replica_must_reassign_the_tags_that_its_source_reassigns(
    source: Immutability, replica: Immutability, status: str
) -> None:
    rule = {"Destinations": [{"Region": "eu-central-1", "RegistryId": "444455556666"}]}
    replication = resource("ReplicationConfiguration", ReplicationConfiguration={"Rules": [rule]})
    repositories = [
        resource(
            "Repository",
            environment,
            id,
            RepositoryName="api",
            ImageTagMutability=each.mode,
            ImageTagMutabilityExclusionFilters=[
                {"ImageTagMutabilityExclusionFilterType": "WILDCARD", "ImageTagMutabilityExclusionFilterValue": text}
                for text in each.filters
            ],
        )
        for environment, id, each in ((IRELAND, "Source", source), (FRANKFURT, "Replica", replica))
    ]

    assert verdict("replica-tags-differ", repositories[1], repositories[0], replication).status == status


def test_repositories_of_one_name_are_not_compared_if_no_rule_replicates_them() -> None:
    source = resource("Repository", id="Source", RepositoryName="api")
    other = resource("Repository", environment=FRANKFURT, RepositoryName="api", ImageTagMutability="IMMUTABLE")

    assert verdict("replica-tags-differ", other, source).status == "met"


@pytest.mark.parametrize(
    ("mode", "purpose", "status"),
    [
        ("IMMUTABLE", "PULL_THROUGH_CACHE", "not met"),
        ("IMMUTABLE", "REPLICATION", "met"),
        ("MUTABLE", "PULL_THROUGH_CACHE", "met"),
    ],
)
def test_a_template_of_a_cache_has_mutable_tags(mode: str, purpose: str, status: str) -> None:
    template = resource("RepositoryCreationTemplate", ImageTagMutability=mode, AppliedFor=[purpose])

    assert verdict("cached-tags-mutable", template).status == status


def test_a_rule_for_the_events_of_both_kinds_of_scanning_is_accepted() -> None:
    kinds = ["ECR Image Scan", "Inspector2 Scan"]
    rule = resource("AWS::Events::Rule", EventPattern={"detail-type": kinds})

    assert verdict("scan-event-source", rule, scanning(**ENHANCED)).status == "met"


# --- references to images ---------------------------------------------------------------------------------------------

HOST = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
DIGEST = f"sha256:{'a' * 64}"


def joined(*parts: Any) -> dict[str, Any]:
    """Return a reference as the CDK writes it: the host and the name of the repository are tokens."""
    host = [{"Ref": "AWS::AccountId"}, ".dkr.ecr.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}, "/"]
    return {"Fn::Join": ["", [*host, {"Ref": "Repository"}, *parts]]}


@pytest.mark.parametrize(
    ("image", "status"),
    [
        (f"{HOST}/api:v1", "met"),
        (f"{HOST}/api@{DIGEST}", "met"),
        (f"{HOST}/api:v1@{DIGEST}", "met"),
        (f"{HOST}/api", "met"),
        (f"{HOST}/api:{DIGEST}", "not met"),
        (f"{HOST}/api:v 1", "not met"),
        (f"{HOST}/api:", "not met"),
        (f"localhost:5000/api:{DIGEST}", "met"),
        ("public.ecr.aws/nginx/nginx:1.27", "met"),
        (joined(":v1"), "met"),
        (joined(f"@{DIGEST}"), "met"),
        (joined(":", {"Ref": "ImageTag"}), "met"),
        (joined(":", {"Ref": "Default"}), "not met"),
        (joined(":", {"Ref": "TagOfDefault"}), "met"),
        (joined(":", {"Ref": "Stored"}), "met"),
        (joined(":", {"Ref": "ImageDigest"}), "not met"),
        (joined("@", {"Ref": "ImageDigest"}), "met"),
        (joined(":", {"Fn::GetAtt": ["Build", "Digest"]}), "not met"),
        (joined(":", "{{resolve:ssm:/app/digest}}"), "not met"),
        (joined(":{{resolve:ssm:/app/tag}}"), "met"),
        (joined(":", {"Ref": "StoredDigest"}), "not met"),
        (joined("@", {"Ref": "StoredDigest"}), "met"),
        (joined(":", {"Ref": "Pattern"}), "not met"),
        (joined(":", {"Ref": "Alternatives"}), "met"),
        (joined(":", {"Ref": "Described"}), "not met"),
        (joined(":", {"Ref": "DescribedAsTag"}), "met"),
        (joined("@v1"), "not met"),
        (f"{HOST}/api@v1", "not met"),
        ({"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/api:${ImageDigest}"}, "not met"),
        ({"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/digests:${ImageTag}"}, "met"),
        (LATER, "met"),
        ("", "met"),
    ],
)
def test_a_digest_after_a_colon_is_no_reference(image: object, status: str) -> None:
    parameters = {
        "Default": {"Type": "String", "Default": DIGEST},
        "TagOfDefault": {"Type": "String", "Default": "v1"},
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/app/tag"},
        "StoredDigest": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/app/image-digest"},
        "Pattern": {"Type": "String", "AllowedPattern": "^sha256:[0-9a-f]{64}$"},
        "Alternatives": {"Type": "String", "AllowedPattern": "^(sha256:[0-9a-f]{64}|v.*)$"},
        "Described": {"Type": "String", "Description": "The digest of the image"},
        "DescribedAsTag": {"Type": "String", "Description": "The tag of the image, not its digest"},
    }
    function = replace(resource("AWS::Lambda::Function", Code={"ImageUri": image}), parameters=parameters)

    assert verdict("image-reference-valid", function).status == status


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AppRunner::Service", {"SourceConfiguration": {"ImageRepository": {"ImageIdentifier": "IMAGE"}}}),
        ("Batch::JobDefinition", {"ContainerProperties": {"Image": "IMAGE"}}),
        (
            "Batch::JobDefinition",
            {"NodeProperties": {"NodeRangeProperties": [{"Container": {"Image": "IMAGE"}}]}},
        ),
        ("Batch::JobDefinition", {"EcsProperties": {"TaskProperties": [{"Containers": [{"Image": "IMAGE"}]}]}}),
        ("Batch::JobDefinition", {"EksProperties": {"PodProperties": {"Containers": [{"Image": "IMAGE"}]}}}),
        ("CodeBuild::Project", {"Environment": {"Image": "IMAGE"}}),
        ("ECS::TaskDefinition", {"ContainerDefinitions": [{"Image": "public.ecr.aws/a:1"}, {"Image": "IMAGE"}]}),
        ("Lambda::Function", {"Code": {"ImageUri": "IMAGE"}}),
        ("SageMaker::Model", {"PrimaryContainer": {"Image": "IMAGE"}}),
        ("SageMaker::Model", {"Containers": [{"Image": "IMAGE"}]}),
    ],
)
def test_the_images_of_every_workload_are_judged(kind: str, properties: dict[str, Any]) -> None:
    written = json.loads(json.dumps(properties).replace("IMAGE", f"{HOST}/api:{DIGEST}"))

    assert verdict("image-reference-valid", resource(f"AWS::{kind}", **written)).status == "not met"


@pytest.mark.parametrize(
    ("image", "status"),
    [
        (f"{HOST}/hub/library/nginx@{DIGEST}", "not met"),
        (f"{HOST}/hub/library/nginx:1.27@{DIGEST}", "not met"),
        (f"{HOST}/hub/library/nginx:1.27", "met"),
        (f"{HOST}/hubs/nginx@{DIGEST}", "met"),
        (f"999988887777.dkr.ecr.eu-west-1.amazonaws.com/hub/nginx@{DIGEST}", "met"),
        (
            {"Fn::Sub": f"${{AWS::AccountId}}.dkr.ecr.${{AWS::Region}}.${{AWS::URLSuffix}}/hub/nginx@{DIGEST}"},
            "not met",
        ),
    ],
)
def test_an_image_of_a_cache_that_is_named_by_its_digest_is_reported(image: object, status: str) -> None:
    cache = resource("PullThroughCacheRule", EcrRepositoryPrefix="hub")
    task = resource("AWS::ECS::TaskDefinition", ContainerDefinitions=[{"Image": image}])

    assert verdict("cached-image-by-digest", task, cache).status == status


# --- properties that ECR rejects: tests/contract/test_constructor_checks.py has those of constructors ---------------


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({}, "met"),
        ({"Enabled": LATER}, "met"),
        ({"Enabled": False}, "not met"),
        ({"KeySpec": "RSA_2048"}, "not met"),
        ({"KeyUsage": "GENERATE_VERIFY_MAC"}, "not met"),
    ],
)
def test_a_key_of_the_same_template_must_be_usable(properties: dict[str, Any], status: str) -> None:
    encryption = {"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": ["Key", "Arn"]}}
    key = resource("AWS::KMS::Key", id="Key", **properties)
    repository = resource("Repository", EncryptionConfiguration=encryption)

    assert verdict("encryption-key-usable", repository, key).status == status


@pytest.mark.parametrize(
    ("value", "policy", "status"),
    [
        (True, "Retain", "not met"),
        ("true", "Retain", "not met"),
        ("false", "Retain", "met"),
        (None, "Retain", "met"),
        (True, "Delete", "met"),
    ],
)
def test_a_retained_repository_is_not_emptied(value: object, policy: str, status: str) -> None:
    repository = replace(resource("Repository", EmptyOnDelete=value), deletion_policy=policy)

    assert verdict("empty-on-delete-effective", repository).status == status


@pytest.mark.parametrize(
    ("rule", "kind", "properties"),
    [
        ("repository-name-valid", "Repository", {"RepositoryName": LATER}),
        ("resource-tags-valid", "Repository", {"Tags": [{"Key": "team", "Value": LATER}]}),
        ("policy-valid", "Repository", {"RepositoryPolicyText": {"Statement": [{"Fn::If": ["A", LATER, LATER]}]}}),
        ("creation-template-valid", "RepositoryCreationTemplate", {"Prefix": LATER, "AppliedFor": LATER}),
        ("cache-rule-valid", "PullThroughCacheRule", {"EcrRepositoryPrefix": LATER, "UpstreamRegistryUrl": LATER}),
        (
            "cache-rule-valid",
            "PullThroughCacheRule",
            {"EcrRepositoryPrefix": "hub", "UpstreamRegistry": "docker-hub", "CredentialArn": LATER},
        ),
        ("replication-valid", "ReplicationConfiguration", {"ReplicationConfiguration": {"Rules": []}}),
        ("scanning-valid", "RegistryScanningConfiguration", {"ScanType": "BASIC"}),
    ],
)
def test_a_value_that_is_known_only_at_deployment_is_no_breach(
    rule: str, kind: str, properties: dict[str, Any]
) -> None:
    assert verdict(rule, resource(kind, **properties)).status == "met"


@pytest.mark.parametrize(
    ("rule", "kind", "properties"),
    [
        ("tag-mutability-valid", "Repository", {"ImageTagMutability": LATER}),
        ("scanning-valid", "RegistryScanningConfiguration", {"ScanType": "BASIC", "Rules": LATER}),
        ("replication-valid", "ReplicationConfiguration", {"ReplicationConfiguration": {"Rules": LATER}}),
        (
            "replication-valid",
            "ReplicationConfiguration",
            {"ReplicationConfiguration": {"Rules": [{"Destinations": [{"Region": LATER, "RegistryId": LATER}]}]}},
        ),
        (
            "scanning-valid",
            "RegistryScanningConfiguration",
            {"ScanType": "BASIC", "Rules": [{"ScanFrequency": "SCAN_ON_PUSH", "RepositoryFilters": LATER}]},
        ),
    ],
)
def test_a_value_that_the_check_needs_and_is_known_only_at_deployment_is_not_decidable(
    rule: str, kind: str, properties: dict[str, Any]
) -> None:
    assert verdict(rule, resource(kind, **properties)).status == "not decidable"


def test_a_policy_that_is_too_long_or_repeats_a_sid_is_reported() -> None:
    def statement(number: int, **values: Any) -> dict[str, Any]:
        return {
            "Effect": "Allow",
            "Principal": {"AWS": f"{number:012}"},
            "Action": "ecr:BatchGetImage",
            **values,
        }

    long = resource("Repository", RepositoryPolicyText={"Statement": [statement(n) for n in range(200)]})
    twice = [statement(1, Sid="A"), statement(2, Sid="A")]

    assert "ECR allows 10240" in verdict("policy-valid", long).breaches[-1].sentence
    found = verdict("policy-valid", resource("Repository", RepositoryPolicyText={"Statement": twice}))
    assert [each.sentence.partition(" is that")[0] for each in found.breaches] == ["Sid 'A'"]


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
    text = {} if policy is None else {"RepositoryPolicyText": {"Statement": policy}}
    repository = resource("Repository", IRELAND, "Api", RepositoryName="prod/api", **text)
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


@pytest.mark.parametrize("rule", ["scan-on-push", "images-scanned"])
def test_the_text_true_is_true(rule: str) -> None:
    subject = resource("Repository", ImageScanningConfiguration={"ScanOnPush": "true"})

    assert verdict(rule, subject).status == "met"
    assert verdict("empty-on-delete-effective", replace(subject, deletion_policy="Retain")).status == "met"
    emptied = replace(subject, deletion_policy="Retain", properties={"EmptyOnDelete": "true"})
    assert verdict("empty-on-delete-effective", emptied).status == "not met"


def test_a_rule_with_the_frequency_manual_scans_nothing() -> None:
    manual = {"ScanType": "BASIC", "Rules": [{**EVERYTHING["Rules"][0], "ScanFrequency": "MANUAL"}]}  # type: ignore[dict-item]

    assert verdict("images-scanned", resource("Repository"), scanning(**manual)).status == "not met"


@pytest.mark.parametrize(
    ("pattern", "status"),
    [
        ({"detail-type": [{"prefix": "ECR Image Sc"}]}, "not met"),
        ({"detail-type": [{"wildcard": "ECR * Scan"}]}, "not met"),
        ({"detail-type": [{"equals-ignore-case": "ecr image scan"}]}, "not met"),
        (json.dumps({"detail-type": ["ECR Image Scan"]}), "not met"),
        ({"detail-type": [{"prefix": "ECR Image Action"}]}, "met"),
        ({"detail-type": [{"prefix": "ECR Image Sc"}, {"prefix": "Inspector2"}]}, "met"),
        ({"detail-type": [{"anything-but": ["x"]}, 3]}, "met"),
        ("{", "met"),
        ({"detail-type": LATER}, "not decidable"),
    ],
)
def test_an_event_of_basic_scanning_is_found_in_every_form_of_a_pattern(pattern: Any, status: str) -> None:
    rule = resource("AWS::Events::Rule", EventPattern=pattern)

    assert verdict("scan-event-source", rule, scanning(**ENHANCED)).status == status


@pytest.mark.parametrize(
    ("denial", "status"),
    [
        ({}, "not met"),
        ({"Resource": "arn:aws:ecr:eu-central-1:444455556666:repository/other/*"}, "met"),
        ({"Principal": {"AWS": "arn:aws:iam::999999999999:root"}}, "met"),
        ({"Action": "ecr:CreateRepository"}, "met"),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}}, "met"),
        ({"Principal": {"AWS": LATER}}, "met"),
    ],
)
def test_a_destination_that_denies_the_source_does_not_accept_it(denial: dict[str, Any], status: str) -> None:
    source = resource(
        "ReplicationConfiguration",
        ReplicationConfiguration={
            "Rules": [
                {
                    "Destinations": [{"Region": "eu-central-1", "RegistryId": "444455556666"}],
                    "RepositoryFilters": [{"Filter": "prod/"}],
                }
            ]
        },
    )
    allowing = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "ecr:ReplicateImage",
        "Resource": "*",
    }
    statements = [allowing, {**allowing, "Effect": "Deny", **denial}]
    policy = resource("RegistryPolicy", FRANKFURT, PolicyText={"Statement": statements})

    assert verdict("replication-accepted", source, policy).status == status


def test_each_branch_of_a_statement_is_checked() -> None:
    public = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage", "Sid": "Pull"}
    chosen = {"Fn::If": ["IsProd", {**public, "Principal": {"AWS": "444455556666"}}, public]}
    subject = resource("Repository", RepositoryPolicyText={"Statement": [chosen]})

    assert verdict("no-public-access", subject).status == "not met"
    assert verdict("policy-valid", subject).status == "met"


def test_a_check_that_yields_no_breach_names_the_rule_and_the_value() -> None:
    @compliance_rule("broken", requirement="It works.", remedy="Fix it.")
    def broken(resource: TemplateResource, app: AppResources) -> Any:  # noqa: ARG001
        yield "the name has no team"

    with pytest.raises(EcrConstructsError, match=r"rule 'broken' .* 'the name has no team' instead of a Breach"):
        judge(AppResources([resource("Repository")]), [broken])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"id": "Team prefix"}, "id 'Team prefix' is malformed"),
        ({"id": ""}, "id is empty"),
        ({"level": "fatal"}, "level is 'fatal'; use error, warning, info, off"),
        ({"types": "AWS::ECR::Repository"}, "types must be"),
        ({"types": []}, "types is empty"),
        ({"remedy": None}, "remedy must be"),
        ({"requirement": " "}, "requirement is empty"),
    ],
)
def test_a_malformed_rule_is_rejected(arguments: dict[str, Any], message: str) -> None:
    # The types as one text would be read as its letters, so that the rule would check nothing.
    given = {"id": "team-prefix", "requirement": "It works.", "remedy": "Fix it.", **arguments}

    with pytest.raises((EcrConstructsError, TypeError), match=message):
        compliance_rule(given.pop("id"), **given)
