"""Replaced, deleted, renamed, orphaned and doubly owned resources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.model.changes.baseline import baseline_changes, baseline_document, read_baseline
from ecr_constructs.model.changes.comparison import find_changes
from ecr_constructs.model.changes.create_only import ECR_TYPES, REFERENCED_TYPES
from ecr_constructs.model.changes.identity import IMMUTABLE_KEY_PROPERTIES
from ecr_constructs.model.changes.state import SINGLETONS, State
from tests.arbiters.create_only import TABLE, create_only, ecr_types, schema, table
from tests.model.changes.states import RETAINED, changes, ids, repository, resource, state

KMS = {"EncryptionType": "KMS"}
DELETED: Mapping[str, Any] = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
CASES = [(resource_type, name) for resource_type, names in ECR_TYPES.items() for name in names]


# --- replacement ------------------------------------------------------------------------------------------------------


@pytest.mark.arbiter
def test_the_table_of_create_only_properties_is_that_of_the_schemas() -> None:
    assert TABLE.read_text(encoding="utf-8") == table()
    assert set(ECR_TYPES) == set(ecr_types())
    assert len(ECR_TYPES) == 9
    assert all(tuple(create_only(name)) == REFERENCED_TYPES[name] for name in REFERENCED_TYPES)


def test_the_documentation_has_the_create_only_properties_and_the_immutable_properties_of_keys() -> None:
    page = (Path(__file__).parents[3] / "docs" / "check.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    documented = {name.strip("` "): row[1] for row in rows for name in row[0].split(", ")}

    for name, properties in ECR_TYPES.items():
        is_everything = name == "AWS::ECR::PullThroughCacheRule"
        written = ", ".join(f"`{each}`" for each in properties) or "none"
        assert documented[name] == ("all properties" if is_everything else written)
    keys = {row[0].strip("`"): row[1].strip("`") for row in rows if row[-1] == "the update fails"}
    assert keys == IMMUTABLE_KEY_PROPERTIES


@pytest.mark.parametrize(("resource_type", "name"), CASES)
def test_another_value_of_every_create_only_property_is_a_replacement(resource_type: str, name: str) -> None:
    old = resource(resource_type, {name: "one"})
    new = resource(resource_type, {name: "two"})

    [found] = changes({"X": old}, {"X": new})
    assert found.id == "replacement"
    assert found.sentence.startswith(f"{name} changes, ")


@pytest.mark.arbiter
@pytest.mark.parametrize("resource_type", sorted(ECR_TYPES))
def test_another_value_of_every_other_property_is_no_replacement(resource_type: str) -> None:
    described = schema(resource_type)
    read_only = {path.rpartition("/")[2] for path in described.get("readOnlyProperties", ())}
    for name in set(described["properties"]) - set(create_only(resource_type)) - read_only:
        found = changes(
            {"X": resource(resource_type, {name: ["one"]})}, {"X": resource(resource_type, {name: ["two"]})}
        )
        assert "replacement" not in ids(found), name


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, {"EncryptionType": "AES256"}),
        ({"EncryptionType": "AES256"}, None),
        (KMS, {**KMS, "KmsKey": "arn:aws:kms:eu-west-1:111122223333:key/1"}),
        ({**KMS, "KmsKey": {"Fn::GetAtt": ["One", "Arn"]}}, {**KMS, "KmsKey": {"Fn::GetAtt": ["Two", "Arn"]}}),
    ],
)
def test_encryption_that_is_added_removed_or_has_another_key_replaces_a_repository(before: Any, after: Any) -> None:
    old, new = ({"EncryptionConfiguration": each} if each else {} for each in (before, after))
    [found] = changes({"X": repository(None, **old)}, {"X": repository(None, **new)})

    assert (found.id, found.severity) == ("replacement", "error")
    assert "unless" not in found.sentence


def test_a_replacement_with_the_same_fixed_name_fails_the_deployment() -> None:
    [found] = changes({"X": repository()}, {"X": repository(EncryptionConfiguration=KMS)})

    assert "the deployment fails" in found.sentence


@pytest.mark.parametrize(
    ("policy", "consequence"), [("Retain", "keeps its images"), ("Delete", "deletes the previous")]
)
def test_a_replacement_states_the_consequence_for_the_previous_repository(policy: str, consequence: str) -> None:
    attributes = {"UpdateReplacePolicy": policy}
    [found] = changes({"X": repository("one", attributes)}, {"X": repository("two", attributes)})

    assert consequence in found.sentence


def test_a_value_that_is_computed_at_deployment_may_be_equal() -> None:
    imported = {**KMS, "KmsKey": {"Fn::ImportValue": "Key"}}
    [found] = changes(
        {"X": repository(None, EncryptionConfiguration={**KMS, "KmsKey": "arn:aws:kms:x"})},
        {"X": repository(None, EncryptionConfiguration=imported)},
    )

    assert "unless the computed values are equal" in found.sentence


@pytest.mark.parametrize(
    "name",
    [
        {"Ref": "Name"},
        {"Fn::Sub": "${Name}"},
        {"Fn::Sub": ["${Part}/api", {"Part": "prod"}]},
        {"Fn::Join": ["/", ["prod", "api"]]},
        {"Fn::FindInMap": ["Names", "production", "api"]},
    ],
)
def test_a_name_that_the_template_determines_is_equal_to_the_written_name(name: Any) -> None:
    sections: dict[str, Any] = {
        "Parameters": {"Name": {"Type": "String", "Default": "prod/api"}},
        "Mappings": {"Names": {"production": {"api": "prod/api"}}},
    }

    assert changes({"X": repository()}, {"X": repository(name)}, **sections) == ()


def test_a_parameter_without_a_default_and_one_of_systems_manager_are_not_known() -> None:
    for parameter in ({"Type": "String"}, {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "prod/api"}):
        found = changes({"X": repository()}, {"X": repository({"Ref": "Name"})}, Parameters={"Name": parameter})  # type: ignore[arg-type]
        assert ids(found) == ["replacement"]


def test_pseudo_parameters_have_the_values_of_the_stack() -> None:
    name = {"Fn::Sub": "${AWS::StackName}-${AWS::AccountId}-${AWS::Region}"}

    assert changes({"X": repository("Containers-111122223333-eu-west-1")}, {"X": repository(name)}) == ()  # type: ignore[arg-type]


def test_the_replacement_of_a_secret_replaces_the_cache_that_refers_to_it() -> None:
    def cache(secret: str) -> dict[str, Any]:
        return {
            "Secret": resource("AWS::SecretsManager::Secret", {"Name": secret}),
            "Rule": resource(
                "AWS::ECR::PullThroughCacheRule",
                {"EcrRepositoryPrefix": "hub", "CredentialArn": {"Ref": "Secret"}},
            ),
        }

    found = changes(cache("ecr-pullthroughcache/one"), cache("ecr-pullthroughcache/two"))

    assert [(each.id, each.logical_id) for each in found] == [("replacement", "Rule"), ("replacement", "Secret")]


@pytest.mark.parametrize("resource_type", ["AWS::KMS::Key", "AWS::IAM::Role"])
def test_a_repository_is_replaced_with_the_dependency_of_its_dependency(resource_type: str) -> None:
    # The profile is replaced, the name of the role contains the profile, and the key of the repository the role.
    def app(platform: str) -> dict[str, Any]:
        return {
            "Profile": resource("AWS::Signer::SigningProfile", {"PlatformId": platform}),
            "Role": resource("AWS::IAM::Role", {"RoleName": {"Fn::Sub": "signer-${Profile.Arn}"}}),
            "Api": repository(None, EncryptionConfiguration={**KMS, "KmsKey": {"Fn::GetAtt": ["Role", "Arn"]}}),
            "Web": repository(None, EncryptionConfiguration={**KMS, "KmsKey": {"Ref": "Other"}}),
            "Other": resource(resource_type),
        }

    [found] = changes(app("One"), app("Two"))

    assert (found.id, found.logical_id, found.severity) == ("replacement", "Api", "error")


def test_a_reference_to_a_resource_that_is_updated_in_place_is_no_replacement() -> None:
    def app(description: str) -> dict[str, Any]:
        return {
            "Key": resource("AWS::KMS::Key", {"Description": description}),
            "Api": repository(EncryptionConfiguration={**KMS, "KmsKey": {"Fn::GetAtt": ["Key", "Arn"]}}),
        }

    assert changes(app("one"), app("two")) == ()


def test_a_secret_that_no_cache_can_use_is_not_judged() -> None:
    secret = resource("AWS::SecretsManager::Secret", {"Name": "database"})

    assert changes({"Secret": secret}, {}) == ()


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(IMMUTABLE_KEY_PROPERTIES))
def test_another_value_of_an_immutable_property_of_a_key_fails(name: str) -> None:
    [found] = changes({"K": resource("AWS::KMS::Key")}, {"K": resource("AWS::KMS::Key", {name: "OTHER"})})

    assert found.id == "failing-update"
    assert "AWS KMS rejects the update" in found.sentence


@pytest.mark.parametrize("name", sorted(IMMUTABLE_KEY_PROPERTIES))
def test_the_default_of_an_immutable_property_of_a_key_is_no_change(name: str) -> None:
    new = resource("AWS::KMS::Key", {name: IMMUTABLE_KEY_PROPERTIES[name]})

    assert changes({"K": resource("AWS::KMS::Key")}, {"K": new}) == ()


@pytest.mark.arbiter
def test_the_defaults_of_a_key_are_values_of_its_schema() -> None:
    properties = schema("AWS::KMS::Key")["properties"]

    for name, default in IMMUTABLE_KEY_PROPERTIES.items():
        allowed = properties[name].get("enum")
        assert default in allowed if allowed else properties[name]["type"] == "boolean"


# --- deletion, retention, types ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("resource_type", [*sorted(ECR_TYPES), "AWS::KMS::Key"])
def test_a_resource_that_is_removed_is_deleted_or_orphaned(resource_type: str) -> None:
    assert ids(changes({"X": resource(resource_type)}, {})) == ["orphaned-resource"]
    assert ids(changes({"X": resource(resource_type, **DELETED)}, {})) == ["deletion"]


@pytest.mark.parametrize("resource_type", ["AWS::ECR::Repository", "AWS::KMS::Key", *SINGLETONS])
def test_the_deletion_of_images_keys_and_registry_settings_is_an_error(resource_type: str) -> None:
    [found] = changes({"X": resource(resource_type, **DELETED)}, {})

    assert found.severity == "error"


def test_the_deletion_of_the_scanning_configuration_disables_inspector() -> None:
    [found] = changes({"X": resource("AWS::ECR::RegistryScanningConfiguration", **DELETED)}, {})

    assert "disables Amazon Inspector" in found.sentence


@pytest.mark.parametrize("attribute", ["DeletionPolicy", "UpdateReplacePolicy"])
def test_each_attribute_that_does_not_retain_any_more_is_lost_retention(attribute: str) -> None:
    assert ids(changes({"X": repository()}, {"X": repository("prod/api", {attribute: "Delete"})})) == ["lost-retention"]
    for one, other in (("RetainExceptOnCreate", "Retain"), ("Retain", "RetainExceptOnCreate")):
        before, after = (repository("prod/api", {attribute: each}) for each in (one, other))
        assert changes({"X": before}, {"X": after}) == ()


def test_a_resource_that_is_retained_except_on_create_is_orphaned_and_not_deleted() -> None:
    attributes = dict.fromkeys(RETAINED, "RetainExceptOnCreate")

    assert ids(changes({"X": repository("prod/api", attributes)}, {})) == ["orphaned-resource"]
    [replaced] = changes({"X": repository("one", attributes)}, {"X": repository("two", attributes)})
    assert "keeps its images" in replaced.sentence


def test_another_type_for_a_logical_id_fails() -> None:
    [found] = changes(
        {"X": repository()}, {"X": resource("AWS::ECR::PublicRepository", {"RepositoryName": "prod/api"})}
    )

    assert found.id == "failing-update"


def test_a_new_condition_is_reported_and_an_old_one_is_not() -> None:
    conditional = repository("prod/api", {"Condition": "IsProduction"})

    assert ids(changes({"X": repository()}, {"X": conditional})) == ["conditional-resource"]
    assert changes({"X": conditional}, {"X": conditional}) == ()


# --- other logical IDs and stacks -------------------------------------------------------------------------------------


def test_a_named_repository_with_another_logical_id_fails() -> None:
    [found] = changes({"One": repository()}, {"Two": repository()})

    assert (found.id, found.logical_id) == ("renamed-resource", "One")
    assert "AlreadyExists" in found.sentence


@pytest.mark.parametrize("resource_type", SINGLETONS)
def test_the_effect_of_a_second_configuration_is_stated_only_where_aws_documents_it(resource_type: str) -> None:
    is_documented = resource_type in ("AWS::ECR::RegistryPolicy", "AWS::ECR::ReplicationConfiguration")
    one, two = {"One": resource(resource_type)}, {"Two": resource(resource_type)}
    for found in (changes(one, {**one, **two}), changes(one, two)):
        assert ("fails with AlreadyExists" in found[0].sentence) is is_documented
        assert ("AWS does not document whether" in found[0].sentence) is not is_documented


def test_an_unnamed_repository_with_another_logical_id_is_new_and_empty() -> None:
    [found] = changes({"One": repository(None)}, {"Two": repository(None, ImageTagMutability="IMMUTABLE")})

    assert "creates a new one without the content" in found.sentence


def test_several_unnamed_repositories_are_paired_by_their_properties() -> None:
    def unnamed(prefix: str) -> dict[str, Any]:
        return {f"{prefix}{mode}": repository(None, ImageTagMutability=mode) for mode in ("IMMUTABLE", "MUTABLE")}

    found = changes(unnamed("A"), unnamed("B"))

    assert {each.logical_id: each.sentence.partition(";")[0] for each in found} == {
        f"A{mode}": f"its logical ID changes to B{mode}" for mode in ("IMMUTABLE", "MUTABLE")
    }


@pytest.mark.parametrize("resource_type", SINGLETONS)
def test_a_registry_setting_with_another_logical_id_is_one_change(resource_type: str) -> None:
    old, new = {"One": resource(resource_type, **DELETED)}, {"Two": resource(resource_type, **DELETED)}

    assert ids(changes(old, new)) == ["renamed-resource"]


def test_a_repository_in_another_stack_is_moved() -> None:
    found = find_changes(state({"A": {"X": repository()}, "B": {}}), state({"A": {}, "B": {"Y": repository()}}))

    assert [(each.id, each.stack) for each in found] == [("renamed-resource", "A")]
    assert "in stack B as Y" in found[0].sentence


def test_a_repository_of_the_same_name_in_another_region_is_not_moved() -> None:
    old = state({"A": {"X": repository()}})
    elsewhere = state({"B": {"X": repository()}}, environment="111122223333/us-east-1")
    new = {**state({"A": {}}).resources, **elsewhere.resources}
    found = find_changes(old, type(old)(resources=new, stacks=("A", "B")))

    assert ids(found) == ["orphaned-resource"]


def test_a_second_owner_is_reported_where_it_is_added() -> None:
    for old, new, where in (
        ({"X": repository()}, {"X": repository(), "Y": repository()}, "Y"),
        ({}, {"X": repository(), "Y": repository()}, "Y"),
    ):
        [found] = changes(old, new)
        assert (found.id, found.logical_id) == ("second-owner", where)


@pytest.mark.parametrize("resource_type", SINGLETONS)
def test_two_stacks_own_a_registry_setting_only_in_one_environment(resource_type: str) -> None:
    stacks = {"A": {"X": resource(resource_type)}, "B": {"X": resource(resource_type)}}

    assert ids(find_changes(state({"A": stacks["A"]}), state(stacks))) == ["second-owner"]
    assert find_changes(state({"A": stacks["A"]}, environment=None), state(stacks, environment=None)) == ()


def test_a_stack_that_is_missing_is_one_change_with_its_consequence() -> None:
    old = state({"A": {"X": repository(), "Y": repository("b", DELETED)}, "B": {}})
    [found] = find_changes(old, state({"B": {}}))

    assert (found.id, found.stack, found.logical_id) == ("removed-stack", "A", None)
    assert "2 resources" in found.sentence
    assert "deletes AWS::ECR::Repository" in found.sentence


def test_a_nested_stack_that_is_missing_deletes_its_resources() -> None:
    old = state({"A": {}, "A/Inner": {"X": repository("prod/api", DELETED)}})

    assert ids(find_changes(old, state({"A": {}}))) == ["deletion"]


def test_errors_are_first() -> None:
    found = changes(
        {"A": repository("a"), "B": repository("b", DELETED), "C": repository("c", ImageTagMutability="MUTABLE")},
        {"C": repository("c", ImageTagMutability="IMMUTABLE")},
    )

    assert [each.severity for each in found] == ["error", "warning", "info"]


def test_equal_states_have_no_changes() -> None:
    everything: dict[str, Any] = {f"X{n}": resource(kind) for n, kind in enumerate(ECR_TYPES)}
    everything["Api"] = repository(EncryptionConfiguration=json.loads('{"EncryptionType": "KMS"}'))

    assert changes(everything, everything) == ()


# --- conditions, computed attributes and loops ------------------------------------------------------------------------

STAGE = {"Stage": {"Type": "String", "Default": "prod"}}
IS_PROD = {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}
NOT_PROD = {"Fn::Not": [{"Condition": "Prod"}]}


ORPHANED = "orphaned-resource"
ALWAYS = state({"Containers": {"X": repository(), "Y": repository("other")}})


def _conditional(definition: Any, policy: str = "Delete", **parameter: Any) -> State:
    repositories = {"X": repository(attributes={"Condition": "C", "DeletionPolicy": policy}), "Y": repository("other")}
    return state(
        {"Containers": repositories},
        Parameters={"Stage": {"Type": "String", **parameter}},
        Conditions={"Prod": IS_PROD, "C": definition},
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (_conditional(IS_PROD, Default="prod"), _conditional(IS_PROD, Default="dev"), ["deletion"]),
        (_conditional(IS_PROD, "Retain", Default="prod"), _conditional(NOT_PROD, Default="prod"), [ORPHANED]),
        (_conditional(IS_PROD), _conditional({"Fn::And": [IS_PROD, {"Fn::Equals": ["a", "b"]}]}), ["deletion"]),
        (_conditional(IS_PROD), _conditional(NOT_PROD), ["conditional-resource"]),
        (_conditional(IS_PROD), _conditional({"Condition": "Prod"}), []),
        (_conditional(IS_PROD, Default="dev"), _conditional(IS_PROD, Default="test"), []),
        (_conditional(IS_PROD, Default="dev"), state({"Containers": {"Y": repository("other")}}), ["deletion"]),
        (_conditional({"Fn::Equals": ["a", "b"]}), state({"Containers": {"Y": repository("other")}}), []),
        (ALWAYS, _conditional({"Fn::Equals": [1, "1"]}, "Retain"), []),
        (_conditional({"Condition": "C"}), _conditional({"Condition": "C"}), []),
    ],
)  # fmt: skip
def test_a_condition_is_evaluated_where_the_template_determines_it(old: State, new: State, expected: list[str]) -> None:
    assert ids(find_changes(old, new)) == expected


def _referring(count: int, definition: Any, *references: int) -> State:
    """Return a state with conditions, of which each refers to those before it by the given distances."""
    conditions: dict[str, Any] = {"C0": definition}
    for at in range(1, count):
        conditions[f"C{at}"] = {"Fn::Or": [{"Condition": f"C{max(0, at - each)}"} for each in references]}
    last = repository(attributes={"Condition": f"C{count - 1}"})
    parameters = {"Stage": {"Type": "String"}}
    return state({"Containers": {"X": last}}, Parameters=parameters, Conditions=conditions)


@pytest.mark.parametrize(
    ("count", "references"),
    [(60, (1, 1)), (60, (1, 2, 3)), (1_500, (1, 1)), (9, tuple(range(-9, 9)))],
    ids=["one condition twice", "several conditions", "a long chain", "conditions that refer to each other"],
)
def test_conditions_that_refer_to_many_others_are_compared(count: int, references: tuple[int, ...]) -> None:
    old = _referring(count, IS_PROD, *references)

    assert ids(find_changes(old, _referring(count, IS_PROD, *references))) == []
    assert ids(find_changes(old, _referring(count, {"Fn::Equals": [{"Ref": "Stage"}, "test"]}, *references))) == [
        "conditional-resource"
    ]


def test_a_loop_whose_values_grow_with_each_loop_around_it_stays() -> None:
    loops: dict[str, Any] = {"R${L0}": repository()}
    for at in reversed(range(30)):
        loops = {f"Fn::ForEach::L{at}": [f"L{at}", [f"${{L{at - 1}}}" * 2 if at else "ab"], loops]}

    assert changes(loops, loops) == ()


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"Ref": "Stage"}, ["lost-retention"]),
        ({"Fn::If": ["Prod", "Retain", "Delete"]}, []),
        ({"Fn::If": ["Prod", "Delete", "Retain"]}, ["lost-retention"]),
        ({"Fn::ImportValue": "Policy"}, ["unknown-change"]),
    ],
)
def test_a_deletion_policy_is_compared_by_its_value(policy: Any, expected: list[str]) -> None:
    old, new = repository(), repository(attributes={"DeletionPolicy": policy})

    assert ids(changes({"X": old}, {"X": new}, Parameters=STAGE, Conditions={"Prod": IS_PROD})) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"Fn::Sub": "a-${No}/c"}, {"Fn::Join": ["/", [{"Fn::Join": ["-", ["a", {"Ref": "No"}]]}, "c"]]}),
        ({"Fn::GetAtt": ["Key", "Arn"]}, {"Fn::Sub": "${Key.Arn}"}),
        ({"Fn::GetAtt": "Key.Arn"}, {"Fn::GetAtt": ["Key", "Arn"]}),
        ({"Fn::Select": ["1", {"Fn::Split": ["/", "a/b"]}]}, "b"),
        ({"Fn::If": ["Prod", "a", "b"]}, "a"),
        ({"Fn::Join": ["-", {"Ref": "Names"}]}, "a-b"),
    ],
)  # fmt: skip
def test_two_forms_of_one_value_are_equal(one: Any, other: Any) -> None:
    sections: dict[str, Any] = {
        "Parameters": {**STAGE, "Names": {"Type": "CommaDelimitedList", "Default": "a, b"}},
        "Conditions": {"Prod": IS_PROD},
    }

    assert changes({"X": repository(one)}, {"X": repository(other)}, **sections) == ()


def _loop(names: Any) -> dict[str, Any]:
    name: Any = {"Fn::Sub": "${Team}/api"}
    return {"Fn::ForEach::Teams": ["Team", names, {"Repository&{Team}": repository(name)}]}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (_loop(["a-1", "b"]), _loop(["b"]), ["orphaned-resource"]),
        (_loop(["a-1"]), {"Repositorya1": repository("a-1/api")}, []),
        (_loop({"Ref": "Teams"}), {"Repositoryc": repository("c/api")}, []),
        (_loop({"Ref": "Unknown"}), _loop({"Ref": "Unknown"}), []),
        (_loop({"Ref": "Unknown"}), _loop({"Ref": "Other"}), ["unknown-change"]),
    ],
)
def test_the_resources_of_a_loop_are_compared(old: Any, new: Any, expected: list[str]) -> None:
    parameters = {"Teams": {"Type": "CommaDelimitedList", "Default": "c"}}

    assert ids(changes(old, new, Parameters=parameters)) == expected


def test_a_loop_over_millions_of_values_is_bounded() -> None:
    loop: Any = {"X": repository()}
    for name in "abc":
        loop = {f"Fn::ForEach::{name}": [name, [str(each) for each in range(1_000)], loop]}

    assert changes(loop, loop) == ()


def test_another_type_for_a_logical_id_fails_whatever_the_type_is() -> None:
    [found] = changes({"X": repository()}, {"X": {"Type": "AWS::S3::Bucket"}})

    assert (found.id, "AWS::S3::Bucket" in found.sentence) == ("failing-update", True)


def test_a_condition_that_removes_a_recorded_resource_fails_the_baseline() -> None:
    recorded = read_baseline(baseline_document(_conditional(IS_PROD, Default="prod")))

    assert ids(baseline_changes(recorded, _conditional(IS_PROD, Default="prod"))) == []
    assert ids(baseline_changes(recorded, _conditional(IS_PROD, Default="dev"))) == ["deletion"]
