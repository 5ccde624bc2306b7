"""The gates of `--fail-if`: conditions under which a pipeline fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.formatting import count, decision_label, first_names, image_label
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview, all_decisions
from ecr_constructs.errors import InvalidName
from ecr_constructs.model.lifecycle.evaluation import Decision
from ecr_constructs.model.tags import TagPattern
from ecr_constructs.model.validation import abbreviate

__all__ = ["Gate", "GateResult", "GateViolation", "read_gate"]

_IN_USE = "in-use"
_EXPIRES = "expires:"


@dataclass(frozen=True, kw_only=True, slots=True)
class GateViolation:
    """
    An image for which a gate fails.

    Attributes:
        repository: Its repository.
        decision: Its outcome.
        is_certain: Whether the outcome is certain.
        users: The workloads that run it, or None if usage was not read.
        pattern: The pattern of the gate, if it has one.

    """

    repository: str
    decision: Decision
    is_certain: bool
    users: tuple[str, ...] | None
    pattern: TagPattern | None = None

    def __str__(self) -> str:
        """Return the image, its outcome with the rule and the reason, and the workloads that run it."""
        decision = self.decision
        label = image_label(decision.image, (self.pattern,)) if self.pattern else decision_label(decision)
        verb = {"expire": "deleted", "archive": "archived"}[decision.action]
        rule = f" by rule {decision.rule.rule_priority}" if decision.rule else ""
        users = f"; in use by {', '.join(self.users)}" if self.users else ""
        would = "would" if self.is_certain else "might"
        return f"{self.repository}: {label} {would} be {verb}{rule}: {decision.why}{users}"


@dataclass(frozen=True, kw_only=True, slots=True)
class GateResult:
    """
    The result of a gate.

    Attributes:
        gate: The gate, as `--fail-if` has it.
        violations: The images for which it fails.
        unknown: The missing information, without which it cannot pass.
        remedy: The fix for the images.
        note: A remark on a gate that passes.

    """

    gate: str
    violations: tuple[GateViolation, ...]
    unknown: tuple[str, ...]
    remedy: str
    note: str | None = None

    @property
    def has_passed(self) -> bool:
        """Whether there is no violation, and no information is missing."""
        return not self.violations and not self.unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """
    A gate: it fails if an image in use is deleted or archived, or if an image with a matching tag is deleted.

    Attributes:
        text: The gate, as `--fail-if` has it: `in-use`, or `expires:` and a tag pattern.
        pattern: The tag pattern, or None for `in-use`.

    """

    text: str
    pattern: TagPattern | None

    @property
    def needs_account(self) -> bool:
        """Whether the gate needs the usage of images, which only an account has."""
        return self.pattern is None

    def evaluate(self, report: PreviewReport) -> GateResult:
        """
        Return the result of the gate.

        An uncertain outcome counts as a certain one. Policies of creation templates do not count, because ECR does not
        apply them to repositories that exist.

        Args:
            report: The previews.

        """
        previews = [preview for preview in report.previews if preview.prefix is None]
        violations = tuple(violation for preview in previews for violation in self._violations(preview))
        unlisted = (text for preview in previews for text in self._unlisted(preview))
        usage = _no_usage_seen(previews) if self.needs_account else ()
        unknown = (*_incomplete_inputs(report, previews), *usage, *unlisted)
        is_unmatched = not violations and not unknown and self._matches_no_tag(previews)
        note = f"no image has a tag that matches {self.pattern}" if is_unmatched else None
        return GateResult(gate=self.text, violations=violations, unknown=unknown, remedy=self._remedy, note=note)

    @property
    def _remedy(self) -> str:
        if self.pattern is None:
            return "keep images in use: tag an image when it is deployed, and put keep_forever for that tag first"
        in_json = f"a first rule for {self.pattern} with imageCountMoreThan 999999"
        intent = f"keep_forever({self.pattern.value!r})"
        return f"keep such images: put {intent} first (in JSON, {in_json}), or keep more of them"

    def _violations(self, preview: RepositoryPreview) -> Iterator[GateViolation]:
        evaluation = preview.evaluation
        for decisions, is_certain in ((evaluation.decisions, True), (evaluation.uncertain, False)):
            for decision in decisions:
                users = preview.users(decision.image.digest)
                if self._is_violated(decision, users):
                    yield GateViolation(
                        repository=preview.repository,
                        decision=decision,
                        is_certain=is_certain,
                        users=users,
                        pattern=self.pattern,
                    )

    def _is_violated(self, decision: Decision, users: tuple[str, ...] | None) -> bool:
        if self.pattern is None:
            return bool(users)
        return decision.action == "expire" and any(map(self.pattern.matches, decision.image.tags))

    def _matches_no_tag(self, previews: Sequence[RepositoryPreview]) -> bool:
        """Return whether no image has a tag that matches the pattern, which may be mistyped."""
        decisions = (decision for preview in previews for decision in all_decisions(preview.evaluation))
        tags = (tag for decision in decisions for tag in decision.image.tags)
        return self.pattern is not None and not any(map(self.pattern.matches, tags))

    def _unlisted(self, preview: RepositoryPreview) -> Iterator[str]:
        """Yield a problem if ECR's preview acts on images pushed after the listing, whose tags are unknown."""
        affected = [each for each in preview.unlisted if self.pattern is None or each.action == "expire"]
        if self.pattern is None:
            affected = [each for each in affected if preview.users(each.digest)]
        if affected:
            images = f"{count(len(affected), 'image')} pushed after the images were listed"
            yield f"{preview.repository}: ECR's preview deletes or archives {images}; run the command again"


def read_gate(text: str) -> Gate:
    """
    Return the gate in a text.

    Args:
        text: `in-use`, or `expires:` and a tag pattern as in a lifecycle rule.

    Raises:
        CommandError: if the text is neither.

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


def _no_usage_seen(previews: Sequence[RepositoryPreview]) -> Iterator[str]:
    """Yield a problem if no image at all is reported in use: workloads may run in another account."""
    is_affected = any(preview.evaluation.decisions or preview.evaluation.uncertain for preview in previews)
    if is_affected and not any(preview.in_use for preview in previews):
        yield (
            "images would be deleted or archived, and no image of these repositories is reported in use; if workloads "
            "run in another account or region, or outside of Amazon ECS and Amazon Inspector, use expires:PATTERN"
        )


_SCOPE = "choose the repositories to check with --repository"


def _incomplete_inputs(report: PreviewReport, previews: Sequence[RepositoryPreview]) -> Iterator[str]:
    """Yield the inputs without which images may be missing from the previews."""
    if report.problems:
        yield f"{count(len(report.problems), 'problem')} prevented a preview, as reported above; fix it first"
    elif not previews:
        yield "only creation templates match, and ECR does not apply them to repositories that exist; nothing to check"
    for unread in report.unread:
        if unread.prefix is None:
            yield f"{unread.where}: {'; '.join(unread.problems)}, or {_SCOPE}"
    missing = [each for each in report.without_images if each.prefix is None and each.policy.rules]
    if nameless := [each.where for each in missing if each.repository is None]:
        yield f"the repository of {first_names(nameless)} has no known name; {_SCOPE}"
    if not report.is_live and (named := [each.repository for each in missing if each.repository is not None]):
        yield f"the images of {first_names(named)} were not given; list them, or {_SCOPE}"
