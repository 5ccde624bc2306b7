"""Templates: the program of `adopt` gives a template that changes nothing, and the same template a second time."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_

from tests.cli.adoption.programs import adopt, changes, sentences, synthesize, template_of, without_cdk
from tests.e2e.assemblies import synthesize as synthesize_example

EXAMPLES = Path(__file__).parents[3] / "examples"

Options = Mapping[str, Any]

# Every option of `ecr.Repository`.
OPTIONS: Mapping[str, Callable[[cdk.Stack], Options]] = {
    "nothing": lambda _: {},
    "name": lambda _: {"repository_name": "prod/api"},
    "name from a parameter": lambda stack: {
        "repository_name": cdk.CfnParameter(stack, "NameOfApi", default="prod/parameter").value_as_string
    },
    "empty on delete": lambda _: {"removal_policy": cdk.RemovalPolicy.DESTROY, "empty_on_delete": True},
    "destroyed": lambda _: {"removal_policy": cdk.RemovalPolicy.DESTROY},
    "retained on update or delete": lambda _: {"removal_policy": cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE},
    "KMS": lambda _: {"encryption": ecr.RepositoryEncryption.KMS},
    "AES256": lambda _: {"encryption": ecr.RepositoryEncryption.AES_256},
    "key of the stack": lambda stack: {"encryption_key": kms.Key(stack, "Images")},
    "key by its ARN": lambda stack: {
        "encryption_key": kms.Key.from_key_arn(stack, "Theirs", f"arn:aws:kms:eu-west-1:111122223333:key/{'a' * 8}")
    },
    "key of an export": lambda stack: {
        "encryption_key": kms.Key.from_key_arn(stack, "Exported", cdk.Fn.import_value("images-key"))
    },
    "scan on push": lambda _: {"image_scan_on_push": True},
    "no scan on push": lambda _: {"image_scan_on_push": False},
    "mutable": lambda _: {"image_tag_mutability": ecr.TagMutability.MUTABLE},
    "immutable": lambda _: {"image_tag_mutability": ecr.TagMutability.IMMUTABLE},
    "immutable with exclusion": lambda _: {
        "image_tag_mutability": ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
        "image_tag_mutability_exclusion_filters": [ecr.ImageTagMutabilityExclusionFilter.wildcard("dev-*")],
    },
    "mutable with exclusion": lambda _: {
        "image_tag_mutability": ecr.TagMutability.MUTABLE_WITH_EXCLUSION,
        "image_tag_mutability_exclusion_filters": [ecr.ImageTagMutabilityExclusionFilter.wildcard("v*")],
    },
    "lifecycle by count": lambda _: {"lifecycle_rules": [ecr.LifecycleRule(max_image_count=100)]},
    "lifecycle by age": lambda _: {
        "lifecycle_rules": [
            ecr.LifecycleRule(max_image_age=cdk.Duration.days(30), tag_status=ecr.TagStatus.UNTAGGED),
            ecr.LifecycleRule(max_image_count=10, tag_prefix_list=["prod"], description='the "newest"'),
            ecr.LifecycleRule(max_image_count=20, tag_pattern_list=["v*", "r*"]),
        ]
    },
}


def add_everything(stack: cdk.Stack) -> None:
    """Add a repository for each option, and the grants and statements that a repository can have."""
    for name, options in OPTIONS.items():
        ecr.Repository(stack, "".join(map(str.capitalize, name.split())), **options(stack))
    pulled = ecr.Repository(stack, "Pulled", repository_name="prod/pulled")
    pulled.grant_pull(iam.AccountPrincipal("444455556666"))
    pulled.add_to_resource_policy(
        iam.PolicyStatement(principals=[iam.OrganizationPrincipal("o-abc1234567")], actions=["ecr:BatchGetImage"])
    )
    lambda_.DockerImageFunction(
        stack, "Function", code=lambda_.DockerImageCode.from_ecr(pulled, tag_or_digest="v1.2.3")
    )
    cdk.Tags.of(pulled).add("team", "payments")
    cdk.CfnOutput(stack, "Uri", value=pulled.repository_uri, export_name="uri")
    public = ecr.Repository(stack, "Public", repository_name="prod/public")
    public.add_to_resource_policy(iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=["ecr:BatchGetImage"]))


def written(tmp_path: Path, add: Callable[[cdk.Stack], object], **env: str) -> Path:
    """Return the assembly of an app with the stack `Containers`."""
    folder = tmp_path / "existing"
    app = cdk.App(outdir=str(folder), analytics_reporting=False)
    environment = cdk.Environment(**env) if env else None
    add(cdk.Stack(app, "Containers", env=environment))
    app.synth()
    return folder


def require_equal_twice(existing: Path, tmp_path: Path, stack: str = "Containers") -> dict[str, Any]:
    """Adopt a state and its result, and compare the three templates."""
    first = synthesize(adopt(existing, output=tmp_path / "first"))
    second = synthesize(adopt(first, output=tmp_path / "second"))

    assert sentences(changes(existing, first)) == []
    assert without_cdk(template_of(second, stack)) == without_cdk(template_of(first, stack))
    return template_of(first, stack)


@pytest.mark.parametrize("env", [{}, {"account": "111122223333", "region": "eu-west-1"}], ids=["anywhere", "somewhere"])
def test_a_plain_app_in_every_option_does_not_change(env: Mapping[str, str], tmp_path: Path) -> None:
    existing = written(tmp_path, add_everything, **env)

    new = require_equal_twice(existing, tmp_path)

    old = template_of(existing)
    assert {name: each["Type"] for name, each in new["Resources"].items()} == {
        name: each["Type"] for name, each in old["Resources"].items() if name != "CDKMetadata"
    }
    # References to the repositories, and everything else, stay as they are.
    for section in ("Parameters", "Outputs"):
        assert new.get(section) == old.get(section)
    others = {name: each for name, each in old["Resources"].items() if not each["Type"].startswith("AWS::ECR")}
    cleaned = without_cdk(old)["Resources"], without_cdk(new)["Resources"]
    assert {name: cleaned[0][name] for name in others if name != "CDKMetadata"} == {
        name: cleaned[1][name] for name in others if name != "CDKMetadata"
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_a_plain_app_with_any_options_does_not_change(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311  (no secret)

    def add(stack: cdk.Stack) -> None:
        for number in range(chance.randint(1, 6)):
            chosen: dict[str, Any] = {}
            for name in chance.sample(sorted(OPTIONS), 4):
                if "parameter" not in name and name not in ("name", "KMS", "AES256") and "key" not in name:
                    chosen |= OPTIONS[name](stack)
            if "exclusion" not in str(chosen.get("image_tag_mutability", "")).lower():
                chosen.pop("image_tag_mutability_exclusion_filters", None)
            if chosen.get("empty_on_delete"):
                chosen["removal_policy"] = cdk.RemovalPolicy.DESTROY
            ecr.Repository(stack, f"Repository{number}", **chosen)

    require_equal_twice(written(tmp_path, add), tmp_path)


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(each, marks=[] if each.stem in ("app", "creation_template") else [pytest.mark.slow])
        for each in sorted(EXAMPLES.glob("*.py"))
        if each.stem != "accepted_findings"  # it has no resource of Amazon ECR
    ],
    ids=lambda path: path.stem,
)
def test_an_example_of_this_library_gives_an_equal_template(example: Path, tmp_path: Path) -> None:
    existing = synthesize_example(example, tmp_path / "existing")
    first = synthesize(adopt(existing, output=tmp_path / "first"))

    found = changes(existing, first)
    # The example of alerts has a stack with topics and rules only, and adopt reads stacks with resources of Amazon ECR.
    assert sentences([each for each in found if each["id"] != "removed-stack"]) == []
    for path in sorted(first.glob("*.template.json")):
        old, new = (json.loads((each / path.name).read_text(encoding="utf-8")) for each in (existing, first))
        assert without_cdk(new)["Resources"] == without_cdk(old)["Resources"], path.name


HAND_WRITTEN: Mapping[str, Mapping[str, Any]] = {
    "without deletion policies": {"Api": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "api"}}},
    "literal AES256": {
        "Api": {
            "Type": "AWS::ECR::Repository",
            "Properties": {"RepositoryName": "api", "EncryptionConfiguration": {"EncryptionType": "AES256"}},
        }
    },
    "functions everywhere": {
        "Api": {
            "Type": "AWS::ECR::Repository",
            "Condition": "IsHere",
            "DependsOn": ["Role"],
            "DeletionPolicy": "Retain",
            "Metadata": {"Owner": {"Team": "payments"}},
            "Properties": {
                "RepositoryName": {"Fn::Sub": "${AWS::StackName}/api"},
                "ImageTagMutability": {"Fn::If": ["IsHere", "IMMUTABLE", "MUTABLE"]},
                "LifecyclePolicy": {"LifecyclePolicyText": {"Fn::Sub": '{"rules": []}'}},
                "Tags": [{"Key": "stage", "Value": {"Ref": "AWS::Region"}}],
                "RepositoryPolicyText": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"AWS": {"Fn::GetAtt": ["Role", "Arn"]}},
                            "Action": "ecr:BatchGetImage",
                        }
                    ],
                },
            },
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
        },
    },
    "values that no construct accepts": {
        "Name": {"Type": "AWS::ECR::Repository", "DeletionPolicy": "Delete", "Properties": {"RepositoryName": "UPPER"}},
        "Twice": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "twice"}},
        "Again": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "twice"}},
        "Lifecycle": {
            "Type": "AWS::ECR::Repository",
            "Properties": {"LifecyclePolicy": {"LifecyclePolicyText": "not a policy"}, "EmptyOnDelete": True},
        },
        "Alias": {
            "Type": "AWS::ECR::Repository",
            "Properties": {"EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": "alias/images"}},
        },
        "Tagged": {"Type": "AWS::ECR::Repository", "Properties": {"Tags": [{"Key": "empty", "Value": ""}]}},
        "Policy": {"Type": "AWS::ECR::RegistryPolicy", "Properties": {"PolicyText": {"Fn::Sub": "{}"}}},
        "Everyone": {"Type": "AWS::ECR::PublicRepository", "Properties": {"RepositoryName": "public"}},
    },
    "numbers and booleans where CloudFormation expects texts": {
        "Api": {
            "Type": "AWS::ECR::Repository",
            "DeletionPolicy": "Retain",
            "Properties": {
                "RepositoryName": 2048,
                "ImageScanningConfiguration": {"ScanOnPush": True},
                "RepositoryPolicyText": {
                    "Statement": [{"Effect": "Allow", "Principal": {"AWS": 444455556666}, "Action": "ecr:*"}]
                },
                "Tags": [{"Key": 1, "Value": 5}, {"Key": "stable", "Value": True}],
            },
        },
        "Replication": {
            "Type": "AWS::ECR::ReplicationConfiguration",
            "Properties": {
                "ReplicationConfiguration": {
                    "Rules": [{"Destinations": [{"Region": "us-east-1", "RegistryId": 444455556666}]}]
                }
            },
        },
    },
    "functions in the statements of a registry policy": {
        "Policy": {
            "Type": "AWS::ECR::RegistryPolicy",
            "Properties": {
                "PolicyText": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::444455556666:root"}},
                            "Action": "ecr:ReplicateImage",
                            "Resource": [
                                {"Fn::Sub": "arn:aws:ecr:${AWS::Region}:${AWS::AccountId}:repository/prod/*"},
                                "arn:aws:ecr:*:*:repository/tools/*",
                            ],
                        }
                    ],
                }
            },
        },
    },
    "the registry with other ids": {
        "Rules": {
            "Type": "AWS::ECR::ReplicationConfiguration",
            "Properties": {
                "ReplicationConfiguration": {
                    "Rules": [{"Destinations": [{"Region": "eu-west-1", "RegistryId": {"Ref": "AWS::AccountId"}}]}]
                }
            },
        },
        "Scans": {
            "Type": "AWS::ECR::RegistryScanningConfiguration",
            "Properties": {
                "ScanType": "BASIC",
                "Rules": [
                    {
                        "ScanFrequency": "SCAN_ON_PUSH",
                        "RepositoryFilters": [{"Filter": "*", "FilterType": "WILDCARD"}],
                    }
                ],
            },
        },
        "Cache": {
            "Type": "AWS::ECR::PullThroughCacheRule",
            "Properties": {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "quay.io"},
        },
    },
}


@pytest.mark.parametrize("name", HAND_WRITTEN)
def test_a_template_written_by_hand_does_not_change(name: str, tmp_path: Path) -> None:
    existing = tmp_path / "Containers.template.json"
    template = {
        "Description": "Written by hand",
        "Conditions": {"IsHere": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}},
        "Resources": HAND_WRITTEN[name],
    }
    existing.write_text(json.dumps(template), encoding="utf-8")
    first = synthesize(adopt(existing, output=tmp_path / "first"))

    found = [each for each in changes(existing, first / "Containers.template.json") if each["id"] != "second-owner"]
    assert sentences(found) == []
    new = template_of(first)
    assert set(new["Resources"]) == set(HAND_WRITTEN[name])
    assert (new["Description"], new["Conditions"]) == (template["Description"], template["Conditions"])
    for logical_id, resource in HAND_WRITTEN[name].items():
        for attribute in ("Condition", "DependsOn", "DeletionPolicy"):
            assert new["Resources"][logical_id].get(attribute) == resource.get(
                attribute, new["Resources"][logical_id].get(attribute)
            )


def test_nested_stacks_are_adopted_in_the_class_of_their_parent(tmp_path: Path) -> None:
    def add(stack: cdk.Stack) -> None:
        ecr.Repository(stack, "Outer", repository_name="outer")
        inner = cdk.NestedStack(stack, "Inner")
        ecr.Repository(inner, "Api", repository_name="inner/api", image_scan_on_push=True)
        deepest = cdk.NestedStack(inner, "Deepest")
        ecr.Repository(deepest, "Web", repository_name="inner/web")

    require_equal_twice(written(tmp_path, add), tmp_path)


ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
}
THEIRS = "444455556666.dkr.ecr.eu-central-1.amazonaws.com"
CACHES: Mapping[str, Mapping[str, Any]] = {
    "TemplateRole": ROLE,
    "CacheRole": ROLE,
    "Images": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}},
    "WithoutTemplate": {
        "Type": "AWS::ECR::PullThroughCacheRule",
        "Properties": {
            "EcrRepositoryPrefix": "quay",
            "UpstreamRegistry": "quay",
            "UpstreamRegistryUrl": "quay.io",
        },
    },
    "WithRole": {
        "Type": "AWS::ECR::PullThroughCacheRule",
        "DependsOn": ["CacheRole"],
        "Properties": {
            "EcrRepositoryPrefix": "base",
            "UpstreamRepositoryPrefix": "ROOT",
            "UpstreamRegistry": "ecr",
            "UpstreamRegistryUrl": THEIRS,
            "CustomRoleArn": {"Fn::GetAtt": ["CacheRole", "Arn"]},
        },
    },
    "Base": {
        "Type": "AWS::ECR::RepositoryCreationTemplate",
        "Properties": {
            "Prefix": "base",
            "AppliedFor": ["PULL_THROUGH_CACHE"],
            "Description": "Images of the base account",
            "ImageTagMutability": "MUTABLE",
            "EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": ["Images", "Arn"]}},
            "ResourceTags": [{"Key": "team", "Value": "base"}],
            "CustomRoleArn": {"Fn::GetAtt": ["TemplateRole", "Arn"]},
        },
    },
    "Pushed": {
        "Type": "AWS::ECR::RepositoryCreationTemplate",
        "Properties": {
            "Prefix": "teams",
            "AppliedFor": ["CREATE_ON_PUSH"],
            "ImageTagMutability": "IMMUTABLE",
            "EncryptionConfiguration": {"EncryptionType": "KMS"},
            "CustomRoleArn": "arn:aws:iam::111122223333:role/ecr-templates",
        },
    },
    "WithOtherTemplate": {
        "Type": "AWS::ECR::PullThroughCacheRule",
        "Properties": {
            "EcrRepositoryPrefix": "public",
            "UpstreamRegistry": "ecr-public",
            "UpstreamRegistryUrl": "public.ecr.aws",
        },
    },
    "OfSeveralPurposes": {
        "Type": "AWS::ECR::RepositoryCreationTemplate",
        "Properties": {
            "Prefix": "public",
            "AppliedFor": ["PULL_THROUGH_CACHE", "REPLICATION"],
            "ImageTagMutability": "MUTABLE",
        },
    },
}


def test_caches_and_creation_templates_with_roles_are_constructs_with_equal_templates(tmp_path: Path) -> None:
    existing = tmp_path / "Containers.template.json"
    existing.write_text(json.dumps({"Resources": CACHES}), encoding="utf-8")
    program = adopt(existing, output=tmp_path / "first")
    first = synthesize(program)

    new = without_cdk(template_of(first))["Resources"]
    assert {name: each["Properties"] for name, each in new.items()} == {
        name: each["Properties"] for name, each in CACHES.items()
    }
    assert sentences(changes(existing, first / "Containers.template.json")) == []
    code = "".join(path.read_text(encoding="utf-8") for path in program.glob("*.py"))
    assert "ecr.Cfn" not in code
    assert {name: code.count(name) for name in (" = PullThroughCache(", " = CreationTemplate(", "template=False")} == {
        " = PullThroughCache(": 3,
        " = CreationTemplate(": 2,
        "template=False": 2,
    }
    again = synthesize(adopt(first / "Containers.template.json", output=tmp_path / "second"))
    assert without_cdk(template_of(again)) == without_cdk(template_of(first))
