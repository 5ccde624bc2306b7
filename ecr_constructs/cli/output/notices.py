"""What deserves a look beside the figures of a preview, each in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from ecr_constructs.cli.previews.preview import Preview, Survey
from ecr_constructs.cli.quantities import bytes_of, count, name, names, size
from ecr_constructs.cli.sources.inventory import Policy
from ecr_constructs.model.evaluation import Decision

__all__ = ["COLOURS", "Notice", "closing", "notices"]

_LINES = 10
# From bad to harmless.
COLOURS = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_Thing = TypeVar("_Thing")


class Notice(NamedTuple):
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


def notices(preview: Preview) -> Iterator[Notice]:
    """
    Say what deserves a look in the preview of a repository, what is worst first.

    Args:
        preview: What was previewed.

    """
    yield from _in_use(preview)
    yield from _compared(preview)
    yield from _uncertain(preview)
    yield from _disagreements(preview)
    for finding in preview.findings:
        text = f"{finding.sentence}; {finding.remedy} [{finding.id}]"
        yield Notice(finding.severity, text, COLOURS[finding.severity])


def closing(survey: Survey) -> Iterator[Notice]:
    """
    Say what was not previewed, and what all of it comes to.

    Args:
        survey: What was previewed.

    """
    for unread in survey.unread:
        yield Notice("not read", f"{unread.where}: {'; '.join(unread.problems)}", "yellow")
    for policy in survey.without_images:
        yield Notice("no images", f"{policy.where}: {_why_none(policy, survey)}", "yellow")
    if names_without := survey.without_policy:
        shown = f"{', '.join(names_without[:_LINES])}{_more(names_without)}"
        yield Notice("no policy", f"for {count(len(names_without), 'repository')}: {shown}", "yellow")
    for note in survey.notes:
        yield Notice("note", note, "cyan")
    yield Notice("total", _sum(survey.previews), "bold")


def _in_use(preview: Preview) -> Iterator[Notice]:
    evaluation = preview.evaluation
    going = [
        (decision, verb, users)
        for decisions, verb in ((evaluation.decisions, "would"), (evaluation.uncertain, "may"))
        for decision in decisions
        if (users := preview.users(decision.image.digest))
    ]
    for decision, verb, users in going[:_LINES]:
        text = f"{name(decision.image)} {verb} {decision.action}, and is in use by {', '.join(users)}"
        yield Notice("in use", text, "bold red")
    if more := _more(going):
        yield Notice("in use", f"of such images there are{more}", "bold red")


def _compared(preview: Preview) -> Iterator[Notice]:
    if preview.current is None:
        return
    if not preview.newly_lost and not preview.newly_kept:
        yield Notice("same", "the deployed policy does the same to these images", "green")
    if preview.newly_lost:
        yield Notice("newly lost", _images(preview.newly_lost), "red")
    if preview.newly_kept:
        yield Notice("newly kept", _images(preview.newly_kept), "green")


def _uncertain(preview: Preview) -> Iterator[Notice]:
    reasons = Counter(decision.why for decision in preview.evaluation.uncertain)
    for why, number in reasons.most_common(_LINES):
        yield Notice("uncertain", f"{count(number, 'image')}: {why}", "magenta")
    if more := _more(tuple(reasons)):
        yield Notice("uncertain", f"of reasons there are{more}", "magenta")


def _disagreements(preview: Preview) -> Iterator[Notice]:
    for each in preview.disagreements[:_LINES]:
        text = f"{name(each.image)}: AWS's own preview says {each.aws}, and the replay {each.replay}"
        yield Notice("disagreement", text, "magenta")
    if more := _more(preview.disagreements):
        yield Notice("disagreement", f"of such images there are{more}", "magenta")
    if preview.unlisted:
        what = count(len(preview.unlisted), "image")
        text = f"AWS's own preview takes {what} pushed after the images were listed; run the command again to see more"
        yield Notice("not listed", text, "magenta")


def _images(decisions: Sequence[Decision]) -> str:
    images = [decision.image for decision in decisions]
    return f"{count(len(images), 'image')}, {size(bytes_of(images))}: {names(images)}"


def _why_none(policy: Policy, survey: Survey) -> str:
    if policy.prefix is not None:
        return f"there is no repository without a policy of its own for the creation template for {policy.prefix}"
    if policy.repository is None:
        return "the name of its repository is not known before deployment; write one, or preview its policy alone"
    return f"there is no repository {policy.repository}{'' if survey.is_live else ' among the images given'}"


def _more(things: Sequence[_Thing]) -> str:
    return f" {len(things) - _LINES:,} more; --format json has all" if len(things) > _LINES else ""


def _sum(previews: Iterable[Preview]) -> str:
    # The policy of a creation template does nothing to repositories that exist.
    evaluations = [preview.evaluation for preview in previews if preview.prefix is None]
    expired = sum(len(each.expired) for each in evaluations)
    archived = sum(len(each.archived) for each in evaluations)
    uncertain = sum(len(each.uncertain) for each in evaluations)
    kept = sum(len(each.kept) for each in evaluations)
    freed = size(sum(each.bytes_freed for each in evaluations))
    return (
        f"{count(len(evaluations), 'repository')}: {count(expired, 'image')} ({freed}) would expire, "
        f"{archived:,} be archived, {uncertain:,} may go, {kept:,} stay"
    )
