from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

import boto3  # type: ignore[import-untyped]  # it ships no types
import pytest

from ecr_constructs.cli.aws import images_in_use
from ecr_constructs.cli.aws.image_usage import ImageUsage, parse_image, users_by_digest
from ecr_constructs.cli.sources.records import Place
from ecr_constructs.model.images import Image
from tests.cli.aws.cloud import ACCOUNT, REGION, REGISTRY, Cloud, digest, image
from tests.cli.aws.record import Gather


class Ecs:
    """Amazon ECS of the account, with the clusters and services of a test."""

    def __init__(self) -> None:
        self.client: Any = boto3.Session(region_name=REGION).client("ecs")

    def task_definition(self, family: str, *images: str) -> str:
        containers = [{"name": f"c{number}", "image": image, "memory": 128} for number, image in enumerate(images)]
        made = self.client.register_task_definition(family=family, containerDefinitions=containers)
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def service(self, cluster: str, name: str, *images: str, count: int = 1) -> None:
        self.client.create_cluster(clusterName=cluster)
        definition = self.task_definition(name, *images)
        self.client.create_service(cluster=cluster, serviceName=name, taskDefinition=definition, desiredCount=count)


@pytest.fixture
def ecs(cloud: Cloud) -> Iterator[Ecs]:  # noqa: ARG001  (it is where ECS is)
    ecs = Ecs()
    yield ecs
    ecs.client.close()


def in_use(gather: Gather, name: str = "prod/api", *, read_indexes: bool = False) -> Mapping[str, tuple[str, ...]]:
    gathered = gather(name, in_use=True, read_indexes=read_indexes)
    assert gathered.problems == gathered.notes == ()
    [repository] = gathered.repositories
    assert repository.in_use is not None
    return repository.in_use


def test_usage_is_read_only_on_request(cloud: Cloud, gather: Gather, ecs: Ecs) -> None:
    cloud.add("prod/api", image(1, "v1"))
    ecs.service("prod", "payments", f"{REGISTRY}/prod/api:v1")

    [repository] = gather("prod/api").repositories

    assert repository.in_use is None
    assert cloud.called("ListClusters") == cloud.called("ListCoverage") == 0


# --- services ---------------------------------------------------------------------------------------------------------


def test_a_service_runs_the_image_that_has_the_tag(cloud: Cloud, gather: Gather, ecs: Ecs) -> None:
    cloud.add("prod/api", image(1, "v1"), image(2, "v2"), image(3, "latest"))
    ecs.service("prod", "payments", f"{REGISTRY}/prod/api:v1", f"{REGISTRY}/prod/api")

    assert in_use(gather) == {digest(1): ("service prod/payments",), digest(3): ("service prod/payments",)}


def test_a_service_runs_the_image_that_it_names_by_digest(cloud: Cloud, gather: Gather, ecs: Ecs) -> None:
    cloud.add("prod/api", image(1, "v1"), image(2, "v2"))
    ecs.service("prod", "payments", f"{REGISTRY}/prod/api:v1@{digest(2)}")

    assert in_use(gather) == {digest(2): ("service prod/payments",)}


def test_each_user_of_an_image_is_named_once(cloud: Cloud, gather: Gather, ecs: Ecs) -> None:
    cloud.add("prod/api", image(1, "v1", "stable"))
    ecs.service("prod", "payments", f"{REGISTRY}/prod/api:v1", f"{REGISTRY}/prod/api:stable")
    ecs.service("edge", "checkout", f"{REGISTRY}/prod/api:v1")

    assert in_use(gather) == {digest(1): ("service edge/checkout", "service prod/payments")}


def test_images_of_other_registries_and_missing_images_are_ignored(cloud: Cloud, gather: Gather, ecs: Ecs) -> None:
    cloud.add("prod/api", image(1, "v1"))
    ecs.service(
        "prod",
        "payments",
        "prod/api:v1",
        "public.ecr.aws/prod/api:v1",
        "210987654321.dkr.ecr.eu-central-1.amazonaws.com/prod/api:v1",
        f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/prod/api:v1",
        f"{REGISTRY}/prod/web:v1",
        f"{REGISTRY}/prod/api:v0",
        f"{REGISTRY}/prod/api@{digest(9)}",
        "Not an image!",
    )

    assert in_use(gather) == {}


