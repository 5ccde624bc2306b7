"""The images in use, in files: the workloads in the output of `kubectl get ... -o json`, and deployed templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.json_files import read_json_documents
from ecr_constructs.cli.sources.template_images import names_of_images
from ecr_constructs.model.template_syntax import mapping, mappings

__all__ = ["RunningImage", "read_running_images"]

# The pod specification in a workload: that of a Pod, of a Deployment or Job, and of a CronJob.
_POD_SPECS = (("spec",), ("spec", "template", "spec"), ("spec", "jobTemplate", "spec", "template", "spec"))
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
# https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase
_ENDED = ("Succeeded", "Failed")


class RunningImage(NamedTuple):
    """
    An image that a workload runs.

    Attributes:
        reference: The reference, with its registry.
        user: The workload, such as `pod prod/api-5d4f`.

    """

    reference: str
    user: str


def read_running_images(sources: Iterable[str]) -> tuple[RunningImage, ...]:
    """
    Return the images of workloads.

    Args:
        sources: Files with the output of `kubectl get pods -A -o json`, or with CloudFormation templates, also as
            `aws cloudformation get-template` prints them, folders of them, or `-`. Other workloads with pods, such as
            deployments and cron jobs, are read too.

    Raises:
        CommandError: If a document has neither workloads of Kubernetes nor a template.

    """
    return tuple(
        image
        for source in sources
        for document in read_json_documents(source)
        for image in _of_document(document.document, document.where)
    )


def _of_document(document: object, where: str) -> Iterator[RunningImage]:
    found = mapping(document)
    template = found.get("TemplateBody", found)
    if isinstance(template, str) or isinstance(mapping(template).get("Resources"), Mapping):
        yield from (RunningImage(name, f"template {where}") for name in names_of_images(template))
        return
    items = found.get("items") if "items" in found else [document] if "kind" in found else None
    if not isinstance(items, list):
        message = (
            "no workloads of Kubernetes in it, and no template; give the output of 'kubectl get pods -A -o json' or of "
            "'aws cloudformation get-template'"
        )
        raise CommandError([message], path=where)
    for item in map(mapping, items):
        if mapping(item.get("status")).get("phase") not in _ENDED:
            metadata = mapping(item.get("metadata"))
            name = f"{metadata.get('namespace', 'default')}/{metadata.get('name')}"
            user = f"{str(item.get('kind', 'Pod')).lower()} {name}"
            yield from (RunningImage(reference, user) for reference in _references(item))


def _references(item: Mapping[str, Any]) -> Iterator[str]:
    """Yield the image of each container, with the running digest if it is known."""
    status = mapping(item.get("status"))
    running = {each.get("name"): each.get("imageID") for key in _STATUSES for each in mappings(status.get(key))}
    for path in _POD_SPECS:
        spec: Any = item
        for key in path:
            spec = mapping(spec).get(key)
        for container in (each for key in _CONTAINERS for each in mappings(mapping(spec).get(key))):
            # A container that has not started has no imageID. A runtime can report a digest without its repository.
            identifier = str(running.get(container.get("name")) or "").partition("://")
            pulled = identifier[2] or identifier[0]
            yield pulled if "@" in pulled else str(container.get("image", ""))
