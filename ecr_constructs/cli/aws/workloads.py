"""The images of AWS Lambda functions, App Runner services and AWS Batch job definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ecr_constructs.cli.aws.errors import CallFailed
from ecr_constructs.cli.aws.image_usage import ImageUsage, parse_image, usage_of
from ecr_constructs.cli.aws.session import Service
from ecr_constructs.cli.aws.thread_pool import ThreadPool

__all__ = ["app_runner_usage", "batch_usage", "lambda_usage"]

# https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html: "Lambda returns a maximum of 50 items".
_FUNCTIONS_A_PAGE = 50
# https://docs.aws.amazon.com/apprunner/latest/api/API_ListServices.html
_SERVICES_A_PAGE = 20
# https://docs.aws.amazon.com/batch/latest/APIReference/API_DescribeJobDefinitions.html
_DEFINITIONS_A_PAGE = 100


def lambda_usage(service: Service, pool: ThreadPool) -> tuple[ImageUsage, ...]:
    """
    Return the images that functions of AWS Lambda use in an account and Region.

    Each published version counts, with the digest that Lambda resolved its tag to. AWS on an image that is deleted: "If
    the corresponding container image no longer exists on Amazon ECR [...], the function enters the Failed state".
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-images.html

    Args:
        service: AWS Lambda.
        pool: The threads for the calls. It collects failures.

    """
    pool.add_steps(1)
    listed = pool.each("functions of AWS Lambda", ["AWS Lambda"], lambda _: list(_functions(service)))
    functions = {f"{each['FunctionName']}:{each['Version']}": each for found in listed.values() for each in found}
    pool.add_steps(len(functions))
    images = pool.each("functions of AWS Lambda", functions, lambda name: _code(service, functions[name]))
    return tuple(
        usage
        for name, texts in images.items()
        for usage in usage_of(texts, f"function {name.removesuffix(':$LATEST')}")
    )


def app_runner_usage(service: Service, pool: ThreadPool) -> tuple[ImageUsage, ...]:
    """
    Return the images that services of AWS App Runner use in an account and Region.

    Args:
        service: AWS App Runner.
        pool: The threads for the calls. It collects failures.

    Raises:
        CallFailed: If the services cannot be listed.

    """
    request: dict[str, object] = {"MaxResults": _SERVICES_A_PAGE}
    pages = service.pages("ListServices", request, token="NextToken")  # noqa: S106  (the name of a member)
    arns = [each["ServiceArn"] for page in pages for each in page["ServiceSummaryList"]]
    pool.add_steps(len(arns))
    found = pool.each("services of AWS App Runner", arns, lambda arn: _source(service, arn))
    return tuple(usage for arn, text in found.items() for usage in usage_of([text], f"service {arn.split('/')[1]}"))


def batch_usage(service: Service) -> tuple[ImageUsage, ...]:
    """
    Return the images in the job definitions of AWS Batch of an account and Region.

    The latest active revision of each job definition counts, which jobs use by default. Jobs that run with another
    revision are tasks of Amazon ECS or pods of Amazon EKS.

    Args:
        service: AWS Batch.

    Raises:
        CallFailed: If the job definitions cannot be listed.

    """
    latest: dict[str, Mapping[str, Any]] = {}
    request = {"status": "ACTIVE", "maxResults": _DEFINITIONS_A_PAGE}
    for page in service.pages("DescribeJobDefinitions", request):
        for each in page["jobDefinitions"]:
            name = each["jobDefinitionName"]
            if name not in latest or each["revision"] > latest[name]["revision"]:
                latest[name] = each
    return tuple(
        usage
        for name, each in latest.items()
        for usage in usage_of(_job_images(each), f"job definition {name}:{each['revision']}")
    )


def _functions(service: Service) -> Iterator[dict[str, Any]]:
    request = {"FunctionVersion": "ALL", "MaxItems": _FUNCTIONS_A_PAGE}
    for page in service.pages("ListFunctions", request, token="NextMarker", parameter="Marker"):  # noqa: S106  (the name of a member)
        yield from (each for each in page["Functions"] if each.get("PackageType") == "Image")


def _code(service: Service, function: Mapping[str, Any]) -> list[str]:
    """Return the image of a function with the digest that its tag was resolved to, or as it was given."""
    request = {"FunctionName": function["FunctionName"], "Qualifier": function["Version"]}
    try:
        code = service.call("GetFunction", request)["Code"]
    except CallFailed as failed:
        if failed.code == "ResourceNotFoundException":  # deleted since the functions were listed
            return []
        raise
    texts = [str(code.get(member, "")) for member in ("ResolvedImageUri", "ImageUri")]
    return [text for text in texts if parse_image(text)][:1]


def _source(service: Service, arn: str) -> str:
    configuration = service.call("DescribeService", {"ServiceArn": arn})["Service"]["SourceConfiguration"]
    return str(configuration.get("ImageRepository", {}).get("ImageIdentifier", ""))


def _job_images(value: object) -> Iterator[str]:
    """Yield every image of a job definition: of its container, its nodes, its tasks or its pods."""
    if isinstance(value, Mapping):
        if isinstance(image := value.get("image"), str):
            yield image
        for each in value.values():
            yield from _job_images(each)
    elif isinstance(value, list):
        for each in value:
            yield from _job_images(each)