def test_a_registry_has_several_host_names() -> None:
    cases: list[str] = [
        f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com",
        f"{ACCOUNT}.dkr.ecr-fips.eu-central-1.amazonaws.com",
        f"{ACCOUNT}.dkr-ecr.eu-central-1.on.aws",
        f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com.cn",
    ]
    for host in cases:
        found = parse_image(f"{host}/prod/api:v1")

        assert found is not None
        assert found[0] == Place(account_id=ACCOUNT, region="eu-central-1")
        assert (found[1].repository, found[1].tag) == ("prod/api", "v1")


def test_while_a_service_is_deployed_both_images_are_in_use(cloud: Cloud, gather: Gather, ecs: Ecs) -> None:
    cloud.add("prod/api", image(1, "v1"), image(2, "v2"))
    ecs.service("prod", "payments", f"{REGISTRY}/prod/api:v1")
    later = ecs.task_definition("payments", f"{REGISTRY}/prod/api:v2")
    ecs.client.update_service(cluster="prod", service="payments", taskDefinition=later)

    assert in_use(gather) == {digest(1): ("service prod/payments",), digest(2): ("service prod/payments",)}


def test_a_finished_deployment_uses_no_image_and_a_task_set_does() -> None:
    service = {
        "deployments": [
            {"status": "PRIMARY", "taskDefinition": "payments:3"},
            {"status": "ACTIVE", "taskDefinition": "payments:2"},
            {"status": "INACTIVE", "taskDefinition": "payments:1"},
        ],
        "taskSets": [{"status": "ACTIVE", "taskDefinition": "payments:4"}],
    }

    assert images_in_use._task_definitions(service) == {"payments:2", "payments:3", "payments:4"}


def test_a_service_scaled_to_zero_will_need_its_image_again(cloud: Cloud, gather: Gather, ecs: Ecs) -> None:
    cloud.add("prod/api", image(1, "v1"))
    ecs.service("prod", "payments", f"{REGISTRY}/prod/api:v1", count=0)

    assert in_use(gather) == {digest(1): ("service prod/payments",)}


def test_a_deleted_service_uses_no_image(cloud: Cloud, gather: Gather, ecs: Ecs) -> None:
    cloud.add("prod/api", image(1, "v1"))
    ecs.service("prod", "payments", f"{REGISTRY}/prod/api:v1")
    ecs.client.delete_service(cluster="prod", service="payments", force=True)

    assert in_use(gather) == {}


def test_services_are_found_over_all_pages(cloud: Cloud, gather: Gather, ecs: Ecs) -> None:
    cloud.add("prod/api", *(image(number, f"v{number}") for number in range(3)))
    definitions = [ecs.task_definition("payments", f"{REGISTRY}/prod/api:v{number}") for number in range(3)]
    ecs.client.create_cluster(clusterName="prod")
    for number in range(120):
        ecs.client.create_service(
            cluster="prod", serviceName=f"s{number}", taskDefinition=definitions[number % 3], desiredCount=1
        )

    found = in_use(gather)

    assert [len(found[digest(number)]) for number in range(3)] == [40, 40, 40]
    assert cloud.called("ListServices") == 2
    assert cloud.called("DescribeServices") == 12
    assert cloud.called("DescribeTaskDefinition") == 3


def test_a_cluster_that_is_deleted_meanwhile_runs_nothing(cloud: Cloud, gather: Gather, ecs: Ecs) -> None:
    cloud.add("prod/api", image(1, "v1"))
    ecs.service("prod", "payments", f"{REGISTRY}/prod/api:v1")
    cloud.fail("ListServices", "ClusterNotFoundException", "Cluster not found.")

    assert in_use(gather) == {}


