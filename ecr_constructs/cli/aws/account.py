"""The repositories of an account in a Region."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from time import monotonic
from typing import Any, TypeVar

from ecr_constructs.cli.aws.deployed_templates import template_usage
from ecr_constructs.cli.aws.errors import (
    REPOSITORY_NOT_FOUND,
    AccountUnavailable,
    CallFailed,
    failure_messages,
    raise_as_unavailable,
)
from ecr_constructs.cli.aws.image_usage import (
    ANY_REPOSITORY,
    ImageUsage,
    external_usage,
    users_by_digest,
)
from ecr_constructs.cli.aws.images import NO_IMAGE, ImageCounter, digest_of, list_images, read_indexes
from ecr_constructs.cli.aws.images_in_use import ecs_usage, inspector_usage
from ecr_constructs.cli.aws.lifecycle_policy_preview import (
    TIMEOUT,
    Deadline,
    await_preview,
    deployed_policy,
    start_preview,
)
from ecr_constructs.cli.aws.readings import MemoryReadings, Readings
from ecr_constructs.cli.aws.restore import ArchivedImage, restore_images
from ecr_constructs.cli.aws.scan_findings import ScanFindings, scan_findings
from ecr_constructs.cli.aws.session import DeferredSession, Service, Session, open_session
from ecr_constructs.cli.aws.thread_pool import ThreadPool, thread_pool
from ecr_constructs.cli.aws.workloads import app_runner_usage, batch_usage, lambda_usage
from ecr_constructs.cli.progress import Progress
from ecr_constructs.cli.sources.kubernetes import RunningImage
from ecr_constructs.cli.sources.manifests import with_manifests
from ecr_constructs.cli.sources.policies import parse_policy
from ecr_constructs.cli.sources.records import AwsDecision, Place, Repository, immutability_of
from ecr_constructs.cli.sources.template_images import is_asset_repository
from ecr_constructs.model.images import Image, images_of_details
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy

__all__ = ["Account", "FetchOptions", "FetchResult", "connect"]

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchOptions:
    """
    The data that is read about repositories, in addition to their images.

    Attributes:
        aws_preview: ECR's preview of the policies, for `Repository.aws_preview`. A policy without rules has none.
        current: The deployed policies, for `Repository.deployed`.
        in_use: The usage of images, for `Repository.in_use`.
        read_indexes: The images of each image index. ECR records a pull of the index.
        running: Images that workloads outside of the account run, for `Repository.in_use`.

    """

    aws_preview: bool
    current: bool
    in_use: bool
    read_indexes: bool
    running: tuple[RunningImage, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchResult:
    """
    The data that was read.

    Attributes:
        names: The repositories whose images are known, in the order of the request.
        load: The function that returns one of them, without the usage of its images.
        usage: The usage of images of all registries by the workloads of the account. None if it was not read.
        problems: The reasons why data could not be read, each with the fix.
        notes: Data that is missing because the account does not have it, such as that of Amazon Inspector.

    """

    names: tuple[str, ...]
    load: Callable[[str], Repository]
    usage: tuple[ImageUsage, ...] | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def repository(self, name: str, usage: Iterable[ImageUsage]) -> Repository:
        """
        Return a repository with its images and their usage.

        Args:
            name: The name of the repository.
            usage: The usage of its images. It has no effect if usage was not read.

        """
        repository = self.load(name)
        if self.usage is None:
            return repository
        return replace(repository, in_use=users_by_digest(usage, repository.images))


class Account:
    """
    An account in a Region; `connect` returns one.

    Args:
        session: Credentials and a Region.
        readings: The stored responses. Default: none, and responses are stored in memory.

    Attributes:
        account_id: The account ID.
        region: The Region.

    """

    def __init__(self, session: Session | DeferredSession, readings: Readings | None = None) -> None:
        self._session = session
        self._readings = readings or MemoryReadings()
        self.account_id = session.account_id
        self.region = session.region

    @property
    def place(self) -> Place:
        """The account and the Region, which have one private registry."""
        return Place(account_id=self.account_id, region=self.region)

    def renew(self) -> None:
        """Renew the credentials of a role before the next call."""
        if isinstance(self._session, DeferredSession):
            self._session.renew()

    def immutability(self) -> dict[str, Immutability | None]:
        """
        Return the immutability of all repositories by name, each None if it is not known.

        Raises:
            AccountUnavailable: If they cannot be listed.

        """
        return {each["repositoryName"]: _immutability(each) for each in self._repositories()}

    def deployed_policies(
        self, names: Sequence[str], *, progress: Progress
    ) -> tuple[dict[str, LifecyclePolicy], tuple[str, ...]]:
        """
        Return the deployed policies of repositories, and a problem for each that cannot be read.

        Args:
            names: The names of the repositories. One without a policy has a policy without rules.
            progress: The display of progress.

        Raises:
            AccountUnavailable: If nothing more can be read.

        """
        found, failures = self._read_each("deployed policies", names, self._deployed, progress)
        return found, failure_messages(failures)

    def with_resource_tags(
        self, names: Sequence[str], wanted: Sequence[str], *, progress: Progress
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """
        Return the repositories that have all of some resource tags, and a problem for each whose tags cannot be read.

        Args:
            names: The names of the repositories.
            wanted: The tags, each as `Key=Value`, or `Key` for any value.
            progress: The display of progress.

        Raises:
            AccountUnavailable: If nothing more can be read.

        """
        with raise_as_unavailable(), thread_pool(progress) as pool:
            pool.add_steps(len(names))
            ecr = self._session.service("ecr")
            arns = {each["repositoryName"]: each.get("repositoryArn", "") for each in self._repositories()}

            def read(name: str) -> dict[str, str]:
                found: dict[str, str] = self._readings.obtain("tags", name, lambda: _resource_tags(ecr, arns[name]))
                return found

            tags = pool.each("resource tags", names, read)
        found = tuple(name for name in tags if all(_has_tag(tags[name], each) for each in wanted))
        return found, failure_messages(pool.failures)

    def digests(
        self, images: Sequence[str], *, progress: Progress
    ) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
        """
        Return the digest of each image, the images that do not exist, and a problem for each that cannot be read.

        Args:
            images: The images, each as `repository:tag`.
            progress: The display of progress.

        Raises:
            AccountUnavailable: If nothing more can be read.

        """
        found, failures = self._read_each("digests", images, digest_of, progress)
        absent = tuple(image for image, failed in failures if failed.code in NO_IMAGE)
        others = [(image, failed) for image, failed in failures if failed.code not in NO_IMAGE]
        return found, absent, failure_messages(others)

    def scan_findings(
        self, digests: Mapping[str, Sequence[str]], *, progress: Progress
    ) -> tuple[dict[str, ScanFindings], tuple[str, ...]]:
        """
        Return the findings of the scans of images by repository, and a problem for each that cannot be read.

        Args:
            digests: The digests of images by the name of their repository.
            progress: The display of progress.

        Raises:
            AccountUnavailable: If nothing more can be read.

        """

        def read(ecr: Service, name: str) -> ScanFindings:
            return scan_findings(ecr, name, digests[name])

        found, failures = self._read_each("scan findings", digests, read, progress)
        return found, failure_messages(failures)

    def restore(self, images: Sequence[ArchivedImage]) -> tuple[str, ...]:
        """
        Restore archived images, and return a problem for each that cannot be restored.

        Args:
            images: The images.

        """
        with raise_as_unavailable():
            return restore_images(self._session.service("ecr"), images)

    def repositories(
        self,
        policies: Mapping[str, LifecyclePolicy | None],
        options: FetchOptions,
        *,
        progress: Progress,
    ) -> FetchResult:
        """
        Read repositories in parallel. Responses are stored, and images are not held in memory.

        A failure for one repository is a problem in the result, and the others are read.

        Args:
            policies: The names, each with the policy for ECR's preview, if there is one.
            options: What is read.
            progress: The display of progress.

        Raises:
            AccountUnavailable: If nothing more can be read, such as with expired credentials.

        """
        previewed = policies if options.aws_preview else {}
        texts = {name: policy.to_json() for name, policy in previewed.items() if policy and policy.rules}
        with raise_as_unavailable(), thread_pool(progress) as pool:
            listed = self._fetch(pool, policies, texts, options, progress)
            usage, notes = self._usage(pool, policies) if options.in_use else ([], [])
        running = (
            # The registry of a hash in a template is not known: it can be that of every account.
            replace(each, registry=self.place)
            for each in external_usage(options.running)
            if each.registry == self.place or each.repository == ANY_REPOSITORY
        )
        deleted = {name for name, failed in pool.failures if failed.code == REPOSITORY_NOT_FOUND}
        return FetchResult(
            names=tuple(name for name in policies if name in listed and name not in deleted),
            load=lambda name: self._load(name, texts.get(name), options),
            usage=(*usage, *running) if options.in_use or options.running else None,
            problems=failure_messages(pool.failures),
            notes=tuple(notes),
        )

    def _fetch(
        self,
        pool: ThreadPool,
        policies: Mapping[str, LifecyclePolicy | None],
        texts: Mapping[str, str],
        options: FetchOptions,
        progress: Progress,
    ) -> Iterable[str]:
        """Read the missing answers, and return the repositories whose images are known."""
        ecr, counter = self._session.service("ecr"), ImageCounter(progress)
        passes = options.current + options.read_indexes
        pool.add_steps(2 * len(texts) + (1 + passes) * len(policies))
        started = pool.each("ECR's previews", texts, lambda name: self._start_preview(ecr, name, texts[name]))
        listed = pool.each("images", policies, lambda name: self._list_images(ecr, name, counter))
        pool.add_steps(len(started) - len(texts) + passes * (len(listed) - len(policies)))
        if options.current:
            pool.each("deployed policies", listed, lambda name: self._deployed(ecr, name))
        deadline = Deadline(until=monotonic() + TIMEOUT, stopped=pool.stopped)
        pool.each("ECR's previews", started, lambda name: self._await_preview(ecr, name, texts[name], deadline))
        if options.read_indexes:  # last, because it changes the pull times that ECR's preview uses
            pool.each("image indexes", listed, lambda name: self._read_indexes(ecr, name))
        return listed

    def _load(self, name: str, text: str | None, options: FetchOptions) -> Repository:
        """Return a repository from the answers that are kept. `text` is the policy of ECR's preview."""
        deployed = self._readings.find(_DEPLOYED, name) if options.current else None
        preview = None if text is None else self._preview(name, text)
        repository = Repository(
            name=name,
            images=self._images(name),
            deployed=None if deployed is None else _policy_of_text(deployed),
            aws_preview=None if preview is None else tuple(AwsDecision(**each) for each in preview),
        )
        referenced = self._readings.find(_INDEXES, name) if options.read_indexes else None
        return with_manifests(repository, referenced) if referenced else repository

    def _repositories(self) -> list[dict[str, Any]]:
        def read() -> list[dict[str, Any]]:
            pages = self._session.service("ecr").pages("DescribeRepositories", {"maxResults": _REPOSITORIES_A_PAGE})
            return [_without_times(each) for page in pages for each in page["repositories"]]

        with raise_as_unavailable():
            found: list[dict[str, Any]] = self._readings.obtain("repositories", "", read)
        return found

    def _list_images(self, ecr: Service, name: str, counter: ImageCounter) -> None:
        self._readings.obtain(_IMAGES, name, lambda: list_images(ecr, name, counter=counter))

    def _images(self, name: str) -> tuple[Image, ...]:
        details = self._readings.find(_IMAGES, name)
        if details is None:
            raise AccountUnavailable(
                [f"{name}: the images that were read are missing in the folder; repeat the command"]
            )
        return tuple(images_of_details(details))

    def _read_each(
        self,
        description: str,
        subjects: Collection[str],
        read: Callable[[Service, str], Result],
        progress: Progress,
    ) -> tuple[dict[str, Result], list[tuple[str, CallFailed]]]:
        """Return the answer of Amazon ECR for each subject, and the subjects that cannot be read."""
        with raise_as_unavailable(), thread_pool(progress) as pool:
            pool.add_steps(len(subjects))
            ecr = self._session.service("ecr")
            return pool.each(description, subjects, lambda subject: read(ecr, subject)), pool.failures

    def _deployed(self, ecr: Service, name: str) -> LifecyclePolicy:
        return _policy_of_text(self._readings.obtain(_DEPLOYED, name, lambda: deployed_policy(ecr, name).to_json()))

    def _read_indexes(self, ecr: Service, name: str) -> None:
        self._readings.obtain(_INDEXES, name, lambda: read_indexes(ecr, name, self._images(name)))

    def _start_preview(self, ecr: Service, name: str, text: str) -> None:
        if self._preview(name, text) is None:
            start_preview(ecr, name, text)

    def _await_preview(self, ecr: Service, name: str, text: str, deadline: Deadline) -> None:
        if self._preview(name, text) is None:
            decisions = [asdict(each) for each in await_preview(ecr, name, text, deadline=deadline)]
            self._readings.keep(_PREVIEW, name, {"policy": text, "decisions": decisions})

    def _preview(self, name: str, text: str) -> list[dict[str, Any]] | None:
        """Return the decisions of ECR's preview of a policy, if they are kept."""
        kept = self._readings.find(_PREVIEW, name)
        return kept["decisions"] if kept and kept["policy"] == text else None

    def _usage(self, pool: ThreadPool, repositories: Iterable[str]) -> tuple[list[ImageUsage], list[str]]:
        """Return the images that workloads of the account run, and a note on each service without data."""
        usage: list[ImageUsage] = []
        notes: list[str] = []
        service = self._session.service
        # The codes of a service that the account does not use, and no code where a Region does not have the service.
        sources: tuple[tuple[str, frozenset[str], Callable[[], Iterable[ImageUsage]]], ...] = (
            ("Amazon ECS", frozenset(), lambda: ecs_usage(service("ecs"), pool)),
            ("AWS Lambda", frozenset(), lambda: lambda_usage(service("lambda"), pool)),
            ("AWS App Runner", frozenset({""}), lambda: app_runner_usage(service("apprunner"), pool)),
            ("AWS Batch", frozenset(), lambda: batch_usage(service("batch"))),
            ("Amazon Inspector", _NO_INSPECTOR, lambda: inspector_usage(service("inspector2"), self.account_id)),
        )
        # Templates name image assets by their hashes. Other repositories need none of these calls.
        if any(map(is_asset_repository, repositories)):
            read_templates = partial(template_usage, service("cloudformation"), pool, self.place)
            sources += (("AWS CloudFormation", frozenset(), read_templates),)
        for name, absent, read in sources:
            failed = self._add_usage(usage, name, pool, read)
            if failed and failed.code in absent:
                notes.append(f"{name} does not report images in use: {failed}")
            elif failed:
                pool.failures.append((name, failed))
        return usage, notes

    def _add_usage(
        self, usage: list[ImageUsage], name: str, pool: ThreadPool, read: Callable[[], Iterable[ImageUsage]]
    ) -> CallFailed | None:
        """Add the usage that a service reports, and return the failure if it cannot be called."""
        if (kept := self._readings.find(_USAGE, name)) is not None:
            usage += [ImageUsage(**{**each, "registry": Place(**each["registry"])}) for each in kept]
            return None
        failures = len(pool.failures)
        try:
            found = list(read())
        except CallFailed as failed:
            return failed
        if len(pool.failures) == failures:  # it is complete
            self._readings.keep(_USAGE, name, [asdict(each) for each in found])
        usage += found
        return None


