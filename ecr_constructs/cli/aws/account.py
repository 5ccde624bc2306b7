"""An account in a region, asked for its repositories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from ecr_constructs.cli.aws.container_usage import RegistryHost, running_images
from ecr_constructs.cli.aws.errors import REPOSITORY_GONE, CallFailed, sentences, told
from ecr_constructs.cli.aws.images import ProgressCounter, fill_indexes, list_images
from ecr_constructs.cli.aws.images_in_use import ImageUsage, marks
from ecr_constructs.cli.aws.inspector import inspected
from ecr_constructs.cli.aws.lifecycle_policy_preview import PATIENCE, Deadline, await_preview, start_preview
from ecr_constructs.cli.aws.policies import deployed_policy
from ecr_constructs.cli.aws.progress import Progress
from ecr_constructs.cli.aws.session import Session, open_session
from ecr_constructs.cli.aws.thread_pool import Workers, working
from ecr_constructs.cli.sources.records import Repository, immutability_of
from ecr_constructs.model.images import Image
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy

__all__ = ["Account", "FetchOptions", "FetchResult", "connect"]


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchOptions:
    """
    What an account is asked about repositories, beside their images.

    Attributes:
        aws_preview: What AWS's own preview says of the policies, for `Repository.aws_preview`. Nothing is asked about a
            policy without rules.
        current: Which policies they have today, for `Repository.deployed`.
        in_use: Who runs the images, for `Repository.in_use`.
        read_indexes: Which images an index names. That counts as a pull of the index.

    """

    aws_preview: bool
    current: bool
    in_use: bool
    read_indexes: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchResult:
    """
    What an account said of its repositories.

    Attributes:
        repositories: Those whose images are known, in the order in which they were asked for.
        problems: What could not be read, and what to do about it; what was asked for is not complete.
        notes: What was not there to be read and need not be, such as Amazon Inspector.

    """

    repositories: tuple[Repository, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Account:
    """
    An account in a region; `connect` gives it.

    Args:
        session: Credentials and a region.

    Attributes:
        account_id: Its number.
        region: The region.

    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.account_id = session.account_id
        self.region = session.region

    def immutability(self) -> dict[str, Immutability | None]:
        """
        List all repositories by name, and say which tags of each are bound to their image, if that is known.

        Raises:
            AccountUnavailable: if they cannot be listed.

        """
        with told():
            pages = self._session.service("ecr").pages("DescribeRepositories", {"maxResults": _REPOSITORIES_A_PAGE})
            return {each["repositoryName"]: _immutability(each) for page in pages for each in page["repositories"]}

    def repositories(
        self,
        wanted: Mapping[str, LifecyclePolicy | None],
        questions: FetchOptions,
        *,
        progress: Progress,
    ) -> FetchResult:
        """
        Read repositories, many at a time.

        What goes wrong with one of them is a problem of the answer and leaves the others alone.

        Args:
            wanted: The names, each with the policy that AWS is to preview, if there is one.
            questions: What is asked.
            progress: Who is told how far it is.

        Raises:
            AccountUnavailable: if nothing more can be read, such as with credentials that expired.

        """
        previewed = wanted if questions.aws_preview else {}
        texts = {name: policy.to_json() for name, policy in previewed.items() if policy and policy.rules}
        rounds = questions.current + questions.read_indexes
        with told(), working(progress) as workers:
            workers.expect(2 * len(texts) + (1 + rounds) * len(wanted))
            ecr, tally = self._session.service("ecr"), ProgressCounter(progress)
            started = workers.each("AWS's own previews", texts, lambda name: start_preview(ecr, name, texts[name]))
            images = workers.each("images", wanted, lambda name: list_images(ecr, name, tally=tally))
            workers.expect(len(started) - len(texts) + rounds * (len(images) - len(wanted)))
            deployed: dict[str, LifecyclePolicy] = {}
            if questions.current:
                deployed = workers.each("policies of today", images, lambda name: deployed_policy(ecr, name))
            wait = Deadline(until=monotonic() + PATIENCE, stopped=workers.stopped)
            said = workers.each(
                "AWS's own previews", started, lambda name: await_preview(ecr, name, texts[name], wait=wait)
            )
            if questions.read_indexes:  # last of all: what AWS says of last pulls would not be the same afterwards
                images |= workers.each("indexes", images, lambda name: fill_indexes(ecr, name, images[name]))
            users, notes = self._users(workers, images) if questions.in_use else (None, ())
            gone = {name for name, failed in workers.failures if failed.code == REPOSITORY_GONE}
        repositories = (
            Repository(
                name=name,
                images=images[name],
                in_use=None if users is None else users.get(name, {}),
                deployed=deployed.get(name),
                aws_preview=said.get(name),
            )
            for name in wanted
            if name in images and name not in gone
        )
        return FetchResult(repositories=tuple(repositories), problems=sentences(workers.failures), notes=notes)

    def _users(
        self, workers: Workers, images: Mapping[str, Sequence[Image]]
    ) -> tuple[dict[str, dict[str, tuple[str, ...]]], tuple[str, ...]]:
        """Find out who runs the images. Inspector may well not be there, and says so by a denial: worth a note."""
        uses: list[ImageUsage] = []
        notes: list[str] = []
        registry = RegistryHost(account_id=self.account_id, region=self.region)
        try:
            uses += running_images(self._session.service("ecs"), workers, registry)
        except CallFailed as failed:  # no way to ECS, although there is one to ECR
            workers.failures.append(("Amazon ECS", failed))
        try:
            uses += inspected(self._session.service("inspector2"), account_id=self.account_id)
        except CallFailed as failed:
            if failed.code in _NO_INSPECTOR:
                notes.append(f"Amazon Inspector does not tell who runs images: {failed}")
            else:
                workers.failures.append(("Amazon Inspector", failed))
        return marks(uses, images), tuple(notes)


def connect(*, profile: str | None, region: str | None, role: str | None) -> Account:
    """
    Open an account in a region.

    Args:
        profile: A profile of the AWS configuration. Default: what the environment says.
        region: The region. Default: that of the environment or the profile.
        role: The ARN of a role to assume. Default: none.

    Raises:
        AccountUnavailable: if there are no credentials or no region, or if AWS does not take them.

    """
    return Account(open_session(profile=profile, region=region, role=role))


# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html
_REPOSITORIES_A_PAGE = 1_000
# What comes from an account that does not use Inspector, and, without a code, from where there is no way to it.
_NO_INSPECTOR = frozenset({"AccessDeniedException", ""})


def _immutability(repository: Mapping[str, Any]) -> Immutability | None:
    filters = [each["filter"] for each in repository.get("imageTagMutabilityExclusionFilters", ())]
    return immutability_of(repository.get("imageTagMutability", ""), filters)
