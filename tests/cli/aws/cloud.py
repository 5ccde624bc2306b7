"""The content and the behaviour of a test account. `server.py` serves it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from threading import local
from typing import Any

ACCOUNT = "123456789012"
REGION = "eu-central-1"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def arn_of(repository: str) -> str:
    return f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository}"


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def image(number: int, *tags: str, days: float = 0, media_type: str = MANIFEST, **more: Any) -> dict[str, Any]:
    """Return an image as DescribeImages returns it, pushed a number of days ago."""
    pushed = NOW - timedelta(days=days)
    detail = {
        "imageDigest": digest(number),
        "imagePushedAt": pushed.timestamp(),
        "imageSizeInBytes": 1_000 + number,
        "imageStatus": "ACTIVE",
        "imageManifestMediaType": media_type,
    }
    return detail | ({"imageTags": list(tags)} if tags else {}) | more


def results(entries: Iterable[tuple[int, str, int]]) -> list[dict[str, Any]]:
    """Return preview results for images: their number, EXPIRE or TRANSITION, and the priority of the rule."""
    return [
        {
            "imageDigest": digest(number),
            "action": {"type": action},
            "appliedRulePriority": priority,
            "storageClass": "STANDARD",
        }
        for number, action, priority in entries
    ]


class Refusal(Exception):
    """
    An error of AWS.

    Args:
        code: Its code.
        message: Its message.

    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(slots=True)
class Preview:
    """
    AWS's preview of a policy of a repository.

    Attributes:
        results: Its results, with the names of the API.
        statuses: The status at each read, in order. The last one is repeated.
        text: The policy.

    The results are those that a test sets. They do not come from the evaluation of the library.

    """

    results: Sequence[dict[str, Any]] = ()
    statuses: deque[str] = field(default_factory=lambda: deque(["IN_PROGRESS", "COMPLETE"]))
    text: str = "{}"

    @property
    def laid_out(self) -> str:
        """Return the text as ECR returns it, in the layout of ECR."""
        return json.dumps(json.loads(self.text), indent=1)

    def look(self) -> str:
        return self.statuses[0] if len(self.statuses) == 1 else self.statuses.popleft()


@dataclass(slots=True)
class Stored:
    """A repository of the account, with the names of the API."""

    images: list[dict[str, Any]] = field(default_factory=list)
    policy: str | None = None
    mutability: dict[str, Any] = field(default_factory=lambda: {"imageTagMutability": "MUTABLE"})
    tags: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, str] = field(default_factory=dict)
    scans: dict[str, dict[str, Any]] = field(default_factory=dict)
    running: Preview | None = None
    next: Preview = field(default_factory=Preview)

    def add_index(self, number: int, *children: int, tag: str) -> None:
        """Push an index of images that are here."""
        self.images.append(image(number, tag, media_type=INDEX))
        self.manifests[digest(number)] = json.dumps({"manifests": [{"digest": digest(child)} for child in children]})

    def bind(self, mode: str, *filters: str) -> None:
        """Set the tag mutability and its exclusion filters."""
        excluded = [{"filterType": "WILDCARD", "filter": text} for text in filters]
        self.mutability = {"imageTagMutability": mode, "imageTagMutabilityExclusionFilters": excluded}

    def pull(self, digests: Iterable[str]) -> None:
        for detail in self.images:
            if detail["imageDigest"] in digests:
                detail["lastRecordedPullTime"] = NOW.timestamp()

    def start_preview(self, text: str) -> None:
        if self.running is not None and self.running.statuses[0] == "IN_PROGRESS":
            raise Refusal("LifecyclePolicyPreviewInProgressException", "The previous preview has not completed")
        self.running, self.next = self.next, Preview()
        self.running.text = text


@dataclass(slots=True)
class Fault:
    """A response of AWS in place of the expected one."""

    operation: str
    code: str
    message: str
    repository: str | None
    times: float
    place: tuple[str, str] | None = None

    def hits(self, operation: str, repository: str | None, place: tuple[str, str]) -> bool:
        if operation != self.operation or self.repository not in {None, repository} or self.times <= 0:
            return False
        if self.place not in {None, place}:
            return False
        self.times -= 1
        return True


