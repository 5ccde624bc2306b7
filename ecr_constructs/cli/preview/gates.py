"""The gates of `--fail-if`: conditions under which a pipeline fails."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast, get_args

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.formatting import count, decision_label, image_label
from ecr_constructs.cli.preview.damage import Certainty, Damage, damage_of
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview, all_decisions
from ecr_constructs.cli.sources.image_findings import ScanResults
from ecr_constructs.cli.sources.records import AwsDecision, Place
from ecr_constructs.errors import InvalidName
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.evaluation import Decision
from ecr_constructs.model.tags import TagPattern
from ecr_constructs.model.validation import abbreviate
from ecr_constructs.model.vulnerabilities.accepted_finding import AcceptedFinding
from ecr_constructs.model.vulnerabilities.image_finding import ImageFinding, ScanSeverity, severity_rank
from ecr_constructs.model.word_lists import shortened

__all__ = [
    "FindingViolation",
    "FindingsGate",
    "Gate",
    "GateResult",
    "GateViolation",
    "RepositoryViolation",
    "images_to_scan",
    "read_gate",
]

_EXPIRES = "expires:"
_LOSES = "loses:"
_FINDINGS = "findings:"
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)%", re.ASCII)
_WHOLE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class GateViolation:
    """
    An image for which a gate fails.

    Attributes:
        repository: Its repository, with the account and the Region if the report has several.
        decision: Its outcome.
        is_certain: Whether the outcome is certain.
        users: The workloads that run it, or None if usage was not read.
        pattern: The pattern of the gate, if it has one.
        place: The account and the Region of the repository, if they are known.

    """

    repository: str
    decision: Decision
    is_certain: bool
    users: tuple[str, ...] | None
    pattern: TagPattern | None = None
    place: Place | None = None

    @property
    def tag(self) -> str | None:
        """The first tag that the pattern of the gate matches, or None if the gate has no pattern."""
        return None if self.pattern is None else next(filter(self.pattern.matches, self.decision.image.tags), None)

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
class RepositoryViolation:
    """
    A repository for which a gate fails.

    Attributes:
        repository: Its name, with the account and the Region if the report has several.
        damage: Its damage.
        certainty: Whether the gate fails certainly, or because of uncertain outcomes.
        reason: The damage for which the gate fails, after `would` or `might`.
        place: The account and the Region of the repository, if they are known.

    """

    repository: str
    damage: Damage
    certainty: Certainty
    reason: str
    place: Place | None = None

    @property
    def is_certain(self) -> bool:
        """Whether the outcome is certain."""
        return self.certainty == "would"

    def __str__(self) -> str:
        """Return the repository and its damage."""
        return f"{self.repository} {self.certainty} {self.reason}; {self.damage.describe()}"


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingViolation:
    """
    A vulnerability in an image in use, for which a gate fails.

    Attributes:
        repository: The name of the repository.
        decision: The outcome of the image, which is kept or uncertain.
        finding: The vulnerability.
        users: The workloads that run the image.
        place: The account and the Region of the repository. None if it is not known.

    """

    repository: str
    decision: Decision
    finding: ImageFinding
    users: tuple[str, ...]
    place: Place | None = None

    @property
    def is_certain(self) -> bool:
        """Whether the image is kept for certain."""
        return self.decision.action == "keep"

    def __str__(self) -> str:
        """Return the image, the vulnerability, its packages, and the workloads that run the image."""
        finding, label = self.finding, image_label(self.decision.image)
        packages = f" in {', '.join(finding.packages)}" if finding.packages else ""
        fix = {True: ", with a fix", False: ", without a fix", None: ""}[finding.is_fixable]
        users = f"; in use by {', '.join(self.users)}"
        return f"{self.repository}: {label} has {finding.severity} {finding.vulnerability}{packages}{fix}{users}"


@dataclass(frozen=True, kw_only=True, slots=True)
class GateResult:
    """
    The result of a gate.

    Attributes:
        gate: The gate, as `--fail-if` has it.
        violations: The images, the repositories or the vulnerabilities for which it fails.
        unknown: The missing information, without which it cannot pass.
        remedy: The fix for the images.
        note: A note on a gate that passes.
        noun: The noun for violations: `image`, `repository` or `finding`.
        pattern: The tag pattern of the gate, if it has one.

    """

    gate: str
    violations: tuple[GateViolation | RepositoryViolation | FindingViolation, ...]
    unknown: tuple[str, ...]
    remedy: str
    note: str | None = None
    noun: str = "image"
    pattern: TagPattern | None = None

    @property
    def has_passed(self) -> bool:
        """Whether there is no violation, and no information is missing."""
        return not self.violations and not self.unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate(ABC):
    """
    A gate: a condition on the previews for which the command fails.

    Attributes:
        text: The gate, as `--fail-if` has it.

    """

    text: str

    @property
    def needs_account(self) -> bool:
        """Whether the gate needs the usage of images, from an account or from `--in-use-from`."""
        return False

    def evaluate(self, report: PreviewReport) -> GateResult:
        """
        Return the result of the gate.

        An uncertain outcome counts as a certain one. Policies of creation templates do not count, because ECR does not
        apply them to existing repositories.

        Args:
            report: The previews.

        """
        previews = [preview for preview in report.previews if preview.prefix is None]
        violations = tuple(violation for preview in previews for violation in self._violations(preview))
        unlisted = (text for preview in previews for text in self._unlisted_problems(preview))
        usage = _no_usage_seen(previews) if self.needs_account else ()
        unknown = (*_incomplete_inputs(report, previews), *usage, *unlisted)
        return GateResult(
            gate=self.text,
            violations=violations,
            unknown=unknown,
            remedy=self._remedy,
            note=None if violations or unknown else self._note(previews),
            noun=self._noun,
            pattern=self._pattern,
        )

    @property
    @abstractmethod
    def _remedy(self) -> str:
        """The fix."""

    @property
    def _noun(self) -> str:
        return "image"

    @property
    def _pattern(self) -> TagPattern | None:
        return None

    @abstractmethod
    def _violations(
        self, preview: RepositoryPreview
    ) -> Iterator[GateViolation | RepositoryViolation | FindingViolation]:
        """Yield the images of a repository for which the gate fails, the repository, or its vulnerabilities."""

    def _note(self, previews: Sequence[RepositoryPreview]) -> str | None:  # noqa: ARG002  (other gates use it)
        """Return a note on the gate, which passes."""
        return None

    @abstractmethod
    def _is_affected(self, preview: RepositoryPreview, unlisted: AwsDecision) -> bool:
        """Return whether the gate might fail for an image that was pushed after the listing, whose tags are unknown."""

    def _unlisted_problems(self, preview: RepositoryPreview) -> Iterator[str]:
        affected = [each for each in preview.unlisted if self._is_affected(preview, each)]
        if affected:
            images = f"{count(len(affected), 'image')} pushed after the images were listed"
            yield f"{preview.name}: ECR's preview deletes or archives {images}; run the command again"


@dataclass(frozen=True, kw_only=True, slots=True)
class InUseGate(Gate):
    """A gate that fails if an image in use is deleted or archived."""

    @property
    def needs_account(self) -> bool:
        """Whether the gate needs the usage of images, from an account or from `--in-use-from`."""
        return True

    @property
    def _remedy(self) -> str:
        return "keep images in use: tag an image when it is deployed, and put keep_forever for that tag first"

    def _violations(self, preview: RepositoryPreview) -> Iterator[GateViolation]:
        return (each for each in _affected_images(preview) if each.users) if preview.in_use else iter(())

    def _is_affected(self, preview: RepositoryPreview, unlisted: AwsDecision) -> bool:
        return bool(preview.users(unlisted.digest))


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpiresGate(Gate):
    """
    A gate that fails if an image with a matching tag is deleted.

    Attributes:
        pattern: The tag pattern.

    """

    pattern: TagPattern

    @property
    def _remedy(self) -> str:
        in_json = f"a first rule for {self.pattern} with imageCountMoreThan 999999"
        intent = f"keep_forever({self.pattern.value!r})"
        return f"keep such images: put {intent} first (in JSON, {in_json}), or keep more of them"

    @property
    def _pattern(self) -> TagPattern:
        return self.pattern

    def _violations(self, preview: RepositoryPreview) -> Iterator[GateViolation]:
        for each in _affected_images(preview, self.pattern):
            if each.decision.action == "expire" and any(map(self.pattern.matches, each.decision.image.tags)):
                yield each

    def _note(self, previews: Sequence[RepositoryPreview]) -> str | None:
        """Return a note if no image has a tag that matches the pattern, which may be mistyped."""
        decisions = (decision for preview in previews for decision in all_decisions(preview.evaluation))
        is_matched = any(self.pattern.matches(tag) for decision in decisions for tag in decision.image.tags)
        return None if is_matched else f"no image has a tag that matches {self.pattern}"

    def _is_affected(self, preview: RepositoryPreview, unlisted: AwsDecision) -> bool:  # noqa: ARG002  (as the base class)
        return unlisted.action == "expire"


def _affected_images(preview: RepositoryPreview, pattern: TagPattern | None = None) -> Iterator[GateViolation]:
    """Yield each image that is or might be deleted or archived."""
    evaluation = preview.evaluation
    for decisions, is_certain in ((evaluation.decisions, True), (evaluation.uncertain, False)):
        for decision in decisions:
            yield GateViolation(
                repository=preview.name,
                decision=decision,
                is_certain=is_certain,
                users=preview.users(decision.image.digest),
                pattern=pattern,
                place=preview.place,
            )


_FLOOR = "add a rule that keeps a number of images, such as keep_latest(10, matching=...), in place of an age"


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryGate(Gate):
    """A gate on the damage to a repository."""

    @property
    def _remedy(self) -> str:
        return _FLOOR

    @property
    def _noun(self) -> str:
        return "repository"

    @abstractmethod
    def _damage(self, damage: Damage) -> tuple[Certainty | None, str]:
        """Return whether the gate fails for a damage, and the damage in words."""

    def _violations(self, preview: RepositoryPreview) -> Iterator[RepositoryViolation]:
        damage = damage_of(preview)
        certainty, reason = self._damage(damage)
        if certainty:
            yield RepositoryViolation(
                repository=preview.name, damage=damage, certainty=certainty, reason=reason, place=preview.place
            )

    def _is_affected(self, preview: RepositoryPreview, unlisted: AwsDecision) -> bool:  # noqa: ARG002  (as the base class)
        return True


@dataclass(frozen=True, kw_only=True, slots=True)
class EmptiesGate(RepositoryGate):
    """A gate that fails if no image remains in a repository that can be pulled."""

    def _damage(self, damage: Damage) -> tuple[Certainty | None, str]:
        return damage.empties, "be emptied"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewestGate(RepositoryGate):
    """A gate that fails if the newest image of a repository is deleted or archived."""

    def _damage(self, damage: Damage) -> tuple[Certainty | None, str]:
        newest = f"lose its newest image, {damage.describe_newest()}" if damage.newest else ""
        return damage.loses_newest, newest


@dataclass(frozen=True, kw_only=True, slots=True)
class LossGate(RepositoryGate):
    """
    A gate that fails if more than a part of the images of a repository is deleted or archived.

    Attributes:
        percent: The part, from 0 to 100.

    """

    percent: float

    @property
    def _remedy(self) -> str:
        return "keep more images, or apply the policy in steps: raise its counts and ages, and lower them later"

    def _damage(self, damage: Damage) -> tuple[Certainty | None, str]:
        return damage.exceeds(self.percent), f"lose more than {self.percent:g}% of its images"


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingsGate(Gate):
    """
    A gate that fails if an image in use that is not deleted or archived has a vulnerability.

    Attributes:
        severity: The lowest severity.
        scans: The findings of image scans. None until they are read.
        accepted: The accepted findings.

    """

    severity: ScanSeverity
    scans: ScanResults | None = None
    accepted: tuple[AcceptedFinding, ...] = ()

    @property
    def needs_account(self) -> bool:
        """Whether the gate needs the usage of images, from an account or from `--in-use-from`."""
        return True

    def evaluate(self, report: PreviewReport) -> GateResult:
        """
        Return the result of the gate: vulnerabilities with a fix first, then those of the highest severity.

        Args:
            report: The previews.

        """
        result = Gate.evaluate(self, report)
        found = [each for each in result.violations if isinstance(each, FindingViolation)]
        unknown = result.unknown
        if not any(preview.in_use for preview in report.previews):
            unknown += (_NO_IMAGE_IN_USE,)
        ordered = tuple(sorted(found, key=lambda each: (each.finding.order, each.repository)))
        names = report.without_policy
        note = _NOT_JUDGED.format(shortened(names)) if names and not (found or unknown) else result.note
        return replace(result, violations=ordered, unknown=unknown, note=note)

    @property
    def _remedy(self) -> str:
        return "build the images with fixed packages and deploy them, or accept findings with --accepted-findings"

    @property
    def _noun(self) -> str:
        return "finding"

    def _violations(self, preview: RepositoryPreview) -> Iterator[FindingViolation]:
        least = severity_rank(self.severity)
        for decision, users in images_to_scan(preview):
            found = self.scans.findings.get((preview.name, decision.image.digest), ()) if self.scans else ()
            for finding in found:
                if severity_rank(finding.severity) <= least and not self._is_accepted(finding, preview.repository):
                    yield FindingViolation(
                        repository=preview.name, decision=decision, finding=finding, users=users, place=preview.place
                    )

    def _is_accepted(self, finding: ImageFinding, repository: str) -> bool:
        packages = finding.packages or (None,)
        return all(
            any(each.covers(finding.vulnerability, repository, package) for each in self.accepted)
            for package in packages
        )

    def _is_affected(self, preview: RepositoryPreview, unlisted: AwsDecision) -> bool:  # noqa: ARG002  (as the base class)
        return False

    def _unlisted_problems(self, preview: RepositoryPreview) -> Iterator[str]:
        """Yield the images whose findings are not known."""
        evaluation = preview.evaluation
        in_use = [
            decision.image
            for decision in (*evaluation.kept, *evaluation.uncertain)
            if preview.users(decision.image.digest)
        ]
        for image in in_use:
            if reason := _unscannable(image):
                yield f"{preview.name}: {image_label(image)} is in use, and {reason}"
        yield from _unlisted_children(preview, in_use)
        for decision, _ in images_to_scan(preview):
            key = (preview.name, decision.image.digest)
            if self.scans is None or key not in self.scans.findings:
                reason = self.scans.problems.get(key, _NO_SCAN) if self.scans else _NO_SCAN
                yield f"{preview.name}: {image_label(decision.image)} is in use, and {reason}"


_NOT_JUDGED = "the images of {} are not checked, because the input has no policy for them"
_NO_SCAN = "its findings are not given; scan it first"
_UNSCANNED = {
    "archived": "archived images are not scanned; restore it",
    "activating": "it is being restored; run the command again later",
}
_NO_MANIFEST = "the images of this index are not known; add --read-indexes with --live, or --manifests with --images"
_NO_IMAGE_IN_USE = "no image of these repositories is reported in use, so no finding is checked"


def _unlisted_children(preview: RepositoryPreview, in_use: Sequence[Image]) -> Iterator[str]:
    """Yield the image indexes in use whose images were not listed: a listing can have tagged images only."""
    referenced = {image: image.referenced_digests for image in in_use if image.referenced_digests}
    if not referenced:
        return
    known = {decision.image.digest for decision in all_decisions(preview.evaluation)}
    for index, digests in referenced.items():
        if missing := len(set(digests) - known):
            images = f"{count(missing, 'image')} of this index {'is' if missing == 1 else 'are'}"
            label = image_label(index)
            yield f"{preview.name}: {label} is in use, and {images} not listed; list the images without a tag, too"


def _unscannable(image: Image) -> str | None:
    """Return the reason why the vulnerabilities of an image cannot be known, with the fix."""
    if image.is_index:
        return _NO_MANIFEST if image.referenced_digests is None else None
    if image.is_attestation:
        return None
    return _UNSCANNED.get(image.status)


def images_to_scan(preview: RepositoryPreview) -> Iterator[tuple[Decision, tuple[str, ...]]]:
    """
    Yield the images whose findings count for a gate, with the workloads that run them.

    They are in use, and are kept or uncertain. Image indexes have no findings, archived images are not scanned, and
    attestations are not run.

    Args:
        preview: The preview of the repository.

    """
    evaluation = preview.evaluation
    for decision in (*evaluation.kept, *evaluation.uncertain):
        image, users = decision.image, preview.users(decision.image.digest)
        if users and not image.is_index and not image.is_attestation and image.status == "active":
            yield decision, users


def read_gate(text: str) -> Gate:
    """
    Return the gate in a text.

    Args:
        text: `in-use`, `empties`, `newest`, `loses:` and a percentage such as `loses:50%`, `findings:` and a severity
            such as `findings:HIGH`, or `expires:` and a tag pattern as in a lifecycle rule.

    Raises:
        CommandError: If the text is none of them.

    """
    if text in _PLAIN_GATES:
        return _PLAIN_GATES[text](text=text)
    if text.startswith(_LOSES):
        return LossGate(text=text, percent=_read_percent(text.removeprefix(_LOSES)))
    if text.startswith(_FINDINGS):
        return FindingsGate(text=text, severity=_read_severity(text.removeprefix(_FINDINGS)))
    if not text.startswith(_EXPIRES):
        message = (
            f"{abbreviate(text)} is unknown; write in-use, empties, newest, loses: and a percentage such as loses:50%, "
            "findings: and a severity such as findings:HIGH, or expires: and a tag pattern such as expires:release-*"
        )
        raise CommandError([message], path="--fail-if")
    try:
        return ExpiresGate(text=text, pattern=TagPattern(text.removeprefix(_EXPIRES)))
    except InvalidName as error:
        raise CommandError(error.problems, path="--fail-if") from None


_PLAIN_GATES: dict[str, type[Gate]] = {"in-use": InUseGate, "empties": EmptiesGate, "newest": NewestGate}


def _read_percent(text: str) -> float:
    match = _PERCENT.fullmatch(text)
    if match is None or float(match[1]) >= _WHOLE:
        message = (
            f"{abbreviate(text)} is not a percentage from 0% to less than 100%; write it as loses:50%"
            f"{', or empties for all images' if match and float(match[1]) == _WHOLE else ''}"
        )
        raise CommandError([message], path="--fail-if")
    return float(match[1])


def _read_severity(text: str) -> ScanSeverity:
    for severity in get_args(ScanSeverity):
        if text.upper() == severity:
            return cast("ScanSeverity", severity)
    message = f"{abbreviate(text)} is not a severity; write one of {', '.join(get_args(ScanSeverity))}"
    raise CommandError([message], path="--fail-if")


def _no_usage_seen(previews: Sequence[RepositoryPreview]) -> Iterator[str]:
    """Yield a problem if no image at all is reported in use: workloads may run in another account."""
    is_affected = any(preview.evaluation.decisions or preview.evaluation.uncertain for preview in previews)
    if is_affected and not any(preview.in_use for preview in previews):
        yield (
            "images would be deleted or archived, and no image of these repositories is reported in use; if workloads "
            "run in another account or Region, or outside of Amazon ECS and Amazon Inspector, use expires:PATTERN"
        )


_SCOPE = "choose the repositories to check with --repository"


def _incomplete_inputs(report: PreviewReport, previews: Sequence[RepositoryPreview]) -> Iterator[str]:
    """Yield the missing inputs, without which images can be missing in the previews."""
    if report.problems:
        yield f"{count(len(report.problems), 'problem')} prevented a preview, as reported above; fix it first"
    elif not previews:
        yield "only creation templates match, and ECR does not apply them to existing repositories; nothing to check"
    for unread in report.unread:
        if unread.prefix is None:
            yield f"{unread.where}: {'; '.join(unread.problems)}, or {_SCOPE}"
    missing = [each for each in report.without_images if each.prefix is None and each.policy.rules]
    if nameless := [each.where for each in missing if each.repository is None]:
        yield f"the repository of {shortened(nameless)} has no known name; {_SCOPE}"
    if not report.is_live and (named := [each.repository for each in missing if each.repository is not None]):
        yield f"the images of {shortened(named)} were not given; list them, or {_SCOPE}"
