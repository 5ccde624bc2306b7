"""The images that a policy deletes or archives, certainly or possibly, as rows of the output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, repeat
from typing import Literal, NamedTuple

from ecr_constructs.cli.formatting import decision_label
from ecr_constructs.cli.output.rule_summary import outcome_of
from ecr_constructs.cli.preview.result import RepositoryPreview, images_of
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.evaluation import Decision, Evaluation
from ecr_constructs.model.tags import TagPattern

__all__ = ["ListedImage", "each_image", "every_image", "lost_images"]

Outcome = Literal["delete", "archive", "uncertain", "keep"]


class ListedImage(NamedTuple):
    """
    An image with its outcome.

    Attributes:
        decision: The decision on the image.
        outcome: `delete`, `archive`, `uncertain` or `keep`.
        users: The workloads that run it, or None if usage was not read.

    """

    decision: Decision
    outcome: Outcome
    users: tuple[str, ...] | None

    @property
    def image(self) -> Image:
        """The image."""
        return self.decision.image

    @property
    def tag(self) -> str:
        """The tag that the rule matches first, or the first tag, or an empty text for an untagged image."""
        selectors = self.decision.rule.selectors if self.decision.rule else ()
        matching = (tag for tag in self.image.tags if any(selector.matches(tag) for selector in selectors))
        return next(matching, self.image.tags[0] if self.image.tags else "")

    @property
    def rule(self) -> str:
        """The priority of the rule, or `none`."""
        return str(self.decision.rule.rule_priority) if self.decision.rule else "none"

    @property
    def reason(self) -> str:
        """The reason, after the possible outcome if it is uncertain."""
        if self.outcome != "uncertain":
            return self.decision.why
        return f"{outcome_of(self.decision.action)} is possible: {self.decision.why}"

    def label(self, asked: Sequence[TagPattern] = ()) -> str:
        """
        Return the tag that matches first with the number of the other tags, or the first characters of the digest.

        Args:
            asked: The patterns of requested tags. A tag that matches one of them is preferred.

        """
        return decision_label(self.decision, asked)


def lost_images(preview: RepositoryPreview) -> list[ListedImage]:
    """
    Return the images that are or might be deleted or archived: images in use first, then by outcome, the oldest first.

    Args:
        preview: The preview.

    """
    groups = _lost_groups(preview.evaluation)
    listed = [each for outcome, decisions in groups for each in _listed(preview, outcome, decisions)]
    return sorted(listed, key=lambda each: not each.users) if preview.in_use else listed


def every_image(preview: RepositoryPreview) -> list[ListedImage]:
    """
    Return all images, those that are kept last.

    Args:
        preview: The preview.

    """
    return [*lost_images(preview), *_listed(preview, "keep", preview.evaluation.kept)]


def each_image(preview: RepositoryPreview) -> Iterator[tuple[Decision, Outcome, tuple[str, ...] | None]]:
    """
    Yield the values of `every_image`, without an object for each image if none is in use.

    Args:
        preview: The preview.

    """
    if preview.in_use:
        return iter(every_image(preview))
    users = preview.users("")
    groups = (*_lost_groups(preview.evaluation), ("keep", preview.evaluation.kept))
    return chain.from_iterable(zip(decisions, repeat(outcome), repeat(users)) for outcome, decisions in groups)


def _lost_groups(evaluation: Evaluation) -> tuple[tuple[Outcome, Sequence[Decision]], ...]:
    return (("delete", evaluation.expired), ("archive", evaluation.archived), ("uncertain", evaluation.uncertain))


def _listed(preview: RepositoryPreview, outcome: Outcome, decisions: Sequence[Decision]) -> Iterator[ListedImage]:
    users: Iterable[tuple[str, ...] | None] = repeat(None)
    if preview.in_use is not None:
        users = (preview.users(image.digest) for image in images_of(decisions))
    # Without the function of Python that a named tuple has for its construction: it is called for every image.
    return map(_to_listed, zip(decisions, repeat(outcome), users, strict=False))


_to_listed = partial(tuple.__new__, ListedImage)