class Cloud:
    """
    The content of the account, and its behavior.

    Attributes:
        url: The address of the server.
        repositories: Its repositories, by name.
        places: The repositories of other accounts and Regions, which otherwise have those of the account.
        organization: The accounts of the organization, with the names of the API.
        place: The account and the Region of the call that is answered.
        covered: The coverage of Amazon Inspector, with the names of the API.
        app_runner: The images of services of AWS App Runner, by name.
        tasks: The tasks of each cluster of Amazon ECS, with the names of the API.
        calls: Every operation that was called, with its repository if it has one.
        before: A function of a test that is called with the operation and the repository before the response.

    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._answering = local()
        self.clear()

    @property
    def place(self) -> tuple[str, str]:
        return getattr(self._answering, "place", (ACCOUNT, REGION))

    @place.setter
    def place(self, place: tuple[str, str]) -> None:
        self._answering.place = place

    @property
    def here(self) -> dict[str, Stored]:
        """The repositories of the account and Region of the call that is answered."""
        return self.places.get(self.place, self.repositories)

    def clear(self) -> None:
        """Remove all content of the account."""
        self.repositories: dict[str, Stored] = {}
        self.places: dict[tuple[str, str], dict[str, Stored]] = {}
        self.organization: list[dict[str, Any]] = []
        self.covered: list[dict[str, Any]] = []
        self.tasks: dict[str, list[dict[str, Any]]] = {}
        self.app_runner: dict[str, str] = {}
        self.calls: list[tuple[str, str | None]] = []
        self.before: Callable[[str, str | None], object] | None = None
        self._faults: list[Fault] = []

    def add(self, name: str, *images: dict[str, Any], policy: str | None = None) -> Stored:
        self.repositories[name] = Stored(images=list(images), policy=policy)
        return self.repositories[name]

    def fail(
        self,
        operation: str,
        code: str,
        message: str = "",
        *,
        repository: str | None = None,
        times: float = float("inf"),
        place: tuple[str, str] | None = None,
    ) -> None:
        """Answer an operation with an error, for all repositories or one, always or a number of times."""
        self._faults.append(Fault(operation, code, message, repository, times, place))

    def deny(self, operation: str, service: str = "ecr", *, repository: str | None = None) -> None:
        message = (
            f"User: arn:aws:sts::{ACCOUNT}:user/moto is not authorized to perform: {service}:{operation} "
            f"because no identity-based policy allows the {service}:{operation} action"
        )
        self.fail(operation, "AccessDeniedException", message, repository=repository)

    def use(self, number: int, *, repository: str, count: int = 1, account: str = ACCOUNT) -> None:
        """Add an image to those that Amazon Inspector reports as in use."""
        arn = f"arn:aws:ecr:{REGION}:{account}:repository/{repository}/{digest(number)}"
        self.covered.append(
            {
                "resourceType": "AWS_ECR_CONTAINER_IMAGE",
                "resourceId": arn,
                "accountId": account,
                "scanType": "PACKAGE",
                "resourceMetadata": {"ecrImage": {"tags": [], "inUseCount": count}},
            }
        )

    def run(self, cluster: str, text: str, number: int | None, *, group: str) -> None:
        """Add a task to Amazon ECS. Without a number, its image is not pulled yet."""
        tasks = self.tasks.setdefault(cluster, [])
        prefix = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
        container = {"image": text} | ({"imageDigest": digest(number)} if number is not None else {})
        tasks.append(
            {
                "taskArn": f"{prefix}:task/{cluster}/{len(tasks):032x}",
                "clusterArn": f"{prefix}:cluster/{cluster}",
                "taskDefinitionArn": f"{prefix}:task-definition/nightly:7",
                "group": group,
                "containers": [container],
            }
        )

    def called(self, operation: str) -> int:
        return sum(name == operation for name, _ in self.calls)

    def receive(self, operation: str, repository: str | None) -> None:
        """Record a call, and raise the error that is set for it."""
        self.calls.append((operation, repository))
        if self.before is not None:
            self.before(operation, repository)
        for fault in self._faults:
            if fault.hits(operation, repository, self.place):
                raise Refusal(fault.code, fault.message)

    def stored(self, name: str) -> Stored:
        if name not in self.here:
            message = f"The repository with name '{name}' does not exist in the registry with id '{ACCOUNT}'"
            raise Refusal("RepositoryNotFoundException", message)
        return self.here[name]