@pytest.mark.parametrize(
    ("operation", "subject"),
    [
        ("ListClusters", "Amazon ECS"),
        ("ListServices", f"arn:aws:ecs:eu-central-1:{ACCOUNT}:cluster/prod"),
        ("DescribeServices", f"arn:aws:ecs:eu-central-1:{ACCOUNT}:cluster/prod"),
        ("ListTasks", f"arn:aws:ecs:eu-central-1:{ACCOUNT}:cluster/prod"),
        ("DescribeTasks", f"arn:aws:ecs:eu-central-1:{ACCOUNT}:cluster/prod"),
        ("DescribeTaskDefinition", f"arn:aws:ecs:eu-central-1:{ACCOUNT}:task-definition/payments:1"),
    ],
)
def test_a_service_that_may_not_be_seen_is_a_problem(
    cloud: Cloud, gather: Gather, ecs: Ecs, operation: str, subject: str
) -> None:
    """The gate for images in use must not pass if usage cannot be read."""
    cloud.add("prod/api", image(1, "v1"))
    ecs.service("prod", "payments", f"{REGISTRY}/prod/api:v1")
    cloud.run("prod", f"{REGISTRY}/prod/api:v1", 1, group="service:payments")
    cloud.deny(operation, "ecs")

    gathered = gather("prod/api", in_use=True)

    assert len(gathered.repositories) == 1
    [problem] = gathered.problems
    assert problem.startswith(f"{subject}: ecs:{operation} is not allowed")


# --- tasks ------------------------------------------------------------------------------------------------------------


def test_a_task_runs_the_image_that_it_started_with(cloud: Cloud, gather: Gather, ecs: Ecs) -> None:
    """The tag was reassigned to a new image. The old image is untagged and still in use."""
    cloud.add("prod/api", image(1), image(2, "latest"))
    ecs.service("prod", "payments", f"{REGISTRY}/prod/api:latest")
    cloud.run("prod", f"{REGISTRY}/prod/api:latest", 1, group="service:payments")

    assert in_use(gather) == {digest(1): ("service prod/payments",), digest(2): ("service prod/payments",)}


def test_a_task_without_a_service_is_a_user_of_its_image(cloud: Cloud, gather: Gather, ecs: Ecs) -> None:
    cloud.add("prod/api", image(1, "v1"))
    ecs.client.create_cluster(clusterName="batch")
    cloud.run("batch", f"{REGISTRY}/prod/api:v1", 1, group="family:nightly")
    cloud.run("batch", f"{REGISTRY}/prod/api:v1", None, group="family:nightly")
    cloud.run("batch", f"public.ecr.aws/prod/api@{digest(1)}", 1, group="family:other")

    assert in_use(gather) == {digest(1): ("task batch/nightly:7",)}


def test_tasks_are_found_over_all_pages(cloud: Cloud, gather: Gather, ecs: Ecs) -> None:
    cloud.add("prod/api", *(image(number) for number in range(250)))
    ecs.client.create_cluster(clusterName="batch")
    for number in range(250):
        cloud.run("batch", f"{REGISTRY}/prod/api:v1", number, group="family:nightly")

    assert len(in_use(gather)) == 250
    assert cloud.called("ListTasks") == cloud.called("DescribeTasks") == 3


# --- Amazon Inspector -------------------------------------------------------------------------------------------------


def test_inspector_reports_images_in_use(cloud: Cloud, gather: Gather) -> None:
    cloud.add("prod/api", image(1), image(2), image(3))
    cloud.use(1, repository="prod/api", count=1)
    cloud.use(2, repository="prod/api", count=12)
    cloud.use(3, repository="prod/api", count=0)

    assert in_use(gather) == {
        digest(1): ("1 task or pod seen by Amazon Inspector",),
        digest(2): ("12 tasks or pods seen by Amazon Inspector",),
    }


