"""
The rules of a policy, applied to the images of a repository at an instant, separately for each storage class.

Quotes without a URL are from https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html.

If AWS does not document a behavior, each rule is evaluated twice: once with the most images on which it can act, and
once with the fewest. Images with different results are uncertain.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from operator import attrgetter

from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.image_index import ImageIndex
from ecr_constructs.model.lifecycle.outcome import NO_RULE, Outcome, UndocumentedBehavior
from ecr_constructs.model.lifecycle.rule import LifecycleRule

__all__ = ["RuleEngine", "last_use"]

_SMALLEST_AGE = timedelta.resolution
_EARLIEST = datetime.min.replace(tzinfo=timezone.utc)


class RuleEngine:
    """
    The outcome of the rules for each image.

    Args:
        rules: The rules, by priority.
        image_index: The images.
        at: The instant, in UTC.

    Attributes:
        index: The images.
        at: The instant, in UTC.
        outcomes: For each position, the outcome of the rules, without the relations to image indexes and subjects.
        questions: For some positions, the undocumented behaviors that determine whether any rule acts on the image.

    """

    def __init__(self, rules: Sequence[LifecycleRule], image_index: ImageIndex, at: datetime) -> None:
        """Apply each rule, by priority."""
        self.index = image_index
        self.at = at
        self.questions = _questions_about(image_index)
        # Rules do not act on images of an index. Whether these take places in a count is not documented.
        self._may_take_no_place = self.questions.keys() | image_index.indexes_of.keys()
        self._claims_in_standard: dict[int, LifecycleRule | None] = {}
        self.outcomes: list[Outcome] = [NO_RULE] * len(image_index)
        # "The rule will only select images of this storage class."
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
        self._apply([rule for rule in rules if rule.storage_class == "archive"], image_index.archive)
        in_archive = {position: self.outcomes[position] for position in image_index.activating}
        # An image that is being restored may be in either class. The rules of the standard class come first.
        for position in in_archive:
            self.outcomes[position] = NO_RULE
        self._apply([rule for rule in rules if rule.storage_class == "standard"], image_index.standard)
        for position, outcome in in_archive.items():
            if self.outcomes[position].action == "keep" and outcome.action != "keep":
                self._claims_in_standard[position] = self.outcomes[position].rule
                self.outcomes[position] = outcome

    def claim(self, position: int) -> LifecycleRule | None:
        """
        Return the first rule that selects an image in its storage class, whether or not the rule acts.

        Args:
            position: The position of the image.

        """
        return self._claims_in_standard.get(position, self.outcomes[position].rule)

    def _apply(self, rules: Sequence[LifecycleRule], positions: Sequence[int]) -> None:
        """Apply rules of one storage class to the images in it."""
        outcomes = self.outcomes
        for rule in rules:
            selected = self.index.selected(rule, positions)
            # "An image that matches the tagging requirements of a rule cannot be expired or archived by a rule with a
            # lower priority", whether or not the first rule acts on it.
            unclaimed = [position for position in selected if outcomes[position] is NO_RULE]
            kept = Outcome.kept_by(rule)
            for position in unclaimed:
                outcomes[position] = kept
            if rule.count_type == "imageCountMoreThan":
                self._apply_count(rule, selected, unclaimed)
            elif rule.count_type == "sinceImagePushed":
                self._apply_push_age(rule, unclaimed)
            else:
                self._apply_last_use(rule, unclaimed)

    def _apply_count(self, rule: LifecycleRule, selected: Sequence[int], unclaimed: Sequence[int]) -> None:
        """
        Act on the selected images beyond the newest number of them.

        "Rules can never mark images that are marked by higher priority rules, but can still identify them as if they
        haven't been expired or archived." Images of another rule are therefore counted, and are not replaced by other
        images.
        """
        # "...images are sorted from youngest to oldest based on pushed_at_time", and positions are in this order.
        excess = _from(unclaimed, selected[rule.count_number]) if len(selected) > rule.count_number else []
        self._act(rule, excess)
        if not self._may_take_no_place or self._may_take_no_place.isdisjoint(selected):
            return
        counted = [position for position in selected if position not in self._may_take_no_place]
        last = counted[rule.count_number - 1] if len(counted) >= rule.count_number else len(self.index)
        self._act(rule, [position for position in excess if position <= last], UndocumentedBehavior.PLACES)

    def _apply_push_age(self, rule: LifecycleRule, unclaimed: Sequence[int]) -> None:
        """
        Act on the images that were pushed more than a number of days ago.

        The position of a restored image can be that of a younger one.
        """
        limit, limit_in_whole_days = self._limits(rule)
        older, older_in_whole_days = map(self.index.first_older_than, (limit, limit_in_whole_days))
        candidates = _from(unclaimed, older)
        certain = _from(candidates, older_in_whole_days)
        self._act(rule, certain)
        self._act(rule, candidates[: len(candidates) - len(certain)], UndocumentedBehavior.HOURS)
        # "Restored images behave like newly pushed images", but the condition is about `pushed_at_time`.
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive_restore_image.html
        for position in self.index.restored.intersection(unclaimed):
            if position < older and self.index.images[position].pushed_at < limit:
                self._act(rule, [position], UndocumentedBehavior.RESTORED)

    def _apply_last_use(self, rule: LifecycleRule, unclaimed: Sequence[int]) -> None:
        """Act on the images that were last pulled, or archived, more than a number of days ago."""
        limit, limit_in_whole_days = self._limits(rule)
        times = map(age_reference_time(rule), self.index.images_at(unclaimed))
        dated = zip(unclaimed, times, strict=True)
        older = [(position, time) for position, time in dated if time is not None and time < limit]
        self._act(rule, [position for position, time in older if time < limit_in_whole_days])
        by_hours = [position for position, time in older if time >= limit_in_whole_days]
        self._act(rule, by_hours, UndocumentedBehavior.HOURS)

    def _limits(self, rule: LifecycleRule) -> tuple[datetime, datetime]:
        """
        Return the latest times for an age of more than a number of days, and of more than a number of whole days.

        An age that equals the number is not more. In AWS's second example for all images, an image that was pushed 1
        day ago is kept. https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html
        """
        return _days_before(self.at, rule.count_number), _days_before(self.at, rule.count_number + 1) + _SMALLEST_AGE

    def _act(self, rule: LifecycleRule, positions: Sequence[int], question: UndocumentedBehavior | None = None) -> None:
        """Set the outcome of images on which a rule acts, or can act according to an undocumented behavior."""
        if not positions:
            return
        common = frozenset() if question is None else frozenset({question})
        outcome, outcomes = Outcome.of_action(rule, common), self.outcomes
        for position in positions:
            outcomes[position] = outcome
        shared = {common: outcome}
        for position in self.questions.keys() & positions if self.questions else ():
            questions = common | self.questions[position]
            if questions not in shared:
                shared[questions] = Outcome.of_action(rule, questions)
            outcomes[position] = shared[questions]


def age_reference_time(rule: LifecycleRule) -> Callable[[Image], datetime | None]:
    """
    Return a function for the time from which a rule counts the age of an image. None if there is no such time.

    Args:
        rule: A rule that counts days.

    """
    if rule.count_type == "sinceImagePulled":
        return last_use
    # The rule is about "all archived images whose `last_archived_at` is older".
    return attrgetter("archived_at" if rule.count_type == "sinceImageTransitioned" else "pushed_at")


def _questions_about(image_index: ImageIndex) -> dict[int, frozenset[UndocumentedBehavior]]:
    """Return the undocumented behaviors of images that no rule may select."""
    found: dict[int, frozenset[UndocumentedBehavior]] = dict.fromkeys(
        image_index.may_be_children, frozenset({UndocumentedBehavior.CHILD})
    )
    for positions, question in (
        (image_index.referrers, UndocumentedBehavior.REFERRER),
        (image_index.activating, UndocumentedBehavior.ACTIVATING),
    ):
        for position in positions:
            found[position] = found.get(position, frozenset()) | {question}
    return found


def last_use(image: Image) -> datetime:
    """
    Return the time of the last pull.

    Without a pull it is the time of the restoration, and without both the time of the push.

    Args:
        image: The image.

    """
    since = image.age_reference_time
    if image.last_pulled_at is None or (image.activated_at is not None and image.last_pulled_at < image.activated_at):
        return since
    return image.last_pulled_at


def _from(positions: Sequence[int], first: int) -> Sequence[int]:
    """Return the positions from a first one on."""
    return positions[bisect_left(positions, first) :]


def _days_before(at: datetime, days: int) -> datetime:
    try:
        return at - timedelta(days=days)
    except OverflowError:
        return _EARLIEST
