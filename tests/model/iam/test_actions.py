"""Actions of ECR: those that exist, and those that a policy can contain."""

from __future__ import annotations

import pytest

from ecr_constructs.model.iam.action_names import REGISTRY_ACTIONS, REPOSITORY_ACTIONS
from ecr_constructs.model.iam.actions import action_problems, matches_action

each_policy = pytest.mark.parametrize("policy", ["repository", "registry"])
# Actions that exist, or that are known only at deployment.
ACCEPTED = [
    "*",
    "ecr:*",
    "ecr:Get*",
    "ECR:batchgetimage",
    "ecr:BatchGet?mage",
    "ecr:*Layer*",
    "${Token[TOKEN.1]}",
    "#{Token[TOKEN.2]}",
    "ecr:${Token[TOKEN.3]}",
    {"Ref": "Action"},
    {"Fn::Split": [",", {"Ref": "Actions"}]},
]


@each_policy
def test_an_action_that_exists_or_is_known_only_at_deployment_is_accepted(policy: str) -> None:
    accepted = [*ACCEPTED, *(f"ecr:{name}" for name in REPOSITORY_ACTIONS)]

    assert [action for action in accepted if list(action_problems(action, policy))] == []


@each_policy
def test_an_action_that_no_policy_of_ecr_can_contain_has_a_problem(policy: str) -> None:
    cases: list[tuple[str, str]] = [
        ("ecr:BatchGetImages", "did you mean 'ecr:BatchGetImage'?"),
        ("ecr:batchgetimages", "did you mean 'ecr:BatchGetImage'?"),
        ("ecr:PullImage", "is not an action of ECR"),
        ("ecr:Pull*", "is not an action of ECR"),
        ("ecr:", "is not an action of ECR"),
        ("ecr:Batch[G]etImage", "is not an action of ECR"),
        ("s3:GetObject", "is not an action of ECR"),
        ("ecr-public:PutImage", "is not an action of ECR"),
        ("BatchGetImage", "is not an action of ECR"),
        ("*GetImage", "is not an action of ECR"),
        ("", "is not an action of ECR"),
        ("ecr:GetAuthorizationToken", "cannot allow ecr:GetAuthorizationToken"),
    ]
    for action, reason in cases:
        (problem,) = action_problems(action, policy)

        assert reason in problem


def test_an_action_of_the_registry_is_accepted_in_the_registry_policy_only() -> None:
    for name in REGISTRY_ACTIONS - {"GetAuthorizationToken"}:
        (problem,) = action_problems(f"ecr:{name}", "repository")

        assert "is an action of the registry" in problem
        assert list(action_problems(f"ecr:{name}", "registry")) == []


def test_actions_match_by_the_wildcards_of_iam() -> None:
    assert matches_action("ecr:Put*", "ecr:PutImage")
    assert matches_action("ECR:put?mage", "ecr:PutImage")
    assert not matches_action("ecr:Put[I]mage", "ecr:PutImage")
    assert not matches_action("ecr:PutImage", "ecr:PutImageTagMutability")
