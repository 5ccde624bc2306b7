"""The lifecycle policy that a repository has today."""

from __future__ import annotations

from ecr_constructs.cli.aws.errors import CallFailed
from ecr_constructs.cli.aws.session import Service
from ecr_constructs.cli.sources.texts import policy_of_text
from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy

__all__ = ["deployed_policy"]


def deployed_policy(ecr: Service, repository: str) -> LifecyclePolicy:
    """
    Read the policy of a repository; it is without rules if the repository has none.

    Args:
        ecr: ECR.
        repository: What ECR calls the repository.

    Raises:
        CallFailed: if ECR does not tell it, or tells one that cannot be read.

    """
    try:
        text = ecr.call("GetLifecyclePolicy", {"repositoryName": repository})["lifecyclePolicyText"]
    except CallFailed as failed:
        if failed.code == "LifecyclePolicyNotFoundException":
            return LifecyclePolicy.none()
        raise
    try:
        return policy_of_text(text)
    except InvalidLifecyclePolicy as error:
        what = f"its policy of today cannot be replayed: {'; '.join(error.problems)}"
        raise CallFailed(what, "its effect is not compared; replace the policy") from error