def connect(*, profile: str | None, region: str | None, role: str | None) -> Account:
    """
    Return an account in a Region.

    Args:
        profile: A profile of the AWS configuration. Default: that of the environment.
        region: The Region. Default: that of the environment or the profile.
        role: The ARN of a role to assume. Default: none.

    Raises:
        AccountUnavailable: If there are no credentials or no Region, or if AWS rejects the credentials.

    """
    return Account(open_session(profile=profile, region=region, role=role))


# The kinds of answers.
_IMAGES, _DEPLOYED, _INDEXES, _PREVIEW, _USAGE = "images", "deployed", "indexes", "previews", "usage"
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html
_REPOSITORIES_A_PAGE = 1_000
# The code in an account that does not use Inspector, and no code where its endpoint cannot be reached.
_NO_INSPECTOR = frozenset({"AccessDeniedException", ""})


def _resource_tags(ecr: Service, arn: str) -> dict[str, str]:
    answer = ecr.call("ListTagsForResource", {"resourceArn": arn})
    return {tag["Key"]: tag["Value"] for tag in answer.get("tags", ())}


def _has_tag(tags: Mapping[str, str], wanted: str) -> bool:
    key, separator, value = wanted.partition("=")
    return key in tags and (not separator or tags[key] == value)


def _immutability(repository: Mapping[str, Any]) -> Immutability | None:
    filters = [each["filter"] for each in repository.get("imageTagMutabilityExclusionFilters", ())]
    return immutability_of(repository.get("imageTagMutability", ""), filters)


def _policy_of_text(text: str) -> LifecyclePolicy:
    return LifecyclePolicy.none() if text == LifecyclePolicy.none().to_json() else parse_policy(text)


def _without_times(repository: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a repository that are used, as JSON."""
    return {key: repository[key] for key in _MEMBERS if key in repository}


_MEMBERS = ("repositoryName", "repositoryArn", "imageTagMutability", "imageTagMutabilityExclusionFilters")
