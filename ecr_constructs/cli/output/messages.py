"""The messages below the tables of a preview, one line each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ecr_constructs.cli.formatting import (
    count,
    decision_label,
    decision_labels,
    describe_images,
    format_size,
    omitted,
)
from ecr_constructs.cli.output.alarms import alarm_messages
from ecr_constructs.cli.output.costs import price_message, quota_messages, total_cost_messages
from ecr_constructs.cli.output.message import COLOURS, Message
from ecr_constructs.cli.output.rule_summary import outcome_of
from ecr_constructs.cli.preview.damage import Damage
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview
from ecr_constructs.cli.preview.totals import Totals, sum_of, totals_of
from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.evaluation import Decision
from ecr_constructs.model.lifecycle.findings import Finding
from ecr_constructs.model.lifecycle.outcome import UndocumentedBehavior
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.word_lists import shortened

__all__ = [
    "COLOURS",
    "Message",
    "UncertainGroup",
    "deployed_policy_source",
    "group_uncertain",
    "in_use_at_risk",
    "input_messages",
    "repository_messages",
    "shared_findings",
    "summary_messages",
    "total_message",
    "uncertain_messages",
    "uncertainty_hint",
]

_MOST_MESSAGES = 10
_SEVERITIES = tuple(COLOURS)
_PARTICIPLES = {"expire": "deleted", "archive": "archived"}
_DIGEST_IN_REASON = re.compile(r" sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class UncertainGroup:
    """
    Uncertain images with the same reason.

    Attributes:
        action: The possible action.
        rule: The rule of that action, if it is known.
        why: The reason.
        decisions: The decisions, the oldest image first.

    """

    action: str
    rule: LifecycleRule | None
    why: str
    decisions: tuple[Decision, ...]

    @property
    def images(self) -> tuple[Image, ...]:
        """The images, the oldest first."""
        return tuple(decision.image for decision in self.decisions)


def group_uncertain(uncertain: Iterable[Decision]) -> tuple[UncertainGroup, ...]:
    """
    Return uncertain images in groups. Reasons that differ in the digest of an image are the same.

    Args:
        uncertain: The decisions.

    Returns:
        The groups, the largest first.

    """
    groups: dict[tuple[str, LifecycleRule | None, str], list[Decision]] = {}
    for decision in uncertain:
        key = (decision.action, decision.rule, _DIGEST_IN_REASON.sub("", decision.why))
        groups.setdefault(key, []).append(decision)
    found = [
        UncertainGroup(action=action, rule=rule, why=why, decisions=tuple(decisions))
        for (action, rule, why), decisions in groups.items()
    ]
    return tuple(sorted(found, key=lambda group: -len(group.decisions)))


def uncertainty_hint(previews: Iterable[RepositoryPreview], *, is_live: bool) -> str:
    """
    Return the option that resolves which images belong to an image index, or an empty text if that is certain.

    Args:
        previews: The previews.
        is_live: Whether images come from an account.

    """
    if not any(totals_of(each).uncertain and _depends_on_an_index(each.evaluation.uncertain) for each in previews):
        return ""
    reads = "reads which images belong to an image index"
    return (
        f"--read-indexes {reads}" if is_live else f"--live uses ECR's preview, which resolves this; --manifests {reads}"
    )


def _depends_on_an_index(uncertain: Iterable[Decision]) -> bool:
    return any(UndocumentedBehavior.CHILD.value in decision.why for decision in uncertain)


def repository_messages(preview: RepositoryPreview, *, is_live: bool) -> Iterator[Message]:
    """
    Yield the messages about one repository, the most important first.

    Args:
        preview: The preview.
        is_live: Whether images come from an account.

    """
    yield from _in_use_messages(preview)
    yield from _difference_messages(preview, is_live=is_live)
    yield from uncertain_messages(preview.evaluation.uncertain)
    yield from _disagreement_messages(preview)
    yield from quota_messages(preview)
    yield from (_finding_message(finding) for finding in preview.findings)


def in_use_at_risk(preview: RepositoryPreview) -> list[tuple[Decision, str, tuple[str, ...]]]:
    """
    Return the images in use that are or may be deleted or archived, each with `would` or `might` and its users.

    ECR does not apply the policy of a creation template to a repository that exists, so it has none.

    Args:
        preview: The preview.

    """
    if not preview.in_use:
        return []
    evaluation = preview.evaluation
    return [
        (decision, verb, users)
        for decisions, verb in ((evaluation.decisions, "would"), (evaluation.uncertain, "might"))
        for decision in decisions
        if preview.prefix is None and (users := preview.users(decision.image.digest))
    ]


def uncertain_messages(decisions: Sequence[Decision]) -> Iterator[Message]:
    """
    Yield the reasons for uncertain outcomes, the most frequent first.

    Args:
        decisions: The decisions on uncertain images.

    """
    groups = group_uncertain(decisions)
    for group in groups[:_MOST_MESSAGES]:
        rule = f" by rule {group.rule.rule_priority}" if group.rule else ""
        possible = f"{count(len(group.decisions), 'image')} might be {_PARTICIPLES[group.action]}{rule}"
        yield Message("uncertain", f"{possible}: {group.why}", "magenta")
    yield from _omitted_messages("uncertain", groups, "reason", "magenta")


def shared_findings(previews: Sequence[RepositoryPreview]) -> Iterator[Message]:
    """
    Yield each finding about several repositories once.

    Args:
        previews: The previews of repositories with the same policy.

    """
    found: dict[tuple[int, int, str], dict[str, Finding]] = {}
    for preview in previews:
        for finding in preview.findings:
            rule = finding.rule.rule_priority if finding.rule else 0
            key = (_SEVERITIES.index(finding.severity), rule, finding.id)
            found.setdefault(key, {})[preview.name] = finding
    for _, by_repository in sorted(found.items()):
        finding = next(iter(by_repository.values()))
        is_same = len({each.sentence for each in by_repository.values()}) == 1
        if len(by_repository) == len(previews) and is_same:
            yield _finding_message(finding)
        else:
            yield _finding_message(finding, where=f"{_repositories(list(by_repository))}: ")


def deployed_policy_source(*, is_live: bool) -> str:
    """
    Return the policy that a preview is compared with, with its source.

    Args:
        is_live: Whether it was read from the account, and not from a file.

    """
    return "the policy deployed in the account" if is_live else "the deployed policy of --current-policy"


def summary_messages(report: PreviewReport, ranked: Sequence[tuple[RepositoryPreview, Damage]]) -> Iterator[Message]:
    """
    Yield the inputs that were not previewed, the notes, the alarms and the total.

    Args:
        report: The previews.
        ranked: The previews with their damage, the worst first.

    """
    yield from input_messages(report)
    yield from alarm_messages(ranked)
    yield total_message(report)
    yield from total_cost_messages(report)


def input_messages(report: PreviewReport) -> Iterator[Message]:
    """
    Yield the inputs that were not previewed, and the notes.

    Args:
        report: The previews.

    """
    if report.unread_places:
        everything = len(report.places) + len(report.unread_places)
        places = shortened([str(each.place) for each in report.unread_places], _MOST_MESSAGES)
        text = f"{len(report.unread_places):,} of {everything:,} accounts and Regions: {places}"
        yield Message("not read", text, "bold red")
    elif len(report.places) > 1:
        accounts = len({each.account_id for each in report.places})
        regions = len({each.region for each in report.places})
        yield Message("read", f"{count(accounts, 'account')} in {count(regions, 'Region')}", "cyan")
    for unread in report.unread:
        yield Message("not read", f"{unread.where}: {'; '.join(unread.problems)}", "yellow")
    for policy in report.without_images:
        yield Message("no images", f"{policy.where}: {_reason_without_images(policy, report)}", "yellow")
    if names := report.without_policy:
        json = "; --format json has all" if len(names) > _MOST_MESSAGES else ""
        text = f"{count(len(names), 'repository')}: {shortened(names, _MOST_MESSAGES)}{json}"
        yield Message("no policy", text, "yellow")
    for note in _notes(report):
        yield Message("note", note, "cyan")
    if report.prices is not None:
        yield price_message(report)


def total_message(report: PreviewReport) -> Message:
    """
    Return the total over all repositories.

    Args:
        report: The previews.

    """
    repositories = sum(preview.prefix is None for preview in report.previews)
    return Message("total", f"{count(repositories, 'repository')}: {_total(sum_of(report.previews))}", "bold")


def _in_use_messages(preview: RepositoryPreview) -> Iterator[Message]:
    at_risk = in_use_at_risk(preview)
    for decision, verb, users in at_risk[:_MOST_MESSAGES]:
        action = f"{verb} be {_PARTICIPLES[decision.action]}"
        text = f"{decision_label(decision)} {action} and is in use by {', '.join(users)}"
        yield Message("in use", text, "bold red")
    yield from _omitted_messages("in use", at_risk, "image", "bold red")


def _difference_messages(preview: RepositoryPreview, *, is_live: bool) -> Iterator[Message]:
    if preview.current is None:
        return
    if not preview.newly_lost and not preview.newly_kept:
        yield Message("same", "the deployed policy has the same effect on these images", "green")
    deployed = deployed_policy_source(is_live=is_live)
    if preview.newly_lost:
        yield Message("newly lost", _difference(preview.newly_lost, deployed), "red")
    if preview.newly_kept:
        yield Message("newly kept", _difference(preview.newly_kept, deployed), "green")


def _disagreement_messages(preview: RepositoryPreview) -> Iterator[Message]:
    for each in preview.disagreements[:_MOST_MESSAGES]:
        aws, evaluated = outcome_of(each.aws.action, each.aws.rule), each.evaluated
        local = f"{outcome_of(evaluated.action, evaluated.rule)} ({evaluated.why})"
        text = f"{decision_label(evaluated)}: {aws} in ECR's preview, {local} in the local evaluation"
        yield Message("disagreement", text, "magenta")
    yield from _omitted_messages("disagreement", preview.disagreements, "image", "magenta")
    if preview.unlisted:
        images = f"{count(len(preview.unlisted), 'image')} pushed after the images were listed"
        text = f"ECR's preview deletes or archives {images}; run the command again to see more"
        yield Message("not listed", text, "magenta")


def _omitted_messages(kind: str, everything: Sequence[object], noun: str, style: str) -> Iterator[Message]:
    """Yield a message with the number of messages that were left out, if any were."""
    more = len(everything) - _MOST_MESSAGES
    if more > 0:
        yield Message(kind, f"{omitted(more, noun)}; --format json has all", style)


def _difference(decisions: Sequence[Decision], deployed: str) -> str:
    images = [decision.image for decision in decisions]
    return f"{describe_images(images)}, compared with {deployed}: {decision_labels(decisions)}"


def _finding_message(finding: Finding, *, where: str = "") -> Message:
    text = f"{where}{finding.sentence}; {finding.remedy} [{finding.id}]"
    return Message(finding.severity, text, COLOURS[finding.severity])


def _reason_without_images(policy: Policy, report: PreviewReport) -> str:
    if policy.prefix is not None:
        if policy.prefix == "ROOT":
            return "every given repository has a policy of its own, or another template"
        return f"every given repository under {policy.prefix.rstrip('/')}/ has a policy of its own, or there is none"
    if policy.repository is None:
        return "the name of its repository is not known before deployment; write one, or preview its policy alone"
    return f"there is no repository {policy.repository}{'' if report.is_live else ' among the given images'}"


def _notes(report: PreviewReport) -> Iterator[str]:
    """Yield each note about several repositories once."""
    repositories = {preview.name for preview in report.previews}
    found: dict[str, list[str]] = {}
    for note in report.notes:
        repository, _, text = note.partition(": ")
        if repository in repositories:
            found.setdefault(text, []).append(repository)
        else:
            yield note
    yield from (f"{_repositories(names)}: {text}" for text, names in found.items())


def _repositories(names: Sequence[str]) -> str:
    first, *others = names
    return f"{count(len(names), 'repository')}, such as {first}" if others else first


def _total(totals: Totals) -> str:
    freed = f" ({format_size(totals.expired_size)})" if totals.expired_size else ""
    return (
        f"{count(totals.expired, 'image')} to delete{freed}, "
        f"{totals.archived:,} to archive, {totals.uncertain:,} uncertain, {totals.kept:,} to keep"
    )