def test_images_of_other_registries_in_amazon_inspector_are_ignored(cloud: Cloud, gather: Gather) -> None:
    """The same image may be in another repository, or in that of another account of the organization."""
    cloud.add("prod/api", image(1))
    cloud.use(1, repository="staging/api")
    cloud.use(1, repository="prod/api", account="210987654321")

    assert in_use(gather) == {}


def test_inspector_is_called_once_for_the_whole_registry(cloud: Cloud, gather: Gather) -> None:
    for name in range(5):
        cloud.add(f"prod/{name}", *(image(number) for number in range(100)))
        for number in range(100):
            cloud.use(number, repository=f"prod/{name}")

    gathered = gather(dict.fromkeys(cloud.repositories), in_use=True)

    assert [len(repository.in_use or ()) for repository in gathered.repositories] == [100] * 5
    assert cloud.called("ListCoverage") == 3


def test_an_account_without_inspector_gets_a_note_and_all_the_rest(cloud: Cloud, gather: Gather, ecs: Ecs) -> None:
    cloud.fail("ListCoverage", "AccessDeniedException", "Invoking account does not have access to this account")
    cloud.add("prod/api", image(1, "v1"))
    ecs.service("prod", "payments", f"{REGISTRY}/prod/api:v1")

    gathered = gather("prod/api", in_use=True)

    assert gathered.problems == ()
    assert gathered.repositories[0].in_use == {digest(1): ("service prod/payments",)}
    [note] = gathered.notes
    assert note.startswith("Amazon Inspector does not report images in use: inspector2:ListCoverage is not allowed")


@pytest.mark.parametrize("code", ["ExpiredTokenException", "ThrottlingException", "InternalServerException"])
def test_an_error_of_an_enabled_inspector_is_a_problem(cloud: Cloud, gather: Gather, code: str) -> None:
    """The gate must not pass if Amazon Inspector, the only source for pods, cannot be read."""
    cloud.fail("ListCoverage", code)
    cloud.add("prod/api", image(1, "v1"))

    gathered = gather("prod/api", in_use=True)

    assert len(gathered.repositories) == 1
    assert gathered.notes == ()
    [problem] = gathered.problems
    assert problem.startswith("Amazon Inspector: ")


# --- indexes ----------------------------------------------------------------------------------------------------------


def test_a_workload_with_an_index_runs_one_of_its_images(cloud: Cloud, gather: Gather, ecs: Ecs) -> None:
    cloud.add("prod/api", image(1), image(2), image(3)).add_index(10, 1, 2, tag="v1")
    ecs.service("prod", "payments", f"{REGISTRY}/prod/api:v1")

    assert set(in_use(gather, read_indexes=True)) == {digest(1), digest(2), digest(10)}
    assert set(in_use(gather)) == {digest(10)}  # the others are not known


def test_a_workload_with_an_image_of_an_index_requires_the_index_too(cloud: Cloud, gather: Gather) -> None:
    cloud.add("prod/api", image(1), image(2)).add_index(10, 1, 2, tag="v1")
    cloud.use(1, repository="prod/api")

    assert set(in_use(gather, read_indexes=True)) == {digest(1), digest(10)}  # the other one is not in use


def test_use_does_not_spread_from_index_to_index() -> None:
    """Two indexes share an image. The images of one index only are not in use through the other."""
    day = datetime(2026, 1, 1, tzinfo=timezone.utc)
    children = [Image(digest=digest(number), pushed_at=day) for number in (1, 2, 3)]
    one = Image(digest=digest(10), pushed_at=day, referenced_digests=[digest(1), digest(2)])
    other = Image(digest=digest(11), pushed_at=day, referenced_digests=[digest(2), digest(3)])
    use = ImageUsage(
        registry=Place(account_id=ACCOUNT, region=REGION),
        repository="prod/api",
        digest=digest(10),
        user="service prod/payments",
    )

    for images in ([*children, one, other], [other, one, *children]):
        assert set(users_by_digest([use], images)) == {digest(1), digest(2), digest(10)}
