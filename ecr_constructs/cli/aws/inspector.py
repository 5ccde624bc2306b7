"""
The images that Amazon Inspector sees running.

Inspector tells of a whole registry in a few pages, asked for the images in use alone. `DescribeImageScanFindings` of
ECR has the same counts, but takes a call for each image, and has them only beside a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ecr_constructs.cli.aws.images_in_use import ImageUsage
from ecr_constructs.cli.aws.session import Service

__all__ = ["inspected"]


def inspected(inspector: Service, *, account_id: str) -> tuple[ImageUsage, ...]:
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


# https://docs.aws.amazon.com/inspector/v2/APIReference/API_ListCoverage.html
_IMAGES_A_PAGE = 200
# The end of the ARN of an image: its repository and its digest.
_IMAGE_ARN = re.compile(r":repository/(?P<repository>.+)/(?P<digest>sha256:[0-9a-f]{64})$")


def _seen(resource: Mapping[str, Any]) -> Iterator[ImageUsage]:
    count = resource.get("resourceMetadata", {}).get("ecrImage", {}).get("inUseCount", 0)
    image = _IMAGE_ARN.search(resource["resourceId"])
    if count and image:
        who = "1 task or pod" if count == 1 else f"{count} tasks or pods"
        yield ImageUsage(repository=image["repository"], digest=image["digest"], by=f"{who} seen by Amazon Inspector")
