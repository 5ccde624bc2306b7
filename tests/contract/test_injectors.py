"""Property injectors of an organization cannot replace given values, and may set the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs import (
    ADOPTED,
    EPHEMERAL,
    HARDENED,
    HardenedRepository,
    Immutability,
    InvalidRepository,
    LifecyclePolicy,
    RepositorySettings,
)
from tests.injectors import Overruling
from tests.templates import REPOSITORY, new_app, new_stack, properties, resource, resources, template

# Properties that an injector sets, one by one and all together, with their JavaScript names.
UNWANTED: Mapping[str, Callable[[], Mapping[str, Any]]] = {
    "removal": lambda: {"removalPolicy": "destroy"},
    "mutability": lambda: {"imageTagMutability": "MUTABLE"},
    "scanning": lambda: {"imageScanOnPush": False},
    "emptying": lambda: {"removalPolicy": "destroy", "emptyOnDelete": True},
    "deleting images": lambda: {"removalPolicy": "destroy", "autoDeleteImages": True},
    "encryption": lambda: {"encryption": ecr.RepositoryEncryption.KMS},
    "lifecycle": lambda: {"lifecycleRules": [{"maxImageCount": 3}]},
    "exclusion filters": lambda: {
        "imageTagMutability": "MUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [ecr.ImageTagMutabilityExclusionFilter.wildcard("x*")],
    },
}
EVERYTHING = {key: value for make in UNWANTED.values() for key, value in make().items()}

Place = Callable[[cdk.App, cdk.Stage, cdk.Stack], Construct]
PLACES: Mapping[str, Place] = {
    "app": lambda app, stage, stack: app,  # noqa: ARG005  (each takes its own of the three)
    "stage": lambda app, stage, stack: stage,  # noqa: ARG005
    "stack": lambda app, stage, stack: stack,  # noqa: ARG005
}

# Options of each kind, as keywords.
CHOICES: Mapping[str, Callable[[], dict[str, Any]]] = {
    "default": dict,
    "adopted": lambda: {"settings": ADOPTED},
    "ephemeral": lambda: {"settings": EPHEMERAL},
    "movable": lambda: {
        "immutability": Immutability.all_tags_except("latest"),
        "lifecycle": LifecyclePolicy.none(),
        "scan_on_push": True,
    },
    "kept on creation": lambda: {"removal_policy": cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE},
}


def made(choice: str, injector: Overruling | None = None, place: str = "stack") -> cdk.Stack:
    """Create a repository with some options, with or without an injector on a scope above it."""
    app = new_app()
    stage = cdk.Stage(app, "Production")
    stack = new_stack(stage, "Containers")
    if injector is not None:
        cdk.PropertyInjectors.of(PLACES[place](app, stage, stack)).add(injector)
    HardenedRepository(stack, "Api", repository_name="prod/api", **CHOICES[choice]())
    return stack


@pytest.mark.parametrize("choice", CHOICES)
def test_an_injector_changes_no_property_of_the_settings(choice: str) -> None:
    injector = Overruling(EVERYTHING)

    assert template(made(choice, injector)) == template(made(choice))
    assert injector.seen == 1


def test_an_injector_of_one_property_changes_no_setting() -> None:
    expected = template(made("adopted"))

    assert [name for name, make in UNWANTED.items() if template(made("adopted", Overruling(make()))) != expected] == []


@pytest.mark.parametrize("place", PLACES)
def test_an_injector_of_any_scope_changes_no_setting(place: str) -> None:
    injector = Overruling(EVERYTHING)

    assert template(made("default", injector, place)) == template(made("default"))
    assert injector.seen == 1


def test_an_injector_does_change_a_plain_repository(stack: cdk.Stack) -> None:
    cdk.PropertyInjectors.of(stack).add(Overruling(EVERYTHING))
    found = resource(ecr.Repository(stack, "Api"))

    assert found["DeletionPolicy"] == "Delete"
    assert found["Properties"]["ImageTagMutability"] == "MUTABLE_WITH_EXCLUSION"
    assert found["Properties"]["EmptyOnDelete"] is True


@pytest.mark.parametrize("place", PLACES)
def test_an_injector_that_comes_after_the_first_repository_of_a_stack_stops_the_synthesis(place: str) -> None:
    app = new_app()
    stage = cdk.Stage(app, "Production")
    stack = new_stack(stage, "Containers")
    HardenedRepository(stack, "First")
    cdk.PropertyInjectors.of(PLACES[place](app, stage, stack)).add(Overruling(EVERYTHING))
    HardenedRepository(stack, "Second")

    with pytest.raises(RuntimeError, match=r"registered on .* after the first repository of this stack .* before"):
        app.synth()


def test_a_late_injector_of_other_constructs_or_below_the_stack_is_accepted(stack: cdk.Stack) -> None:
    first = HardenedRepository(stack, "First")
    cdk.PropertyInjectors.of(stack).add(Overruling({}, construct=kms.Key.PROPERTY_INJECTION_ID))
    below = Construct(stack, "Below")
    HardenedRepository(below, "Before")
    cdk.PropertyInjectors.of(below).add(Overruling(EVERYTHING))
    second = HardenedRepository(below, "Second")

    assert resource(second) == resource(first)


@pytest.mark.parametrize("settings", [HARDENED, ADOPTED], ids=["HARDENED", "ADOPTED"])
def test_an_injector_that_deletes_images_is_rejected_with_the_reason(
    stack: cdk.Stack, settings: RepositorySettings
) -> None:
    """Without `emptyOnDelete`, the CDK adds a function that deletes every image, which cannot be undone."""
    wanted = {"removalPolicy": "destroy", "autoDeleteImages": True, "emptyOnDelete": None}
    cdk.PropertyInjectors.of(stack).add(Overruling(wanted))

    with pytest.raises(InvalidRepository, match="a property injector sets auto_delete_images") as refused:
        HardenedRepository(stack, "Api", settings=settings)
    assert refused.value.path == "Containers/Api"


def test_an_injector_that_only_adds_arguments_does_not_delete_images(stack: cdk.Stack) -> None:
    class Polite(Overruling):
        def inject(self, original_props: Any, *, id: str, scope: Any) -> Any:  # noqa: ARG002
            return {**self._properties, **original_props}

    cdk.PropertyInjectors.of(stack).add(
        Polite({"removalPolicy": "destroy", "emptyOnDelete": True, "autoDeleteImages": True})
    )
    found = resource(HardenedRepository(stack, "Api", settings=ADOPTED))

    assert found["DeletionPolicy"] == "Retain"
    assert "EmptyOnDelete" not in found["Properties"]
    assert len(template(stack)["Resources"]) == 1


def test_an_injector_can_set_a_name_if_there_is_none(stack: cdk.Stack) -> None:
    cdk.PropertyInjectors.of(stack).add(Overruling({"repositoryName": "platform/filled"}))

    assert properties(HardenedRepository(stack, "Api"))["RepositoryName"] == "platform/filled"


@pytest.mark.parametrize("name", ["prod/api", "prod--api"])
def test_an_injector_that_gives_another_name_is_rejected_with_both_names(stack: cdk.Stack, name: str) -> None:
    """If only the resource had the name, stacks of other Regions would still use the other name."""
    cdk.PropertyInjectors.of(stack).add(Overruling({"repositoryName": "platform/other"}))

    with pytest.raises(InvalidRepository, match=f"sets repository_name to 'platform/other', and .* is '{name}'"):
        HardenedRepository(stack, "Api", repository_name=name)


@pytest.mark.parametrize("name", ["prod/api", "prod--api", cdk.Aws.STACK_NAME], ids=["plain", "double", "token"])
def test_an_injector_that_does_not_change_the_name_is_accepted(stack: cdk.Stack, name: str) -> None:
    cdk.PropertyInjectors.of(stack).add(Overruling({"imageTagMutability": "MUTABLE"}))
    found = properties(HardenedRepository(stack, "Api", repository_name=name))

    assert found["RepositoryName"] == stack.resolve(name)


def test_an_id_that_exists_is_rejected_with_a_typed_error_with_and_without_an_injector(stack: cdk.Stack) -> None:
    cdk.PropertyInjectors.of(stack).add(Overruling({}))
    HardenedRepository(stack, "Api", settings=ADOPTED)

    with pytest.raises(InvalidRepository, match="another construct of this scope has that ID"):
        HardenedRepository(stack, "Api", settings=ADOPTED)
    assert len(resources(stack, REPOSITORY)) == 1


def test_rules_and_statements_that_are_added_later_are_there_with_an_injector_too(stack: cdk.Stack) -> None:
    cdk.PropertyInjectors.of(stack).add(Overruling({"lifecycleRules": [{"maxImageCount": 3}]}))
    repository = HardenedRepository(stack, "Api")
    repository.add_lifecycle_rule(max_image_count=9, tag_pattern_list=["v*"])

    text = properties(repository)["LifecyclePolicy"]["LifecyclePolicyText"]
    assert text == repository.lifecycle.to_json()
    assert len(repository.lifecycle.rules) == 2


@pytest.mark.parametrize("name", [True, False])
def test_a_name_of_an_injector_that_is_no_text_is_a_typed_error(stack: cdk.Stack, *, name: bool) -> None:
    cdk.PropertyInjectors.of(stack).add(Overruling({"repositoryName": name}))

    with pytest.raises(InvalidRepository, match=r"Containers/Api: a property injector for .* makes the CDK raise"):
        HardenedRepository(stack, "Api", repository_name="prod/api")
