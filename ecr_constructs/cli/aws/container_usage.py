"""The images that services and tasks of Amazon ECS run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ecr_constructs.cli.aws.errors import CallFailed
from ecr_constructs.cli.aws.images_in_use import ImageUsage
from ecr_constructs.cli.aws.session import Service
from ecr_constructs.cli.aws.thread_pool import Workers
from ecr_constructs.errors import InvalidName
from ecr_constructs.model.references import ImageReference

__all__ = ["RegistryHost", "running_images"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryHost:
    """
    The registry of an account in a region.

    Attributes:
        account_id: Whose it is.
        region: Where it is.

    """

    account_id: str
    region: str

    def image(self, text: str) -> ImageReference | None:
        """Take a reference apart, if it is to an image of this registry."""
        try:
            image = ImageReference.parse(text)
        except InvalidName:
            return None  # whatever it is, it is not of ECR
        host = rf"{self.account_id}\.dkr[.-]ecr(-fips)?\.{self.region}\..+"
        return image if image.registry is not None and re.fullmatch(host, image.registry) else None


def running_images(ecs: Service, workers: Workers, registry: RegistryHost) -> tuple[ImageUsage, ...]:
    """
    Find the images of a registry that Amazon ECS runs, in the same account and region.

    A service counts with the task definition of each of its deployments, also while it is scaled to zero: it will need
    the image again. Running tasks count too, those of services and others: a tag may have moved since they started,
    and they run the image that it was.

    Args:
        ecs: Amazon ECS.
        workers: Who asks about many clusters and task definitions at a time, and keeps what fails.
        registry: The registry.

    """
    workers.expect(1)
    listed = workers.each("clusters of Amazon ECS", ["Amazon ECS"], lambda _: _clusters(ecs))
    clusters = [cluster for found in listed.values() for cluster in found]
    workers.expect(2 * len(clusters))
    tasks = workers.each("tasks of Amazon ECS", clusters, lambda cluster: _tasks(ecs, cluster))
    services = workers.each("services of Amazon ECS", clusters, lambda cluster: _services(ecs, cluster))
    users: dict[str, set[str]] = {}
    for service in (service for found in services.values() for service in found):
        for task_definition in _task_definitions(service):
            users.setdefault(task_definition, set()).add(f"service {_cluster(service)}/{service['serviceName']}")
    workers.expect(len(users))
    images = workers.each("task definitions of Amazon ECS", users, lambda arn: _images(ecs, arn))
    return (
        *(use for found in tasks.values() for task in found for use in _uses_of_task(task, registry)),
        *(use for arn, texts in images.items() for name in users[arn] for use in _uses(texts, registry, name)),
    )


# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html, API_DescribeServices.html
_ARNS_A_PAGE = 100
_SERVICES_A_CALL = 10


def _clusters(ecs: Service) -> list[str]:
    return [arn for page in ecs.pages("ListClusters", {"maxResults": _ARNS_A_PAGE}) for arn in page["clusterArns"]]


def _services(ecs: Service, cluster: str) -> list[dict[str, Any]]:
    arns = _listed(ecs, "ListServices", cluster, "serviceArns")
    services: list[dict[str, Any]] = []
    for start in range(0, len(arns), _SERVICES_A_CALL):
        request = {"cluster": cluster, "services": arns[start : start + _SERVICES_A_CALL]}
        services += ecs.call("DescribeServices", request)["services"]
    return [service for service in services if service["status"] != "INACTIVE"]


def _tasks(ecs: Service, cluster: str) -> list[dict[str, Any]]:
    arns = _listed(ecs, "ListTasks", cluster, "taskArns")
    tasks: list[dict[str, Any]] = []
    for start in range(0, len(arns), _ARNS_A_PAGE):
        request = {"cluster": cluster, "tasks": arns[start : start + _ARNS_A_PAGE]}
        tasks += ecs.call("DescribeTasks", request)["tasks"]
    return tasks


def _listed(ecs: Service, operation: str, cluster: str, member: str) -> list[str]:
    request = {"cluster": cluster, "maxResults": _ARNS_A_PAGE}
    try:
        return [arn for page in ecs.pages(operation, request) for arn in page[member]]
    except CallFailed as failed:
        if failed.code == "ClusterNotFoundException":  # deleted meanwhile, so nothing runs there
            return []
        raise


def _task_definitions(service: Mapping[str, Any]) -> set[str]:
    """Give what runs for a service; while it is being deployed that is more than one thing."""
    deployments = (one for one in service.get("deployments", ()) if one.get("status") != "INACTIVE")
    places = (service, *deployments, *service.get("taskSets", ()))
    return {place["taskDefinition"] for place in places if place.get("taskDefinition")}


def _cluster(owned: Mapping[str, Any]) -> str:
    return str(owned["clusterArn"]).rpartition("/")[2]


def _images(ecs: Service, task_definition: str) -> list[str]:
    answer = ecs.call("DescribeTaskDefinition", {"taskDefinition": task_definition})
    return [container["image"] for container in answer["taskDefinition"]["containerDefinitions"]]


def _uses(texts: Iterable[str], registry: RegistryHost, by: str) -> Iterator[ImageUsage]:
    for text in texts:
        if image := registry.image(text):
            yield ImageUsage(repository=image.repository, digest=image.digest, tag=image.tag, by=by)


def _uses_of_task(task: Mapping[str, Any], registry: RegistryHost) -> Iterator[ImageUsage]:
    kind, _, service = task.get("group", "").partition(":")
    what = f"service {_cluster(task)}/{service}" if kind == "service" else f"task {_cluster(task)}/{_family(task)}"
    for container in task["containers"]:
        image = registry.image(container.get("image", ""))
        if image and "imageDigest" in container:  # not before it has been pulled
            yield ImageUsage(repository=image.repository, digest=container["imageDigest"], by=what)


def _family(task: Mapping[str, Any]) -> str:
    return str(task["taskDefinitionArn"]).rpartition("/")[2]
