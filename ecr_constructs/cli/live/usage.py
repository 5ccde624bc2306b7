"""
Who runs images: the services of Amazon ECS by their task definitions, and whatever Amazon Inspector has seen running.

Inspector tells it of a whole registry in a few pages, asked for the images in use alone. ECR's own
`DescribeImageScanFindings` has the same counts, but takes a call for each image and has them only beside a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecr_constructs.cli.live.faults import CallFailed
from ecr_constructs.cli.live.session import Service
from ecr_constructs.cli.live.workers import Workers
from ecr_constructs.errors import InvalidName
from ecr_constructs.model.images import Image
from ecr_constructs.model.references import ImageReference

__all__ = ["Use", "inspected", "marks", "services"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """
    Somebody who runs an image of the registry.

    Attributes:
        repository: What ECR calls the repository.
        tag: The tag of the image, if it is not named by its digest.
        digest: The image itself, if it is.
        by: Who runs it, such as `service prod/payments-api`.

    """

    repository: str
    tag: str | None = None
    digest: str | None = None
    by: str


def services(ecs: Service, workers: Workers, *, account_id: str, region: str) -> tuple[Use, ...]:
    """
    Find the images of a registry that services of Amazon ECS run, in the same account and region.

    A service counts with each of its deployments, and also while it is scaled to zero: it needs the image again.

    Args:
        ecs: Amazon ECS.
        workers: Who asks about many clusters and task definitions at a time, and keeps what fails.
        account_id: Whose registry it is.
        region: Where it is.

    """
    workers.expect(1)
    listed = workers.each("clusters of Amazon ECS", ["Amazon ECS"], lambda _: _clusters(ecs))
    clusters = [cluster for found in listed.values() for cluster in found]
    workers.expect(len(clusters))
    running = workers.each("services of Amazon ECS", clusters, lambda cluster: _services(ecs, cluster))
    users: dict[str, list[str]] = {}
    for service in (service for found in running.values() for service in found):
        for task_definition in _task_definitions(service):
            users.setdefault(task_definition, []).append(_name(service))
    workers.expect(len(users))
    images = workers.each("task definitions of Amazon ECS", users, lambda arn: _image_texts(ecs, arn))
    registry = re.compile(rf"{account_id}\.dkr[.-]ecr(?:-fips)?\.{region}\..+")
    return tuple(
        Use(repository=image.repository, tag=image.tag, digest=image.digest, by=f"service {name}")
        for arn, texts in images.items()
        for image in _images_of(registry, texts)
        for name in users[arn]
    )


def inspected(inspector: Service, *, account_id: str) -> tuple[Use, ...]:
    """
    Find the images of a registry that Amazon Inspector sees in running tasks of Amazon ECS or pods of Amazon EKS.

    Args:
        inspector: Amazon Inspector.
        account_id: Whose registry it is; a delegated administrator sees those of others too.

    Raises:
        CallFailed: if Inspector does not tell, such as in an account that does not use it.

    """
    request = {
        "maxResults": _IMAGES_A_PAGE,
        "filterCriteria": {
            "resourceType": [{"comparison": "EQUALS", "value": "AWS_ECR_CONTAINER_IMAGE"}],
            "accountId": [{"comparison": "EQUALS", "value": account_id}],
            "ecrImageInUseCount": [{"lowerInclusive": 1}],
        },
    }
    pages = inspector.pages("ListCoverage", request)
    return tuple(use for page in pages for resource in page["coveredResources"] for use in _seen(resource))


def marks(uses: Iterable[Use], images: Mapping[str, Sequence[Image]]) -> dict[str, dict[str, tuple[str, ...]]]:
    """
    Say who runs which image, by repository and digest.

    Who runs an index runs one of the images that it names, and nobody knows which: all of them are marked. Who runs an
    image that an index names has pulled it through the index, and will again: the index is marked too.

    Args:
        uses: Who runs what.
        images: All images of each repository.

    """
    by_repository: dict[str, list[Use]] = {}
    for use in uses:
        by_repository.setdefault(use.repository, []).append(use)
    return {name: _marks(found, images[name]) for name, found in by_repository.items() if name in images}


# https://docs.aws.amazon.com/inspector/v2/APIReference/API_ListCoverage.html
_IMAGES_A_PAGE = 200
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html, API_DescribeServices.html
_ARNS_A_PAGE = 100
_SERVICES_A_CALL = 10
# The end of the ARN of an image: its repository and its digest.
_IMAGE_ARN = re.compile(r":repository/(?P<repository>.+)/(?P<digest>sha256:[0-9a-f]{64})$")


def _clusters(ecs: Service) -> list[str]:
    return [arn for page in ecs.pages("ListClusters", {"maxResults": _ARNS_A_PAGE}) for arn in page["clusterArns"]]


def _services(ecs: Service, cluster: str) -> list[dict[str, Any]]:
    request = {"cluster": cluster, "maxResults": _ARNS_A_PAGE}
    services: list[dict[str, Any]] = []
    try:
        arns = [arn for page in ecs.pages("ListServices", request) for arn in page["serviceArns"]]
        for start in range(0, len(arns), _SERVICES_A_CALL):
            some = {"cluster": cluster, "services": arns[start : start + _SERVICES_A_CALL]}
            services += ecs.call("DescribeServices", some)["services"]
    except CallFailed as failed:
        if failed.code != "ClusterNotFoundException":  # deleted meanwhile, and nothing runs there
            raise
    return [service for service in services if service["status"] != "INACTIVE"]


def _task_definitions(service: Mapping[str, Any]) -> set[str]:
    """Give the task definitions that run for a service; while it is being deployed there is more than one."""
    places = (service, *service.get("deployments", ()), *service.get("taskSets", ()))
    return {place["taskDefinition"] for place in places if place.get("taskDefinition")}


def _name(service: Mapping[str, Any]) -> str:
    cluster = service["clusterArn"].rpartition("/")[2]
    return f"{cluster}/{service['serviceName']}"


def _image_texts(ecs: Service, task_definition: str) -> list[str]:
    answer = ecs.call("DescribeTaskDefinition", {"taskDefinition": task_definition})
    return [container["image"] for container in answer["taskDefinition"]["containerDefinitions"]]


def _images_of(registry: re.Pattern[str], texts: Iterable[str]) -> Iterator[ImageReference]:
    for text in texts:
        try:
            image = ImageReference.parse(text)
        except InvalidName:
            continue  # whatever it is, it is not of ECR
        if image.registry is not None and registry.fullmatch(image.registry):
            yield image


def _seen(resource: Mapping[str, Any]) -> Iterator[Use]:
    count = resource.get("resourceMetadata", {}).get("ecrImage", {}).get("inUseCount", 0)
    image = _IMAGE_ARN.search(resource["resourceId"])
    if count and image:
        who = "1 task or pod" if count == 1 else f"{count} tasks or pods"
        yield Use(repository=image["repository"], digest=image["digest"], by=f"{who} seen by Amazon Inspector")


def _marks(uses: Iterable[Use], images: Sequence[Image]) -> dict[str, tuple[str, ...]]:
    by_tag = {tag: image.digest for image in images for tag in image.tags}
    users: dict[str, set[str]] = {image.digest: set() for image in images}
    for use in uses:
        digest = use.digest or by_tag.get(use.tag or "latest")
        if digest in users:
            users[digest].add(use.by)
    own = {digest: frozenset(names) for digest, names in users.items()}
    for index in images:
        for child in index.referenced_digests or ():
            if child in own:
                users[child] |= own[index.digest]
                users[index.digest] |= own[child]
    return {digest: tuple(sorted(names)) for digest, names in users.items() if names}
