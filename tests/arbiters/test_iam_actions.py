"""The table of ECR's IAM actions against its sources."""

from __future__ import annotations

import pytest

from ecr_constructs.model.iam import permissions
from ecr_constructs.model.iam.action_names import REGISTRY_ACTIONS, REPOSITORY_ACTIONS
from tests.arbiters import iam_actions
from tests.arbiters.sources import service_model

pytestmark = pytest.mark.arbiter


def test_the_table_equals_its_sources() -> None:
    assert iam_actions.TABLE.read_text() == iam_actions.table()


def test_every_operation_of_the_api_is_in_the_table() -> None:
    assert set(service_model()["operations"]) <= REPOSITORY_ACTIONS | REGISTRY_ACTIONS


def test_every_action_of_the_iam_data_is_in_the_table() -> None:
    names = {name.lower() for name in REPOSITORY_ACTIONS | REGISTRY_ACTIONS}

    assert set(iam_actions.iam_data()) <= names


def test_every_action_in_the_table_is_in_a_source() -> None:
    sources = {name.lower() for name in service_model()["operations"]} | set(iam_actions.iam_data())

    assert {name.lower() for name in REPOSITORY_ACTIONS | REGISTRY_ACTIONS} <= sources


def test_every_action_that_the_constructs_use_is_in_the_table() -> None:
    groups = [getattr(permissions, name) for name in permissions.__all__]
    used = {action for group in groups for action in group if action.startswith("ecr:")}

    assert {action.removeprefix("ecr:") for action in used} <= REPOSITORY_ACTIONS | REGISTRY_ACTIONS


def test_every_action_that_the_constructs_use_is_an_action_of_iam() -> None:
    """Not every operation of the API is one: for `ListImageReferrers`, ECR checks `ecr:BatchGetImage`."""
    groups = [getattr(permissions, name) for name in permissions.__all__]
    used = {action.removeprefix("ecr:").lower() for group in groups for action in group if action.startswith("ecr:")}

    assert used - {*iam_actions.iam_data()} == set()
