from __future__ import annotations

from ecr_constructs.model.lifecycle.intents import limit_images
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from tests.cli.aws.cloud import Cloud, image
from tests.cli.aws.record import Gather

TODAY = LifecyclePolicy.of(limit_images(5))


def test_the_deployed_policy_is_read_on_request(cloud: Cloud, gather: Gather) -> None:
    cloud.add("prod/api", image(1), policy=TODAY.to_json())

    assert gather("prod/api", current=True).repositories[0].deployed == TODAY
    assert gather("prod/api").repositories[0].deployed is None
    assert cloud.called("GetLifecyclePolicy") == 1


def test_a_repository_without_a_policy_has_one_without_rules(cloud: Cloud, gather: Gather) -> None:
    """A repository without a policy differs from one whose policy cannot be read."""
    cloud.add("prod/api", image(1))

    gathered = gather("prod/api", current=True)

    assert gathered.repositories[0].deployed == LifecyclePolicy.none()
    assert gathered.problems == ()


def test_a_policy_that_cannot_be_read_is_a_problem_of_its_repository(cloud: Cloud, gather: Gather) -> None:
    cloud.add("prod/api", image(1), policy='{"rules": [{"rulePriority": 0}]}')
    cloud.add("prod/web", image(1), policy=TODAY.to_json())

    gathered = gather({"prod/api": None, "prod/web": None}, current=True)

    assert [repository.deployed for repository in gathered.repositories] == [None, TODAY]
    [problem] = gathered.problems
    assert problem.startswith("prod/api: the deployed policy cannot be evaluated: rules[0]")


def test_a_denied_policy_is_reported(cloud: Cloud, gather: Gather) -> None:
    cloud.add("prod/api", image(1), policy=TODAY.to_json())
    cloud.deny("GetLifecyclePolicy")

    gathered = gather("prod/api", current=True)

    assert gathered.repositories[0].deployed is None
    [problem] = gathered.problems
    assert problem.startswith("prod/api: ecr:GetLifecyclePolicy is not allowed")
