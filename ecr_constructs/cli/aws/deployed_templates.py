"""The images that the deployed CloudFormation templates of an account name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecr_constructs.cli.aws.errors import CallFailed
from ecr_constructs.cli.aws.image_usage import ImageUsage, usage_in
from ecr_constructs.cli.aws.session import Service
from ecr_constructs.cli.aws.thread_pool import ThreadPool
from ecr_constructs.cli.sources.records import Place
from ecr_constructs.cli.sources.template_images import names_of_images

__all__ = ["template_usage"]

# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
# A stack in review has no template yet.
_WITHOUT_TEMPLATE = frozenset({"DELETE_COMPLETE", "REVIEW_IN_PROGRESS"})


def template_usage(cloudformation: Service, pool: ThreadPool, registry: Place) -> tuple[ImageUsage, ...]:
    """
    Return the images of a registry that the templates of stacks name, in the same account and Region.

    Args:
        cloudformation: AWS CloudFormation.
        pool: The threads for the calls. It collects failures.
        registry: The registry.

    Raises:
        CallFailed: If the stacks cannot be listed.

    """
    pages = cloudformation.pages("ListStacks", {}, token="NextToken")  # noqa: S106  (the name of a member)
    listed = [stack for page in pages for stack in page["StackSummaries"]]
    stacks = {each["StackId"]: each for each in listed if each["StackStatus"] not in _WITHOUT_TEMPLATE}
    pool.add_steps(len(stacks))
    bodies = pool.each("templates of AWS CloudFormation", stacks, lambda identifier: _body(cloudformation, identifier))
    return tuple(
        usage
        for identifier, body in bodies.items()
        for usage in usage_in(names_of_images(body), f"stack {stacks[identifier]['StackName']}", registry)
    )


def _body(cloudformation: Service, identifier: str) -> Mapping[str, Any] | str:
    try:
        body: Mapping[str, Any] | str = cloudformation.call("GetTemplate", {"StackName": identifier})["TemplateBody"]
    except CallFailed as failed:
        if failed.code == "ValidationError":  # deleted since the stacks were listed
            return ""
        raise
    return body
