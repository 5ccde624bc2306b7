"""What deserves a look beside the figures of a preview, each in one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from ecr_constructs.cli.formatting import count, name, names, size
from ecr_constructs.cli.output.sizes import amount
from ecr_constructs.cli.output.uncertain_groups import doubts, remedy
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview
from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.model.lifecycle.evaluation import Decision
from ecr_constructs.model.lifecycle.findings import Finding

__all__ = [
    "COLOURS",
    "Message",
    "closing",
    "deployed",
    "endangered",
    "notices",
    "settling",
    "shared_findings",
    "uncertain",
]

_LINES = 10
# From bad to harmless.
COLOURS = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_SEVERITIES = tuple(COLOURS)
_HAPPENS = {"expire": "expire", "archive": "be archived"}
_Thing = TypeVar("_Thing")


class Message(NamedTuple):
    """
    A line, and the colour in which a terminal shows its beginning.

    Attributes:
        word: What kind of notice it is.
        text: The rest of the line.
        style: The colour of the word.

    """

    word: str
    text: str
    style: str


def notices(preview: RepositoryPreview, *, is_live: bool) -> Iterator[Message]:
    """
    Say what deserves a look in the preview of a repository, what is worst first.

    Args:
        preview: What was previewed.
        is_live: Whether an account was asked.

    """
    yield from _in_use(preview)
    yield from _compared(preview, is_live=is_live)
    yield from uncertain(preview.evaluation.uncertain)
    yield from _disagreements(preview)
    yield from (_finding(finding) for finding in preview.findings)


def endangered(preview: RepositoryPreview) -> list[tuple[Decision, str, tuple[str, ...]]]:
    """
    Find images in use that would go, or may, each with that word and who runs it.

    The policy of a creation template takes nothing from a repository that exists.

    Args:
        preview: What was previewed.

    """
    evaluation = preview.evaluation
    return [
        (decision, verb, users)
        for decisions, verb in ((evaluation.decisions, "would"), (evaluation.uncertain, "may"))
        for decision in decisions
        if preview.prefix is None and (users := preview.users(decision.image.digest))
    ]


def uncertain(decisions: Sequence[Decision]) -> Iterator[Message]:
    """
    Say why the replay cannot tell, the most frequent reasons first.

    Args:
        decisions: Of uncertain images.

    """
    found = doubts(decisions)
    for doubt in found[:_LINES]:
        rule = f" by rule {doubt.rule.rule_priority}" if doubt.rule else ""
        fate = f"{count(len(doubt.images), 'image')} may {_HAPPENS[doubt.action]}{rule}"
        yield Message("uncertain", f"{fate}: {doubt.why}", "magenta")
    if more := _more(found):
        yield Message("uncertain", f"of reasons there are{more}", "magenta")


def shared_findings(previews: Sequence[RepositoryPreview]) -> Iterator[Message]:
    """
    Tell findings once that several repositories share.

    Args:
        previews: Of repositories with the same policy.

    """
    found: dict[tuple[int, int, str], dict[str, Finding]] = {}
    for preview in previews:
        for finding in preview.findings:
            rule = finding.rule.rule_priority if finding.rule else 0
            key = (_SEVERITIES.index(finding.severity), rule, finding.id)
            found.setdefault(key, {})[preview.repository] = finding
    for _, of_repository in sorted(found.items()):
        finding = next(iter(of_repository.values()))
        is_same = len({each.sentence for each in of_repository.values()}) == 1
        if len(of_repository) == len(previews) and is_same:
            yield _finding(finding)
        else:
            yield _finding(finding, where=f"{_several(list(of_repository))}: ")


def deployed(*, is_live: bool) -> str:
    """
    Say which policy is compared with.

    Args:
        is_live: Whether an account was asked; otherwise a file was.

    """
    return "the policy deployed in the account" if is_live else "the deployed policy of --current-policy"


def settling(survey: PreviewReport) -> Iterator[Message]:
    """
    Say what would settle what is uncertain, if anything would.

    Args:
        survey: What was previewed.

    """
    if text := remedy(survey.previews, is_live=survey.is_live):
        yield Message("uncertain", text, "magenta")


def closing(survey: PreviewReport) -> Iterator[Message]:
    """
    Say what was not previewed, and what all of it comes to.

    Args:
        survey: What was previewed.

    """
    for unread in survey.unread:
        yield Message("not read", f"{unread.where}: {'; '.join(unread.problems)}", "yellow")
    for policy in survey.without_images:
        yield Message("no images", f"{policy.where}: {_why_none(policy, survey)}", "yellow")
    if names_without := survey.without_policy:
        shown = f"{', '.join(names_without[:_LINES])}{_more(names_without)}"
        yield Message("no policy", f"for {count(len(names_without), 'repository')}: {shown}", "yellow")
    for note in _notes(survey):
        yield Message("note", note, "cyan")
    yield Message("total", _sum(survey.previews), "bold")


def _in_use(preview: RepositoryPreview) -> Iterator[Message]:
    going = endangered(preview)
    for decision, verb, users in going[:_LINES]:
        text = f"{name(decision.image)} {verb} {_HAPPENS[decision.action]}, and is in use by {', '.join(users)}"
        yield Message("in use", text, "bold red")
    if more := _more(going):
        yield Message("in use", f"of such images there are{more}", "bold red")


def _compared(preview: RepositoryPreview, *, is_live: bool) -> Iterator[Message]:
    if preview.current is None:
        return
    if not preview.newly_lost and not preview.newly_kept:
        yield Message("same", "the deployed policy does the same to these images", "green")
    today = deployed(is_live=is_live)
    if preview.newly_lost:
        yield Message("newly lost", _images(preview.newly_lost, f"spared by {today}"), "red")
    if preview.newly_kept:
        yield Message("newly kept", _images(preview.newly_kept, f"taken by {today}"), "green")


def _disagreements(preview: RepositoryPreview) -> Iterator[Message]:
    for each in preview.disagreements[:_LINES]:
        text = f"{name(each.image)}: AWS's own preview says {each.aws}, and the replay {each.replay}"
        yield Message("disagreement", text, "magenta")
    if more := _more(preview.disagreements):
        yield Message("disagreement", f"of such images there are{more}", "magenta")
    if preview.unlisted:
        what = count(len(preview.unlisted), "image")
        text = f"AWS's own preview takes {what} pushed after the images were listed; run the command again to see more"
        yield Message("not listed", text, "magenta")


def _images(decisions: Sequence[Decision], whose: str) -> str:
    images = [decision.image for decision in decisions]
    return f"{amount(images)}, {whose}: {names(images)}"


def _finding(finding: Finding, *, where: str = "") -> Message:
    text = f"{where}{finding.sentence}; {finding.remedy} [{finding.id}]"
    return Message(finding.severity, text, COLOURS[finding.severity])


def _why_none(policy: Policy, survey: PreviewReport) -> str:
    if policy.prefix is not None:
        if policy.prefix == "ROOT":
            return "every repository given has a policy of its own, or another template"
        return f"no repository given is under {policy.prefix.rstrip('/')}/ without a policy of its own"
    if policy.repository is None:
        return "the name of its repository is not known before deployment; write one, or preview its policy alone"
    return f"there is no repository {policy.repository}{'' if survey.is_live else ' among the images given'}"


def _notes(survey: PreviewReport) -> Iterator[str]:
    """Tell once what is to be known of several repositories."""
    repositories = {preview.repository for preview in survey.previews}
    found: dict[str, list[str]] = {}
    for note in survey.notes:
        repository, _, text = note.partition(": ")
        if repository in repositories:
            found.setdefault(text, []).append(repository)
        else:
            yield note
    yield from (f"{_several(of_repositories)}: {text}" for text, of_repositories in found.items())


def _several(repositories: Sequence[str]) -> str:
    first, *others = repositories
    return f"{count(len(repositories), 'repository')}, such as {first}" if others else first


def _more(things: Sequence[_Thing]) -> str:
    return f" {len(things) - _LINES:,} more; --format json has all" if len(things) > _LINES else ""


def _sum(previews: Iterable[RepositoryPreview]) -> str:
    # The policy of a creation template does nothing to repositories that exist.
    evaluations = [preview.evaluation for preview in previews if preview.prefix is None]
    expired = sum(len(each.expired) for each in evaluations)
    archived = sum(len(each.archived) for each in evaluations)
    uncertain = sum(len(each.uncertain) for each in evaluations)
    kept = sum(len(each.kept) for each in evaluations)
    freed = sum(each.bytes_freed for each in evaluations)
    going = f"{count(expired, 'image')} ({size(freed)})" if freed else count(expired, "image")
    return (
        f"{count(len(evaluations), 'repository')}: {going} would expire, "
        f"{archived:,} be archived, {uncertain:,} may go, {kept:,} stay"
    )
