"""Actions of ECR: those that exist, and those that a policy can contain."""

from __future__ import annotations

import pytest

from ecr_constructs.model.iam.action_names import REGISTRY_ACTIONS, REPOSITORY_ACTIONS
from ecr_constructs.model.iam.actions import action_problems, matches_action


@pytest.mark.parametrize("policy", ["repository", "registry"])
@pytest.mark.parametrize(
    "action",
    [
        "*",
        "ecr:*",
        "ecr:Get*",
        "ecr:BatchGetImage",
        "ECR:batchgetimage",
        "ecr:BatchGet?mage",
        "ecr:*Layer*",
        "ecr:BatchImportUpstreamImage",
        "ecr:ReplicateImage",
        "ecr:GetImageCopyStatus",
        "${Token[TOKEN.1]}",
        "#{Token[TOKEN.2]}",
        "ecr:${Token[TOKEN.3]}",
        {"Ref": "Action"},
        {"Fn::Split": [",", {"Ref": "Actions"}]},
    ],
)
def test_an_action_that_exists_or_is_not_known_yet_has_no_problem(action: object, policy: str) -> None:
    assert list(action_problems(action, policy)) == []


@pytest.mark.parametrize(
    ("action", "reason"),
    [
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
    ],
)
@pytest.mark.parametrize("policy", ["repository", "registry"])
def test_an_action_that_no_policy_of_ecr_can_contain_has_a_problem(action: str, reason: str, policy: str) -> None:
    (problem,) = action_problems(action, policy)

    assert reason in problem


@pytest.mark.parametrize("name", sorted(REGISTRY_ACTIONS - {"GetAuthorizationToken"}))
def test_an_action_of_the_registry_is_for_the_registry_policy_only(name: str) -> None:
    (problem,) = action_problems(f"ecr:{name}", "repository")

    assert "is an action of the registry" in problem
    assert list(action_problems(f"ecr:{name}", "registry")) == []


@pytest.mark.parametrize("name", sorted(REPOSITORY_ACTIONS))
def test_an_action_on_a_repository_is_for_both_policies(name: str) -> None:
    assert list(action_problems(f"ecr:{name}", "repository")) == []
    assert list(action_problems(f"ecr:{name}", "registry")) == []


def test_actions_match_by_the_wildcards_of_iam() -> None:
    assert matches_action("ecr:Put*", "ecr:PutImage")
    assert matches_action("ECR:put?mage", "ecr:PutImage")
    assert not matches_action("ecr:Put[I]mage", "ecr:PutImage")
    assert not matches_action("ecr:PutImage", "ecr:PutImageTagMutability")
