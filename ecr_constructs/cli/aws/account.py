"""The repositories of an account in a region."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from ecr_constructs.cli.aws.errors import (
    REPOSITORY_NOT_FOUND,
    AccountUnavailable,
    CallFailed,
    failure_messages,
    raise_as_unavailable,
)
from ecr_constructs.cli.aws.images import NO_IMAGE, ImageCounter, digest_of, list_images, read_indexes
from ecr_constructs.cli.aws.images_in_use import (
    ImageUsage,
    RegistryHost,
    ecs_usage,
    external_usage,
    inspector_usage,
    users_by_image,
)
from ecr_constructs.cli.aws.lifecycle_policy_preview import (
    TIMEOUT,
    Deadline,
    await_preview,
    deployed_policy,
    start_preview,
)
from ecr_constructs.cli.aws.restore import ArchivedImage, restore_images
from ecr_constructs.cli.aws.session import Service, Session, open_session
from ecr_constructs.cli.aws.thread_pool import ThreadPool, thread_pool
from ecr_constructs.cli.aws.workloads import app_runner_usage, batch_usage, lambda_usage
from ecr_constructs.cli.progress import Progress
from ecr_constructs.cli.sources.kubernetes import RunningImage
from ecr_constructs.cli.sources.records import Repository, immutability_of
from ecr_constructs.model.images import Image
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy

__all__ = ["Account", "FetchOptions", "FetchResult", "connect"]


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchOptions:
    """
    The data that is read about repositories, beside their images.

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
        repositories: The repositories whose images are known, in the order of the request.
        problems: Data that is missing because it could not be read, each with the fix.
        notes: Data that is missing because the account does not have it, such as that of Amazon Inspector.

    """

    repositories: tuple[Repository, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Account:
    """
    An account in a region; `connect` returns one.

    Args:
        session: Credentials and a region.

    Attributes:
        account_id: The account id.
        region: The region.

    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.account_id = session.account_id
        self.region = session.region
        self._arns: dict[str, str] = {}

    def immutability(self) -> dict[str, Immutability | None]:
        """
        Return the immutability of all repositories by name, each None if it is not known.

        Raises:
            AccountUnavailable: if they cannot be listed.

        """
        with raise_as_unavailable():
            pages = self._session.service("ecr").pages("DescribeRepositories", {"maxResults": _REPOSITORIES_A_PAGE})
            found = [each for page in pages for each in page["repositories"]]
        self._arns = {each["repositoryName"]: each.get("repositoryArn", "") for each in found}
        return {each["repositoryName"]: _immutability(each) for each in found}

    def deployed_policies(
        self, names: Sequence[str], *, progress: Progress
    ) -> tuple[dict[str, LifecyclePolicy], tuple[str, ...]]:
        """
        Return the deployed policies of repositories, and a problem for each that cannot be read.

        Args:
            names: The names of the repositories. One without a policy has a policy without rules.
            progress: The display of progress.

        Raises:
            AccountUnavailable: if nothing more can be read.

        """
        with raise_as_unavailable(), thread_pool(progress) as pool:
            pool.add_steps(len(names))
            ecr = self._session.service("ecr")
            found = pool.each("deployed policies", names, lambda name: deployed_policy(ecr, name))
        return found, failure_messages(pool.failures)

    def with_resource_tags(self, names: Sequence[str], wanted: Sequence[str], *, progress: Progress) -> tuple[str, ...]:
        """
        Return the repositories that have all of some resource tags.

        Args:
            names: The names of the repositories.
            wanted: The tags, each as `Key=Value`, or `Key` for any value.
            progress: The display of progress.

        Raises:
            AccountUnavailable: if the tags of a repository cannot be read, or if no repository has the tags.

        """
        with raise_as_unavailable(), thread_pool(progress) as pool:
            pool.add_steps(len(names))
            ecr = self._session.service("ecr")
            tags = pool.each("resource tags", names, lambda name: _resource_tags(ecr, self._arns[name]))
        if pool.failures:  # a repository whose tags are not known would not be previewed
            raise AccountUnavailable(failure_messages(pool.failures))
        found = tuple(name for name in names if all(_has_tag(tags[name], each) for each in wanted))
        if not found:
            message = "no repository has the resource tag; correct it, or remove the option"
            raise AccountUnavailable([message], path=f"--resource-tag {' '.join(wanted)}")
        return found

    def digests(
        self, images: Sequence[str], *, progress: Progress
    ) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
        """
        Return the digest of each image, the images that do not exist, and a problem for each that cannot be read.

        Args:
            images: The images, each as `repository:tag`.
            progress: The display of progress.

        Raises:
            AccountUnavailable: if nothing more can be read.

        """
        with raise_as_unavailable(), thread_pool(progress) as pool:
            pool.add_steps(len(images))
            ecr = self._session.service("ecr")
            found = pool.each("digests", images, lambda image: digest_of(ecr, image))
        absent = tuple(image for image, failed in pool.failures if failed.code in NO_IMAGE)
        failures = [(image, failed) for image, failed in pool.failures if failed.code not in NO_IMAGE]
        return found, absent, failure_messages(failures)

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
        Read repositories, many at a time.

        A failure for one of them is a problem in the result, and the others are read.

        Args:
            policies: The names, each with the policy for ECR's preview, if there is one.
            options: What is read.
            progress: The display of progress.

        Raises:
            AccountUnavailable: if nothing more can be read, such as with expired credentials.

        """
        previewed = policies if options.aws_preview else {}
        texts = {name: policy.to_json() for name, policy in previewed.items() if policy and policy.rules}
        passes = options.current + options.read_indexes
        with raise_as_unavailable(), thread_pool(progress) as pool:
            pool.add_steps(2 * len(texts) + (1 + passes) * len(policies))
            ecr, counter = self._session.service("ecr"), ImageCounter(progress)
            started = pool.each("ECR's previews", texts, lambda name: start_preview(ecr, name, texts[name]))
            images = pool.each("images", policies, lambda name: list_images(ecr, name, counter=counter))
            pool.add_steps(len(started) - len(texts) + passes * (len(images) - len(policies)))
            deployed: dict[str, LifecyclePolicy] = {}
            if options.current:
                deployed = pool.each("deployed policies", images, lambda name: deployed_policy(ecr, name))
            deadline = Deadline(until=monotonic() + TIMEOUT, stopped=pool.stopped)
            previews = pool.each(
                "ECR's previews", started, lambda name: await_preview(ecr, name, texts[name], deadline=deadline)
            )
            if options.read_indexes:  # last, because it changes the pull times that ECR's preview counts from
                images |= pool.each("image indexes", images, lambda name: read_indexes(ecr, name, images[name]))
            users, notes = self._users(pool, images, options)
            deleted = {name for name, failed in pool.failures if failed.code == REPOSITORY_NOT_FOUND}
        repositories = (
            Repository(
                name=name,
                images=images[name],
                in_use=None if users is None else users.get(name, {}),
                deployed=deployed.get(name),
                aws_preview=previews.get(name),
            )
            for name in policies
            if name in images and name not in deleted
        )
        return FetchResult(repositories=tuple(repositories), problems=failure_messages(pool.failures), notes=notes)

    def _users(
        self, pool: ThreadPool, images: Mapping[str, Sequence[Image]], options: FetchOptions
    ) -> tuple[dict[str, dict[str, tuple[str, ...]]] | None, tuple[str, ...]]:
        """Return the workloads that run images, None if they are not read, and notes on services without data."""
        if not options.in_use and not options.running:
            return None, ()
        registry = RegistryHost(account_id=self.account_id, region=self.region)
        usage, notes = self._usage(pool, registry) if options.in_use else ([], [])
        usage += external_usage(options.running, registry)
        return users_by_image(usage, images), tuple(notes)

    def _usage(self, pool: ThreadPool, registry: RegistryHost) -> tuple[list[ImageUsage], list[str]]:
        """Return the workloads of the account that run images, and a note on each service without data."""
        usage: list[ImageUsage] = []
        notes: list[str] = []
        service = self._session.service
        # The codes of a service that the account does not use, and no code where a region does not have the service.
        sources: tuple[tuple[str, frozenset[str], Callable[[], Iterable[ImageUsage]]], ...] = (
            ("Amazon ECS", frozenset(), lambda: ecs_usage(service("ecs"), pool, registry)),
            ("AWS Lambda", frozenset(), lambda: lambda_usage(service("lambda"), pool, registry)),
            ("AWS App Runner", frozenset({""}), lambda: app_runner_usage(service("apprunner"), pool, registry)),
            ("AWS Batch", frozenset(), lambda: batch_usage(service("batch"), registry)),
            ("Amazon Inspector", _NO_INSPECTOR, lambda: inspector_usage(service("inspector2"), self.account_id)),
        )
        for name, absent, read in sources:
            failed = _failure(usage, read)
            if failed and failed.code in absent:
                notes.append(f"{name} does not report images in use: {failed}")
            elif failed:
                pool.failures.append((name, failed))
        return usage, notes


def _failure(usage: list[ImageUsage], read: Callable[[], Iterable[ImageUsage]]) -> CallFailed | None:
    """Add what a service reports, and return the failure if it cannot be called."""
    try:
        usage += read()
    except CallFailed as failed:
        return failed
    return None


def connect(*, profile: str | None, region: str | None, role: str | None) -> Account:
    """
    Return an account in a region.

    Args:
        profile: A profile of the AWS configuration. Default: that of the environment.
        region: The region. Default: that of the environment or the profile.
        role: The ARN of a role to assume. Default: none.

    Raises:
        AccountUnavailable: if there are no credentials or no region, or if AWS rejects the credentials.

    """
    return Account(open_session(profile=profile, region=region, role=role))


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
