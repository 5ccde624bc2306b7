"""The assembly reader: stacks, their repositories, and the resources that a deployment would replace."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs import (
    CREATED,
    EPHEMERAL,
    HARDENED,
    Access,
    CreationTemplate,
    EcrConstructsError,
    Encryption,
    HardenedRepository,
    Immutability,
    LifecyclePolicy,
    RepositorySettings,
    expire_untagged,
)
from ecr_constructs.assembly import (
    Replacement,
    RepositoryResource,
    creation_templates,
    read_assembly,
    registry_resources,
    replacements,
    repositories,
)
from tests.templates import new_app, new_stack, template


@pytest.fixture(scope="module")
def assembly() -> Path:
    """Synthesize two stacks, a nested stack in one, and a stage with both."""
    app = new_app()
    for scope in (app, cdk.Stage(app, "Production")):
        plain = new_stack(scope, "Plain")
        HardenedRepository(plain, "Api", repository_name="prod/api", settings=EPHEMERAL)
        nesting = new_stack(scope, "Nesting")
        HardenedRepository(cdk.NestedStack(cdk.NestedStack(nesting, "Outer"), "Inner"), "Api")
    return Path(app.synth().directory)


def test_all_stacks_are_read_those_of_stages_and_nested_ones_too(assembly: Path) -> None:
    names = [stack.name for stack in read_assembly(assembly)]

    assert names == sorted(names)
    assert [name for name in names if "/" not in name] == ["Nesting", "Plain", "Production-Nesting", "Production-Plain"]
    nested = [name.split("/") for name in names if "/" in name]
    assert [(parts[0], len(parts)) for parts in nested] == [
        ("Nesting", 2),
        ("Nesting", 3),
        ("Production-Nesting", 2),
        ("Production-Nesting", 3),
    ]


def test_a_stack_has_the_path_of_its_template(assembly: Path) -> None:
    for stack in read_assembly(assembly):
        assert json.loads(stack.template_path.read_text(encoding="utf-8")) == stack.template


def test_the_repositories_of_all_stacks_are_found_each_once(assembly: Path) -> None:
    found = [repository.name for stack in read_assembly(assembly) for repository in repositories(stack.template)]

    assert sorted(map(str, found)) == ["None", "None", "prod/api", "prod/api"]


def test_a_folder_that_is_no_assembly_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"manifest\.json"):
        read_assembly(tmp_path)


@pytest.mark.parametrize(
    "artifact",
    [
        7,
        {"type": "aws:cloudformation:stack"},
        {"type": "aws:cloudformation:stack", "properties": {"templateFile": 7}},
        {"type": "cdk:cloud-assembly", "properties": {"directoryName": "."}},
    ],
)
def test_an_assembly_that_the_cdk_did_not_write_is_not_read(tmp_path: Path, artifact: object) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"It": artifact}}), encoding="utf-8")

    with pytest.raises(EcrConstructsError, match=r"not a cloud assembly of the CDK \(.*\); synthesize again"):
        read_assembly(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "\ud800"])
def test_a_template_that_is_not_json_is_reported_by_its_path(tmp_path: Path, content: str) -> None:
    artifact = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "It.template.json"}}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"It": artifact}}), encoding="utf-8")
    (tmp_path / "It.template.json").write_bytes(content.encode("utf-8", "surrogatepass"))

    with pytest.raises(EcrConstructsError, match=r"It\.template\.json: not .*; synthesize again"):
        read_assembly(tmp_path)


# --- repositories ---------------------------------------------------------------------------------------------------


def read(stack: cdk.Stack, settings: RepositorySettings, **values: Any) -> RepositoryResource:
    HardenedRepository(stack, "Api", settings=settings, **values)
    (found,) = repositories(template(stack))
    return found


def test_a_hardened_repository_is_read_with_its_settings(stack: cdk.Stack) -> None:
    found = read(stack, HARDENED, repository_name="prod/api")

    assert found.logical_id == "ApiF70053CD"
    assert (found.name, found.mutability, found.exclusion_filters) == ("prod/api", "IMMUTABLE", ())
    assert (found.encryption, found.has_own_key, found.scans_on_push) == ("KMS", True, True)
    assert (found.deletion_policy, found.is_retained, found.policy_statements) == ("Retain", True, ())
    assert {"rules": list(found.lifecycle_rules)} == HARDENED.effective_lifecycle.to_dict()


def test_every_relaxation_is_reported_as_one(stack: cdk.Stack) -> None:
    settings = EPHEMERAL.but(
        immutability=Immutability.only_tags("v*", "release-*"),
        lifecycle=LifecyclePolicy.none(),
        encryption=Encryption.aes256(),
        scan_on_push=False,
        access=[Access.account_pull("444455556666")],
    )
    found = read(stack, settings)

    assert (found.name, found.mutability) == (None, "MUTABLE_WITH_EXCLUSION")
    assert found.exclusion_filters == ("v*", "release-*")
    assert (found.encryption, found.has_own_key, found.scans_on_push) == ("AES256", False, False)
    assert (found.deletion_policy, found.is_retained, found.lifecycle_rules) == ("Delete", False, ())
    assert len(found.policy_statements) == 1


@pytest.mark.parametrize(("choose", "kind"), [(Encryption.aws_managed_key, "KMS"), (Encryption.dual_layer, "KMS_DSSE")])
def test_an_aws_managed_key_is_not_a_customer_managed_key(
    stack: cdk.Stack, choose: Callable[[], Encryption], kind: str
) -> None:
    found = read(stack, HARDENED, encryption=choose())

    assert (found.encryption, found.has_own_key) == (kind, False)


def test_a_repository_with_retain_except_on_create_is_retained(stack: cdk.Stack) -> None:
    found = read(stack, HARDENED, removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)

    assert found.is_retained


def test_a_name_that_cloudformation_computes_is_not_a_name(stack: cdk.Stack) -> None:
    assert read(stack, HARDENED, repository_name=f"prod/{cdk.Aws.REGION}").name is None


def test_a_repository_without_properties_has_the_defaults_of_ecr() -> None:
    (found,) = repositories({"Resources": {"Api": {"Type": "AWS::ECR::Repository"}}})

    assert (found.name, found.mutability, found.encryption) == (None, "MUTABLE", "AES256")
    assert (found.scans_on_push, found.is_retained, found.deletion_policy) == (False, False, "Delete")
    assert (found.lifecycle_rules, found.policy_statements, found.exclusion_filters) == ((), (), ())


def test_a_policy_as_a_text_is_read() -> None:
    text = json.dumps({"Statement": [{"Effect": "Deny"}]})
    (found,) = repositories(
        {"Resources": {"Api": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryPolicyText": text}}}}
    )

    assert found.policy_statements == ({"Effect": "Deny"},)


def test_a_policy_that_cannot_be_read_has_no_rules_and_no_statements() -> None:
    cases: list[object] = ["", "no JSON", "[]", '{"rules": 1}', {"Ref": "Text"}, 7]
    for text in cases:
        properties = {"LifecyclePolicy": {"LifecyclePolicyText": text}, "RepositoryPolicyText": text}
        (found,) = repositories({"Resources": {"Api": {"Type": "AWS::ECR::Repository", "Properties": properties}}})

        assert (found.lifecycle_text, found.lifecycle_rules, found.policy_statements) == (text, (), ())


def test_a_single_statement_is_one_statement() -> None:
    policy = {"Statement": {"Effect": "Deny"}}
    (found,) = repositories(
        {"Resources": {"Api": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryPolicyText": policy}}}}
    )

    assert found.policy_statements == ({"Effect": "Deny"},)


def test_a_policy_without_a_text_is_given_as_it_is() -> None:
    cases: list[object] = [None, {}, {"Ref": "AWS::NoValue"}, {"Fn::If": ["Production", {}, {}]}]
    for policy in cases:
        (found,) = repositories(with_resource("AWS::ECR::Repository", LifecyclePolicy=policy))

        assert found.lifecycle_text == policy


def test_a_malformed_resource_is_not_an_error() -> None:
    cases: list[object] = [{}, {"Type": {}}, {"Type": "AWS::ECR::Repository", "Properties": None}, "Api"]
    for resource in cases:
        found = {"Resources": {"Api": resource}}

        assert [each.properties for each in repositories(found)] in ([], [{}])
        assert (registry_resources(found), creation_templates(found)) == ((), ())
        assert replacements(found, found) == ()


# --- creation templates ---------------------------------------------------------------------------------------------


def test_a_creation_template_has_the_settings_of_its_repositories(stack: cdk.Stack) -> None:
    settings = CREATED.but(
        lifecycle=LifecyclePolicy.of(expire_untagged(keep=5)), immutability=Immutability.all_tags_except("dev-*")
    )
    CreationTemplate(stack, "Teams", prefix="teams", applied_for=["CREATE_ON_PUSH"], settings=settings)
    (found,) = creation_templates(template(stack))

    assert (found.logical_id, found.prefix) == ("Teams577113D3", "teams")
    assert (found.mutability, found.exclusion_filters) == ("IMMUTABLE_WITH_EXCLUSION", ("dev-*",))
    assert found.lifecycle_text == LifecyclePolicy.of(expire_untagged(keep=5)).to_json()
    assert repositories(template(stack)) == ()


def test_a_creation_template_without_properties_has_the_defaults_of_ecr() -> None:
    (found,) = creation_templates(with_resource("AWS::ECR::RepositoryCreationTemplate", Prefix={"Ref": "Prefix"}))

    assert (found.prefix, found.mutability, found.exclusion_filters, found.lifecycle_text) == (
        None,
        "MUTABLE",
        (),
        None,
    )


# --- no repositories ------------------------------------------------------------------------------------------------


def test_a_template_without_repositories_has_none() -> None:
    cases: list[dict[str, Any]] = [{}, {"Resources": {}}, {"Resources": {"Key": {"Type": "AWS::KMS::Key"}}}]
    for found in cases:
        assert repositories(found) == ()


# --- replacements ---------------------------------------------------------------------------------------------------


def with_resource(resource_type: str, **properties: object) -> dict[str, Any]:
    return {"Resources": {"It": {"Type": resource_type, "Properties": properties}}}


@pytest.mark.parametrize(
    ("resource_type", "name"),
    [
        ("AWS::ECR::Repository", "RepositoryName"),
        ("AWS::ECR::Repository", "EncryptionConfiguration"),
        ("AWS::ECR::PullThroughCacheRule", "UpstreamRegistryUrl"),
        ("AWS::ECR::RepositoryCreationTemplate", "Prefix"),
    ],
)
@pytest.mark.parametrize(("before", "after"), [("a", "b"), (None, "b"), ("a", None)])
def test_a_create_only_property_that_is_changed_added_or_removed_is_a_replacement(
    resource_type: str, name: str, before: str | None, after: str | None
) -> None:
    old, new = (with_resource(resource_type, **({} if value is None else {name: value})) for value in (before, after))

    assert replacements(old, new) == (Replacement(logical_id="It", resource_type=resource_type, changed=(name,)),)


def test_other_properties_and_other_resources_are_no_replacement() -> None:
    old = with_resource("AWS::ECR::Repository", RepositoryName="a", ImageTagMutability="MUTABLE")
    new = with_resource("AWS::ECR::Repository", RepositoryName="a", ImageTagMutability="IMMUTABLE")

    assert replacements(old, new) == ()
    assert replacements(with_resource("AWS::S3::Bucket", BucketName="a"), with_resource("AWS::S3::Bucket")) == ()


def test_an_added_removed_or_retyped_resource_is_not_a_replacement() -> None:
    old = with_resource("AWS::ECR::Repository", RepositoryName="a")

    assert replacements(old, {}) == ()
    assert replacements({}, old) == ()
    assert replacements(old, with_resource("AWS::ECR::PublicRepository", RepositoryName="b")) == ()


def test_values_that_cloudformation_computes_are_no_error() -> None:
    choice = {"Fn::If": ["Production", {"EncryptionType": "KMS"}, {"Ref": "AWS::NoValue"}]}
    template = {
        "Resources": {
            "Fn::ForEach::Teams": ["Team", ["A", "B"], {"Repository${Team}": {"Type": "AWS::ECR::Repository"}}],
            "Api": {
                "Type": "AWS::ECR::Repository",
                "Properties": {
                    "EncryptionConfiguration": choice,
                    "ImageTagMutability": {"Ref": "Mutability"},
                    "ImageTagMutabilityExclusionFilters": {"Fn::If": ["Production", [], []]},
                    "LifecyclePolicy": {"Fn::If": ["Production", {}, {}]},
                    "RepositoryName": {"Ref": "Name"},
                },
            },
        }
    }
    (api,) = repositories(template)

    assert (api.name, api.exclusion_filters, api.lifecycle_rules, api.policy_statements) == (None, (), (), ())
    assert api.encryption == str(choice)
    assert not api.scans_on_push
    assert replacements(template, template) == ()
