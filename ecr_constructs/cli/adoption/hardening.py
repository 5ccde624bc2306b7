"""The steps from adopted repositories to hardened ones. Each step is one deployment."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ecr_constructs.cli.adoption.plan import AdoptionPlan, StackPlan
from ecr_constructs.cli.adoption.planned import ADOPTED, PlannedConstruct, is_repository
from ecr_constructs.cli.adoption.program import program_files
from ecr_constructs.cli.python_code.calls import Call, Name
from ecr_constructs.model.immutability import MAXIMUM_FILTERS

__all__ = ["Step", "difference", "hardening_steps", "pushed_again"]

Settings = dict[str, object]
# A function that returns the changed settings of one or several repositories.
Change = Callable[[Settings, Sequence[PlannedConstruct]], Settings]

_MOST_ACCOUNTS = 2
_KEPT_UNTAGGED = 100
# Tags that name one build: versions with three parts or more, and parts of at least 7 digits or hexadecimal digits.
_OF_ONE_BUILD = re.compile(r"v?\d+(\.\d+){2,}([.+_-].*)?|(.*[^0-9a-z])?([0-9a-f]{7,64}|\d{6,})([^0-9a-z].*)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """
    One step.

    Attributes:
        title: The title.
        effect: The effect of the step, in sentences.
        before: The instructions before the deployment of the step, in sentences.
        repositories: The names of the repositories that change.
        difference: The difference of the program, as a unified diff.

    """

    title: str
    effect: str
    before: str
    repositories: tuple[str, ...]
    difference: tuple[str, ...]


def hardening_steps(plan: AdoptionPlan) -> tuple[Step, ...]:
    """
    Return the steps that change a repository. Each step starts from the program after the previous step.

    Args:
        plan: The plan of the adopted repositories.

    """
    found: list[Step] = []
    for title, effect, before, change in _changes(plan):
        after = _changed(plan, change)
        names = tuple(
            new.name
            for (_, old), (_, new) in zip(plan.constructs, after.constructs, strict=True)
            if _settings_of(plan, old) != _settings_of(after, new)
        )
        if names:
            lines = tuple(difference(program_files(plan), program_files(after)))
            found.append(Step(title=title, effect=effect, before=before, repositories=names, difference=lines))
            plan = after
    return tuple(found)


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """
    Yield the lines of the difference of two programs.

    Args:
        before: The files of the first one.
        after: The files of the second one.

    """
    for name in sorted({*before, *after}):
        old, new = (each.get(name, "").splitlines() for each in (before, after))
        yield from difflib.unified_diff(old, new, fromfile=name, tofile=name, lineterm="", n=1)


def pushed_again(plan: AdoptionPlan, construct: PlannedConstruct) -> tuple[str, ...] | None:
    """
    Return the tags of a repository that do not name one build. A pipeline can push such tags again.

    Args:
        plan: The plan.
        construct: The repository.

    Returns:
        The tags. None if its images are not known.

    """
    images = plan.inventory.images.get(construct.name)
    if images is None:
        return None
    tags = sorted({tag for image in images for tag in image.tags})
    return tuple(each for each in tags if not _OF_ONE_BUILD.fullmatch(each))


# --- the steps --------------------------------------------------------------------------------------------------------


def _changes(plan: AdoptionPlan) -> Iterator[tuple[str, str, str, Change]]:
    yield (
        "Scan images on push",
        "ECR scans each image that is pushed. Basic scanning is free of charge, and no push is rejected.",
        "Nothing.",
        _scanned,
    )
    yield (
        "Delete untagged images",
        f"The newest {_KEPT_UNTAGGED} untagged images are kept, and older ones are deleted. Tagged images are kept.",
        "Run `ecr-constructs preview cdk.out --live --current`. Give an image that is pulled by digest a tag.",
        _with_lifecycle,
    )
    yield (
        "Make tags immutable",
        "ECR rejects a second push of a tag, except for the tags in the filters.",
        "Find the tags that pipelines push again, and correct the filters. The table of pushes above lists candidates.",
        lambda settings, group: _immutable(plan, settings, group),
    )
    yield (
        "Allow the organization instead of single accounts",
        "All principals of the organization can pull if their own policies allow it, and accounts outside it cannot.",
        "Replace `o-...` by the ID of the organization, and keep `Access.account_pull` for accounts outside of it.",
        _for_organization,
    )
    yield (
        "Retain repositories",
        "CloudFormation keeps the repository and its images when it is removed from the stack.",
        "Keep `removal_policy=` for repositories that are deleted with their stack on purpose.",
        _retained,
    )


def _scanned(settings: Settings, group: Sequence[PlannedConstruct]) -> Settings:  # noqa: ARG001  (all steps take it)
    return {name: value for name, value in settings.items() if name != "scan_on_push"}


def _with_lifecycle(settings: Settings, group: Sequence[PlannedConstruct]) -> Settings:
    if "lifecycle" in settings or any("lifecycle" in each.settings for each in group):
        return settings
    return {**settings, "lifecycle": Call(name="expire_untagged", options={"keep": _KEPT_UNTAGGED})}


def _immutable(plan: AdoptionPlan, settings: Settings, group: Sequence[PlannedConstruct]) -> Settings:
    if "immutability" in settings or any("immutability" in each.settings for each in group):
        return settings
    known = [pushed_again(plan, each) for each in group]
    tags = sorted({tag for each in known for tag in (each if each is not None else ("latest",))})
    if not tags:
        return {**settings, "immutability": Call(name="Immutability.all_tags")}
    if len(tags) > MAXIMUM_FILTERS:
        return settings
    return {**settings, "immutability": Call(name="Immutability.all_tags_except", arguments=tags)}


def _for_organization(settings: Settings, group: Sequence[PlannedConstruct]) -> Settings:  # noqa: ARG001  (see above)
    access = settings.get("access")
    calls = [each for each in access if isinstance(each, Call)] if isinstance(access, list) else []
    others = [each for each in calls if each.name != "Access.account_pull"]
    if len(calls) - len(others) < _MOST_ACCOUNTS:
        return settings
    return {**settings, "access": [Call(name="Access.organization_pull", arguments=["o-..."]), *others]}


def _retained(settings: Settings, group: Sequence[PlannedConstruct]) -> Settings:  # noqa: ARG001  (see above)
    removed = ("removal_policy", "empty_on_delete")
    is_deleted = isinstance(policy := settings.get("removal_policy"), Name) and policy.text.endswith("DESTROY")
    return {name: value for name, value in settings.items() if name not in removed} if is_deleted else settings


# --- plans ------------------------------------------------------------------------------------------------------------


def _changed(plan: AdoptionPlan, change: Change) -> AdoptionPlan:
    """Return the plan with changed settings of groups of repositories and of single repositories."""
    members: dict[str, list[PlannedConstruct]] = {}
    for _, each in plan.constructs:
        members.setdefault(str(each.shared), []).append(each)
    shared = tuple(
        replace(each, settings=change(dict(each.settings), members.get(each.name, []))) for each in plan.shared
    )
    in_constants = {each.name: each.settings for each in shared}
    return replace(
        plan, shared=shared, stacks=tuple(_changed_stack(each, change, in_constants) for each in plan.stacks)
    )


def _changed_stack(stack: StackPlan, change: Change, shared: Mapping[str, Mapping[str, object]]) -> StackPlan:
    return replace(
        stack,
        constructs=tuple(_changed_construct(each, change, shared) for each in stack.constructs),
        nested=tuple(_changed_stack(each, change, shared) for each in stack.nested),
    )


def _changed_construct(
    construct: PlannedConstruct, change: Change, shared: Mapping[str, Mapping[str, object]]
) -> PlannedConstruct:
    if not is_repository(construct):
        return construct
    if construct.shared == ADOPTED:
        return replace(construct, settings=change(dict(construct.settings), [construct]))
    # The settings that the constant has are not repeated.
    common = shared.get(str(construct.shared), {})
    own = change({**common, **construct.settings}, [])
    return replace(construct, settings={name: value for name, value in own.items() if common.get(name) != value})


def _settings_of(plan: AdoptionPlan, construct: PlannedConstruct) -> Mapping[str, object]:
    common: Mapping[str, object] = next((each.settings for each in plan.shared if each.name == construct.shared), {})
    return {**common, **construct.settings}
