"""The table of properties: each property is declared once, and every use of it follows from the table."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr

from ecr_constructs import (
    ADOPTED,
    CACHED,
    CREATED,
    EPHEMERAL,
    HARDENED,
    CreationTemplate,
    HardenedRepository,
    InvalidRegistry,
    PrivateRegistry,
    ReplicaRegistry,
    Replication,
    RepositorySettings,
)
from ecr_constructs.assembly import CREATE_ONLY
from ecr_constructs.errors import Problems
from ecr_constructs.repository import settings as settings_module
from ecr_constructs.repository.settings import (
    PROPERTIES,
    BoundSettings,
    Property,
    effective_settings,
    replica_differences,
    resource_attributes,
    template_attributes,
)
from tests.injectors import Overruling
from tests.templates import new_stack, properties, resource

# Properties of AWS::ECR::Repository that are arguments of `HardenedRepository` only.
NOT_SHARED = {"repository_name": "each repository has a name of its own"}
# Attributes of the table that are no properties, but attributes of every resource.
OF_EVERY_RESOURCE = {"removal_policy"}
# Properties of AWS::ECR::RepositoryCreationTemplate that are not properties of its repositories.
OF_TEMPLATES = {"prefix", "applied_for", "description", "custom_role_arn"}


def bound(settings: RepositorySettings, stack: cdk.Stack) -> BoundSettings:
    return BoundSettings(settings, stack, None)


def arguments_of(construct: type) -> set[str]:
    return set(inspect.signature(construct.__init__).parameters) - {"self", "scope", "id"}  # type: ignore[misc]


def test_every_property_of_the_resource_is_declared(stack: cdk.Stack) -> None:
    declared = set(resource_attributes(bound(HARDENED, stack), is_complete=True))

    assert declared - OF_EVERY_RESOURCE | set(NOT_SHARED) == arguments_of(ecr.CfnRepository)


def test_every_property_of_a_template_is_declared(stack: cdk.Stack) -> None:
    declared = set(template_attributes(bound(CREATED, stack)))

    assert declared | OF_TEMPLATES == arguments_of(ecr.CfnRepositoryCreationTemplate)


def test_every_property_is_a_field_and_an_argument() -> None:
    names = [each.name for each in PROPERTIES]

    assert names == [each.name for each in fields(RepositorySettings)]
    assert set(names) <= set(inspect.signature(RepositorySettings.but).parameters)
    assert set(names) <= arguments_of(HardenedRepository)


def test_every_property_is_written_in_a_template_and_compared_or_has_a_reason() -> None:
    reasons = [each for row in PROPERTIES for each in (row.template, row.differences) if isinstance(each, str)]

    assert [reason for reason in reasons if len(reason) < 30] == []


def test_create_only_properties_are_those_of_cloudformation() -> None:
    create_only = {row.name for row in PROPERTIES if row.is_create_only}

    assert create_only == {"encryption"}
    assert set(CREATE_ONLY["AWS::ECR::Repository"]) == {"EncryptionConfiguration", "RepositoryName"}


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Extended(RepositorySettings):
    """Settings with one more property."""

    keep: int = 1


def differences(source: Any, replica: Any) -> Iterator[tuple[str, str]]:
    if source.keep != replica.keep:
        yield "ecr-constructs:replicaKeepDiffers", f"has {replica.keep}"


EXTRA = Property(
    name="keep",
    kinds=int,
    example="1",
    resource=lambda bound: {"keep": bound.settings.keep},  # type: ignore[attr-defined]
    template="a template has no such property, for the sake of this test",
    differences=differences,
)


@pytest.fixture
def extended(monkeypatch: pytest.MonkeyPatch) -> Extended:
    """Add a property to the table, and return settings that have it."""
    monkeypatch.setattr(settings_module, "PROPERTIES", (*PROPERTIES, EXTRA))
    monkeypatch.setattr(settings_module, "HARDENED", Extended())
    return Extended()


def test_the_kind_of_an_added_property_is_checked(extended: Extended) -> None:
    with pytest.raises(TypeError, match="keep must be a whole number such as 1, got 'x'"):
        effective_settings(extended, {"keep": "x"})
    with pytest.raises(TypeError, match="keep must be a whole number such as 1, got 'x'"):
        Extended(keep="x")  # type: ignore[arg-type]


def test_an_added_property_is_derived_and_shown(extended: Extended) -> None:
    derived = effective_settings(extended, {"keep": 3})

    assert derived == Extended(keep=3)
    assert effective_settings(derived, {"scan_on_push": False}) == Extended(keep=3, scan_on_push=False)
    assert repr(derived) == "HARDENED.but(keep=3)"


def test_an_added_property_is_written_on_the_resource(
    extended: Extended, stack: cdk.Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ecr.CfnRepository, "keep", None, raising=False)

    assert HardenedRepository(stack, "Api", settings=replace(extended, keep=5)).resource.keep == 5  # type: ignore[attr-defined]


def test_an_added_property_that_no_template_has_is_an_error_there(extended: Extended, stack: cdk.Stack) -> None:
    with pytest.raises(InvalidRegistry, match=r"settings: keep=2 cannot be written .*; use settings.but\(keep=1\)"):
        CreationTemplate(stack, "It", prefix="a", applied_for=["CREATE_ON_PUSH"], settings=replace(extended, keep=2))


def test_an_added_property_is_compared_with_that_of_a_replica(extended: Extended) -> None:
    found = list(replica_differences(extended, replace(extended, keep=2)))

    assert found == [("ecr-constructs:replicaKeepDiffers", "has 2")]


def test_rules_that_are_added_to_a_source_are_compared(app: cdk.App) -> None:
    source = new_stack(app, "Source", region="eu-west-1")
    here = new_stack(app, "Here", region="eu-central-1")
    PrivateRegistry(source, "Registry", replication=[Replication.to("eu-central-1")])
    repository = HardenedRepository(source, "Api", repository_name="prod/api", settings=CREATED)
    ReplicaRegistry(here, "Replica", source_region="eu-west-1", settings=CREATED)
    repository.add_lifecycle_rule(max_image_count=500)

    assert list(replica_differences(CREATED.but(lifecycle=repository.lifecycle), CREATED)) == []
    assert list(replica_differences(CREATED, CREATED.but(lifecycle=repository.lifecycle))) != []


@pytest.mark.parametrize("is_injected", [False, True])
def test_every_attribute_of_the_resource_is_set_at_most_once(
    stack: cdk.Stack, monkeypatch: pytest.MonkeyPatch, *, is_injected: bool
) -> None:
    if is_injected:
        cdk.PropertyInjectors.of(stack).add(Overruling({}))
    written: list[str] = []
    monkeypatch.setattr(HardenedRepository, "_apply", lambda _, attributes: written.extend(attributes))
    HardenedRepository(stack, "Api", settings=EPHEMERAL)

    assert len(written) == len(set(written))
    assert is_injected or not {"image_tag_mutability", "image_scanning_configuration", "removal_policy"} & set(written)


NAMED = {"HARDENED": HARDENED, "ADOPTED": ADOPTED, "CREATED": CREATED, "CACHED": CACHED, "EPHEMERAL": EPHEMERAL}


@pytest.mark.parametrize("name", NAMED)
def test_ready_made_settings_are_shown_by_their_name(name: str) -> None:
    assert repr(NAMED[name]) == name


def test_other_settings_are_shown_as_they_derive() -> None:
    derived = HARDENED.but(removal_policy=cdk.RemovalPolicy.DESTROY, resource_tags={"team": "a"})

    assert repr(derived) == "HARDENED.but(resource_tags={'team': 'a'}, removal_policy=RemovalPolicy.DESTROY)"


def test_a_repository_of_every_property_is_written(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", settings=EPHEMERAL.but(resource_tags={"team": "a"}))

    assert properties(repository)["EmptyOnDelete"] is True
    assert properties(repository)["Tags"] == [{"Key": "team", "Value": "a"}]
    assert resource(repository)["DeletionPolicy"] == "Delete"


def test_problems_of_kinds_are_counted_once(extended: Extended) -> None:
    problems = Problems()
    with problems.collect():
        effective_settings(extended, {"keep": "x", "access": 1, "lifecycle": [2]})

    assert len(list(problems)) == 3
