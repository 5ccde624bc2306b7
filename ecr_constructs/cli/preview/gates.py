"""Gates of a pipeline: what must not happen to images, and what a gate says if it would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.formatting import count, name
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview, every_decision
from ecr_constructs.errors import InvalidName
from ecr_constructs.model.lifecycle.evaluation import Decision
from ecr_constructs.model.tags import TagPattern
from ecr_constructs.model.validation import abbreviate

__all__ = ["Gate", "GateResult", "GateViolation", "read_gate"]

_IN_USE = "in-use"
_EXPIRES = "expires:"
_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class GateViolation:
    """
    An image that a gate is there for.

    Attributes:
        repository: Its repository.
        decision: What would happen to it.
        is_certain: Whether it would happen; otherwise it may.
        users: Who runs it, or nothing if nobody asked.

    """

    repository: str
    decision: Decision
    is_certain: bool
    users: tuple[str, ...] | None

    def __str__(self) -> str:
        """Name the image, what would happen to it, by which rule, and who runs it."""
        decision = self.decision
        verb = {"expire": "expired", "archive": "archived"}[decision.action]
        rule = f" by rule {decision.rule.rule_priority}" if decision.rule else ""
        users = f"; in use by {', '.join(self.users)}" if self.users else ""
        will = "would" if self.is_certain else "may"
        return f"{self.repository}: {name(decision.image)} {will} be {verb}{rule}: {decision.why}{users}"


@dataclass(frozen=True, kw_only=True, slots=True)
class GateResult:
    """
    What a gate says.

    Attributes:
        gate: How the gate is written.
        caught: The images for which it is closed.
        unknown: Why it cannot be open even if it caught nothing.
        remedy: What to do about the images.
        note: What to know of a gate that is open.

    """

    gate: str
    caught: tuple[GateViolation, ...]
    unknown: tuple[str, ...]
    remedy: str
    note: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether everything is known, and nothing is caught."""
        return not self.caught and not self.unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """
    What must not happen: an image in use goes, or an image with such a tag is deleted.

    Attributes:
        text: How it is written: `in-use`, or `expires:` and a pattern of tags.
        pattern: The tags, unless it is about images in use.

    """

    text: str
    pattern: TagPattern | None

    @property
    def needs_account(self) -> bool:
        """Whether only an account can say what it asks."""
        return self.pattern is None

    def judge(self, survey: PreviewReport) -> GateResult:
        """
        Say whether the gate is open.

        What may happen counts as what would. The policies of creation templates do not count, for they never act on
        repositories that exist.

        Args:
            survey: What was previewed.

        """
        previews = [preview for preview in survey.previews if preview.prefix is None]
        caught = tuple(catch for preview in previews for catch in self._caught(preview))
        unlisted = (text for preview in previews for text in self._unlisted(preview))
        unknown = (*_gaps(survey, previews), *(_idle(previews) if self.needs_account else ()), *unlisted)
        note = None if caught or unknown or not self._is_idle(previews) else f"no image has a tag like {self.pattern}"
        return GateResult(gate=self.text, caught=caught, unknown=unknown, remedy=self._remedy, note=note)

    @property
    def _remedy(self) -> str:
        if self.pattern is None:
            return "keep what runs: give it a tag when it is deployed, and begin with keep_forever over such tags"
        in_json = f"a first rule for {self.pattern} with imageCountMoreThan 999999"
        intent = f"keep_forever({self.pattern.value!r})"
        return f"keep such images: begin with {intent} (in JSON, {in_json}), or keep more of them"

    def _caught(self, preview: RepositoryPreview) -> Iterator[GateViolation]:
        evaluation = preview.evaluation
        for decisions, is_certain in ((evaluation.decisions, True), (evaluation.uncertain, False)):
            for decision in decisions:
                users = preview.users(decision.image.digest)
                if self._is_about(decision, users):
                    yield GateViolation(
                        repository=preview.repository, decision=decision, is_certain=is_certain, users=users
                    )

    def _is_about(self, decision: Decision, users: tuple[str, ...] | None) -> bool:
        if self.pattern is None:
            return bool(users)
        return decision.action == "expire" and any(map(self.pattern.matches, decision.image.tags))

    def _is_idle(self, previews: Sequence[RepositoryPreview]) -> bool:
        """Tell whether no image has such a tag: the pattern may be misspelled."""
        decisions = (decision for preview in previews for decision in every_decision(preview.evaluation))
        tags = (tag for decision in decisions for tag in decision.image.tags)
        return self.pattern is not None and not any(map(self.pattern.matches, tags))

    def _unlisted(self, preview: RepositoryPreview) -> Iterator[str]:
        """Mind what AWS would do to images that were pushed after the listing: their tags are not known."""
        going = [each for each in preview.unlisted if self.pattern is None or each.action == "expire"]
        if self.pattern is None:
            going = [each for each in going if preview.users(each.digest)]
        if going:
            what = f"{count(len(going), 'image')} pushed after the images were listed"
            yield f"{preview.repository}: AWS's own preview takes {what}; run the command again"


def read_gate(text: str) -> Gate:
    """
    Read a gate.

    Args:
        text: `in-use`, or `expires:` and a pattern of tags as in a lifecycle rule.

    Raises:
        CommandError: if it is neither.

    """
    if text == _IN_USE:
        return Gate(text=text, pattern=None)
    if not text.startswith(_EXPIRES):
        message = (
            f"{abbreviate(text)} is unknown; write in-use, or expires: and a tag pattern such as expires:release-*"
        )
        raise CommandError([message], path="--fail-if")
    try:
        return Gate(text=text, pattern=TagPattern(text.removeprefix(_EXPIRES)))
    except InvalidName as error:
        raise CommandError(error.problems, path="--fail-if") from None


def _idle(previews: Sequence[RepositoryPreview]) -> Iterator[str]:
    """Mind a registry whose images run elsewhere: where nobody is seen to run anything, nobody was seen."""
    goes = any(preview.evaluation.decisions or preview.evaluation.uncertain for preview in previews)
    if goes and not any(preview.in_use for preview in previews):
        yield (
            "images would go, and nobody is seen to run any image of these repositories; if they run in another "
            "account or region, or neither in Amazon ECS nor seen by Amazon Inspector, judge by expires:PATTERN"
        )


def _gaps(survey: PreviewReport, previews: Sequence[RepositoryPreview]) -> Iterator[str]:
    """Say why something may have escaped notice."""
    if survey.problems:
        yield f"{count(len(survey.problems), 'problem')} kept something from being previewed; see there"
    elif not previews:
        yield "only creation templates match, and they never act on repositories that exist; there is nothing to judge"
    for unread in survey.unread:
        if unread.prefix is None:
            yield f"{unread.where}: {'; '.join(unread.problems)}, or say with --repository what is to be judged"
    missing = [each for each in survey.without_images if each.prefix is None and each.policy.rules]
    if nameless := [each.where for each in missing if each.repository is None]:
        yield f"the repository of {_some(nameless)} has no known name; say with --repository what is to be judged"
    if not survey.is_live and (named := [each.repository for each in missing if each.repository is not None]):
        remedy = "list them, or say with --repository what is to be judged"
        yield f"the images of {_some(named)} were not given; {remedy}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _EXAMPLES
    return f"{', '.join(names[:_EXAMPLES])}{f' and {more} more' if more > 0 else ''}"
