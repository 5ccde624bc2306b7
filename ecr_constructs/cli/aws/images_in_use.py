"""
The images in use that Amazon ECS and Amazon Inspector report.

One list of Amazon Inspector has the images in use of a whole registry. `DescribeImageScanFindings` of ECR has the same
counts, but needs a call for each image, and returns them only with a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ecr_constructs.cli.aws.errors import CallFailed
from ecr_constructs.cli.aws.image_usage import ImageUsage, parse_image, usage_of
from ecr_constructs.cli.aws.session import Service
from ecr_constructs.cli.aws.thread_pool import ThreadPool
from ecr_constructs.cli.sources.records import Place

__all__ = ["coverage_request", "ecs_usage", "inspector_usage"]


def ecs_usage(ecs: Service, pool: ThreadPool) -> tuple[ImageUsage, ...]:
    """
    Return the images that Amazon ECS runs in an account and Region.

    A service counts with the task definition of each deployment, even if it is scaled to zero and will pull the image
    again. Running tasks count with the digest at their start, because the tag can have been reassigned since.

    Args:
        ecs: Amazon ECS.
        pool: The threads for the calls. It collects failures.

    """
    pool.add_steps(1)
    listed = pool.each("clusters of Amazon ECS", ["Amazon ECS"], lambda _: _clusters(ecs))
    clusters = [cluster for found in listed.values() for cluster in found]
    pool.add_steps(2 * len(clusters))
    tasks = pool.each("tasks of Amazon ECS", clusters, lambda cluster: _tasks(ecs, cluster))
    services = pool.each("services of Amazon ECS", clusters, lambda cluster: _services(ecs, cluster))
    users: dict[str, set[str]] = {}
    for service in (service for found in services.values() for service in found):
        for task_definition in _task_definitions(service):
            users.setdefault(task_definition, set()).add(f"service {_cluster(service)}/{service['serviceName']}")
    pool.add_steps(len(users))
    images = pool.each("task definitions of Amazon ECS", users, lambda arn: _images_of_task(ecs, arn))
    return (
        *(each for found in tasks.values() for task in found for each in _task_usage(task)),
        *(each for arn, texts in images.items() for user in users[arn] for each in usage_of(texts, user)),
    )


# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html, API_DescribeServices.html
_ARNS_A_PAGE = 100
_SERVICES_A_CALL = 10


def _clusters(ecs: Service) -> list[str]:
    return [arn for page in ecs.pages("ListClusters", {"maxResults": _ARNS_A_PAGE}) for arn in page["clusterArns"]]


def _services(ecs: Service, cluster: str) -> list[dict[str, Any]]:
    arns = _arns(ecs, "ListServices", cluster, "serviceArns")
    services: list[dict[str, Any]] = []
    for start in range(0, len(arns), _SERVICES_A_CALL):
        request = {"cluster": cluster, "services": arns[start : start + _SERVICES_A_CALL]}
        services += ecs.call("DescribeServices", request)["services"]
    return [service for service in services if service["status"] != "INACTIVE"]


def _tasks(ecs: Service, cluster: str) -> list[dict[str, Any]]:
    arns = _arns(ecs, "ListTasks", cluster, "taskArns")
    tasks: list[dict[str, Any]] = []
    for start in range(0, len(arns), _ARNS_A_PAGE):
        request = {"cluster": cluster, "tasks": arns[start : start + _ARNS_A_PAGE]}
        tasks += ecs.call("DescribeTasks", request)["tasks"]
    return tasks


def _arns(ecs: Service, operation: str, cluster: str, member: str) -> list[str]:
    request = {"cluster": cluster, "maxResults": _ARNS_A_PAGE}
    try:
        return [arn for page in ecs.pages(operation, request) for arn in page[member]]
    except CallFailed as failed:
        if failed.code == "ClusterNotFoundException":  # deleted since the clusters were listed
            return []
        raise


def _task_definitions(service: Mapping[str, Any]) -> set[str]:
    """Return the task definitions of a service. During a deployment there are several."""
    deployments = (one for one in service.get("deployments", ()) if one.get("status") != "INACTIVE")
    places = (service, *deployments, *service.get("taskSets", ()))
    return {place["taskDefinition"] for place in places if place.get("taskDefinition")}


def _cluster(resource: Mapping[str, Any]) -> str:
    return str(resource["clusterArn"]).rpartition("/")[2]


def _images_of_task(ecs: Service, task_definition: str) -> list[str]:
    answer = ecs.call("DescribeTaskDefinition", {"taskDefinition": task_definition})
    return [container["image"] for container in answer["taskDefinition"]["containerDefinitions"]]


def _task_usage(task: Mapping[str, Any]) -> Iterator[ImageUsage]:
    kind, _, service = task.get("group", "").partition(":")
    user = f"service {_cluster(task)}/{service}" if kind == "service" else f"task {_cluster(task)}/{_family(task)}"
    for container in task["containers"]:
        found = parse_image(container.get("image", ""))
        if found and "imageDigest" in container:  # ECS adds it when the image has been pulled
            registry, image = found
            yield ImageUsage(registry=registry, repository=image.repository, digest=container["imageDigest"], user=user)


def _family(task: Mapping[str, Any]) -> str:
    return str(task["taskDefinitionArn"]).rpartition("/")[2]


def inspector_usage(inspector: Service, account_id: str) -> tuple[ImageUsage, ...]:
    """
    Return the images that Amazon Inspector reports in running tasks of Amazon ECS or pods of Amazon EKS.

    Args:
        inspector: Amazon Inspector.
        account_id: The account of the registry. A delegated administrator sees the images of other accounts too.

    Raises:
        CallFailed: If the call fails, such as in an account that does not use Inspector.

    """
    pages = inspector.pages("ListCoverage", coverage_request(account_id))
    return tuple(each for page in pages for resource in page["coveredResources"] for each in _coverage_usage(resource))


def coverage_request(account_id: str) -> dict[str, object]:
    """
    Return the parameters of `ListCoverage` for the images in use.

    Args:
        account_id: The account of the registry.

    """
    return {
        "maxResults": _IMAGES_A_PAGE,
        "filterCriteria": {
            "resourceType": [{"comparison": "EQUALS", "value": "AWS_ECR_CONTAINER_IMAGE"}],
            "accountId": [{"comparison": "EQUALS", "value": account_id}],
            "ecrImageInUseCount": [{"lowerInclusive": 1}],
        },
    }


# https://docs.aws.amazon.com/inspector/v2/APIReference/API_ListCoverage.html
_IMAGES_A_PAGE = 200
# The ARN of an image has its registry, its repository and its digest.
_IMAGE_ARN = re.compile(
    r":ecr:(?P<region>[^:]+):(?P<account>\d{12}):repository/(?P<repository>.+)/(?P<digest>sha256:[0-9a-f]{64})$"
)


def _coverage_usage(resource: Mapping[str, Any]) -> Iterator[ImageUsage]:
    number = resource.get("resourceMetadata", {}).get("ecrImage", {}).get("inUseCount", 0)
    image = _IMAGE_ARN.search(resource["resourceId"])
    if number and image:
        user = "1 task or pod" if number == 1 else f"{number} tasks or pods"
        user = f"{user} seen by Amazon Inspector"
        registry = Place(account_id=image["account"], region=image["region"])
        yield ImageUsage(registry=registry, repository=image["repository"], digest=image["digest"], user=user)
