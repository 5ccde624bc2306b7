"""The preview of each repository, and the inputs that were not previewed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import wraps
from itertools import chain
from typing import Any, Literal, NamedTuple, TypeVar

from ecr_constructs.cli.sources.policies import UnreadablePolicy
from ecr_constructs.cli.sources.records import AwsDecision, Place, Policy
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.evaluation import Decision, DecisionList, Evaluation
from ecr_constructs.model.lifecycle.findings import Finding
from ecr_constructs.model.lifecycle.growth import IMAGES_PER_REPOSITORY, Growth
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.schedule import ScheduledAction
from ecr_constructs.model.pricing.costs import Costs, Unpulled
from ecr_constructs.model.pricing.prices import Prices

__all__ = [
    "AwsOutcome",
    "Disagreement",
    "PreviewReport",
    "RepositoryPreview",
    "StoredPreview",
    "UnreadPlace",
    "all_decisions",
    "all_images",
    "decisions_by_group",
    "images_of",
    "name_in",
    "stored_with_preview",
]

Fact = TypeVar("Fact")


class AwsOutcome(NamedTuple):
    """
    The outcome of one image in ECR's preview.

    Attributes:
        action: `expire`, `archive` or `keep`.
        rule: The rule that acts.
        reason: The reason, as part of a sentence.
        is_artifact: Whether the image is only affected because it refers to an image that is.

    """

    action: Literal["expire", "archive", "keep"]
    rule: LifecycleRule | None
    reason: str
    is_artifact: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Disagreement:
    """
    A difference between ECR's preview, which is shown, and the local evaluation.

    Attributes:
        aws: The outcome in ECR's preview.
        evaluated: The decision of the local evaluation.

    """

    aws: AwsOutcome
    evaluated: Decision

    @property
    def image(self) -> Image:
        """The image."""
        return self.evaluated.image


# Previews are compared by identity, because comparing their images is not needed.
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RepositoryPreview:
    """
    The effect of a policy on a repository.

    Attributes:
        repository: The name of the repository.
        place: The account and the Region of the repository. None if it is not known, as for listings in files.
        is_one_of_many: Whether the report has repositories of several accounts or Regions.
        results: The results of functions that `stored_with_preview` decorates.
        policy: The policy. A repository without one has a policy without rules.
        where: The place of the policy.
        prefix: The prefix of a creation template, for its policy. Such a policy applies to repositories that ECR
            creates later, and not to this one.
        at: The instant.
        evaluation: The outcome of each image at that instant, reconciled with ECR's preview if there is one.
        schedule: The outcomes with their days, if nothing else is pushed.
        findings: The findings about the policy.
        in_use: The workloads that run an image, by digest. None if usage was not read.
        current: The evaluation of the deployed policy. None if it was not compared.
        newly_lost: Images that are or may be deleted or archived and that the deployed policy keeps, or that are or may
            be deleted and that it archives.
        newly_kept: The reverse of `newly_lost`.
        by_aws: Whether there is a preview of ECR.
        disagreements: The differences between ECR's preview and the local evaluation.
        unlisted: The images of ECR's preview that were not in the listing.
        growth: The growth of the repository, up to the quota of images. None if it was not computed.
        unpulled: The images that were not pulled for some days. None if it was not computed.
        costs: The costs of the images. None without prices.

    """

    repository: str
    policy: LifecyclePolicy
    where: str
    prefix: str | None = None
    at: datetime
    evaluation: Evaluation
    schedule: Sequence[ScheduledAction]
    findings: tuple[Finding, ...]
    in_use: Mapping[str, tuple[str, ...]] | None = None
    current: Evaluation | None = None
    newly_lost: tuple[Decision, ...] = ()
    newly_kept: tuple[Decision, ...] = ()
    by_aws: bool = False
    disagreements: tuple[Disagreement, ...] = ()
    unlisted: tuple[AwsDecision, ...] = ()
    growth: Growth | None = None
    unpulled: Unpulled | None = None
    costs: Costs | None = None
    place: Place | None = None
    is_one_of_many: bool = False
    results: dict[object, object] = field(default_factory=dict, init=False, repr=False)

    @property
    def name(self) -> str:
        """The name in the report, after the account and the Region if the report has several."""
        return name_in(self.place, self.repository) if self.is_one_of_many else self.repository

    def users(self, digest: str) -> tuple[str, ...] | None:
        """Return the workloads that run an image, or None if usage was not read."""
        return None if self.in_use is None else self.in_use.get(digest, ())

    def changed(self, values: Mapping[str, object]) -> RepositoryPreview:
        """Return the same preview with other values, which have no entry for each image."""
        return replace(self, **values)  # type: ignore[arg-type]  # the values are those of fields


# The values of a preview with an entry for each image.
_LARGE = frozenset(
    {"evaluation", "schedule", "current", "newly_lost", "newly_kept", "disagreements", "unlisted"},
)


class StoredPreview(RepositoryPreview):
    """
    A preview whose images are not in memory. They are read and evaluated again when a value needs them.

    Args:
        load: The function that returns the whole preview.
        facts: The functions of a preview whose results are stored; see `stored_with_preview`.

    """

    __slots__ = ("_facts", "_load")
    _facts: dict[object, object]
    _load: Callable[[], RepositoryPreview]

    def __init__(
        self, load: Callable[[], RepositoryPreview], facts: Iterable[Callable[[RepositoryPreview], object]]
    ) -> None:
        whole = load()
        for name in (each.name for each in fields(RepositoryPreview)):
            value = getattr(whole, name)
            if name not in _LARGE or not value:
                object.__setattr__(self, name, value)
        object.__setattr__(self, "_load", load)
        object.__setattr__(self, "_facts", {})
        for fact in facts:
            fact(self)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (the type of each attribute is that of the base class)
        """Return a value that has no slot filled."""
        if name in _LARGE:
            return getattr(self._load(), name)
        raise AttributeError(name)

    def changed(self, values: Mapping[str, object]) -> RepositoryPreview:
        """Return the same preview with other values, which have no entry for each image. The images are not read."""
        copied = object.__new__(StoredPreview)
        for name in (*(each.name for each in fields(RepositoryPreview)), "_load", "_facts"):
            # A slot that is not filled has no value here, and `__getattr__` is not called.
            with suppress(AttributeError):
                object.__setattr__(copied, name, object.__getattribute__(self, name))
        for name, value in values.items():
            object.__setattr__(copied, name, value)
        return copied

    def fact(self, compute: Callable[[RepositoryPreview], Fact]) -> Fact:
        """
        Return the stored result of a function of the preview.

        Args:
            compute: The function, which is called once.

        """
        if compute not in self._facts:
            self._facts[compute] = compute(self._load())
        return self._facts[compute]  # type: ignore[return-value]  # it is the result of this function


def stored_with_preview(compute: Callable[[RepositoryPreview], Fact]) -> Callable[[RepositoryPreview], Fact]:
    """
    Store the result of a function with each preview. The images of some previews are not in memory.

    Args:
        compute: The function. Its result must be small.

    """

    @wraps(compute)
    def stored(preview: RepositoryPreview) -> Fact:
        if isinstance(preview, StoredPreview):
            return preview.fact(compute)
        if compute not in preview.results:
            preview.results[compute] = compute(preview)
        return preview.results[compute]  # type: ignore[return-value]  # it is the result of this function

    return stored


def name_in(place: Place | None, repository: str) -> str:
    """
    Return the name of a repository after its account and Region: `111122223333/eu-west-1/prod/api`.

    Args:
        place: The account and the Region, or None if they are not known.
        repository: The name.

    """
    return repository if place is None else f"{place.account_id}/{place.region}/{repository}"


@dataclass(frozen=True, kw_only=True, slots=True)
class UnreadPlace:
    """
    An account in a Region that could not be read.

    Attributes:
        place: The account and the Region.
        problem: The reason, with the fix.

    """

    place: Place
    problem: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewReport:
    """
    The previews of repositories, and the inputs that were not previewed.

    Attributes:
        at: The instant.
        previews: The previews, by name: of each repository that has a policy and whose images are known.
        unread: Policies whose text only CloudFormation can compute.
        without_images: Policies of no repository whose images are known.
        without_policy: Repositories without a policy.
        problems: Inputs that could not be read, each with the fix.
        notes: Notes on the inputs.
        is_live: Whether images come from an account, which lists all its repositories, and not from files.
        places: The accounts and Regions that were read. Empty for listings in files.
        unread_places: The accounts and Regions that could not be read, which are also problems.
        region: The Region of the account, or None for listings in files, which do not have it.
        image_quota: The quota of images per repository.
        prices: The prices of the Region. None if they are not known.
        unpulled: The images that were not pulled for some days, of all repositories. None if it was not computed.
        costs: The costs of the images of all repositories. None without prices.

    """

    at: datetime
    previews: tuple[RepositoryPreview, ...]
    unread: tuple[UnreadablePolicy, ...] = ()
    without_images: tuple[Policy, ...] = ()
    without_policy: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_live: bool = False
    places: tuple[Place, ...] = ()
    unread_places: tuple[UnreadPlace, ...] = ()
    region: str | None = None
    image_quota: int = IMAGES_PER_REPOSITORY
    prices: Prices | None = None
    unpulled: Unpulled | None = None
    costs: Costs | None = None


def decisions_by_group(evaluation: Evaluation) -> dict[str, Sequence[Decision]]:
    """
    Return the decisions on all images, by the group that the JSON output has.

    Args:
        evaluation: The evaluation.

    """
    return {
        "expired": evaluation.expired,
        "archived": evaluation.archived,
        "uncertain": evaluation.uncertain,
        "kept": evaluation.kept,
    }


def all_decisions(evaluation: Evaluation) -> tuple[Decision, ...]:
    """
    Return the decisions on all images.

    Args:
        evaluation: The evaluation.

    """
    return tuple(chain.from_iterable(decisions_by_group(evaluation).values()))


def all_images(evaluation: Evaluation) -> list[Image]:
    """
    Return all images, in the order of `all_decisions`.

    Args:
        evaluation: The evaluation.

    """
    return list(chain.from_iterable(map(images_of, decisions_by_group(evaluation).values())))


def images_of(decisions: Sequence[Decision]) -> list[Image]:
    """
    Return the images of decisions.

    Args:
        decisions: The decisions of a group. Those of a local evaluation are not made for it.

    """
    if isinstance(decisions, DecisionList):
        return decisions.images()
    return [decision.image for decision in decisions]
