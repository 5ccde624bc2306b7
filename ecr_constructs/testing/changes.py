"""The assertion that a change replaces nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from ecr_constructs.assembly.files import read_object
from ecr_constructs.model.changes.baseline import baseline_changes, is_intended, read_baseline
from ecr_constructs.model.changes.state import State, distinct_stacks, read_state
from ecr_constructs.testing.messages import require_none
from ecr_constructs.testing.subject import Subject, templates_of

__all__ = ["assert_replaces_nothing"]


def assert_replaces_nothing(old: Subject, new: Subject, *, intended: Collection[str] = ()) -> None:
    """
    Assert that an update replaces, deletes, renames and orphans no ECR resource and no KMS key.

    Args:
        old: The deployed app, stack or template, or the path of a cdk.out, of a template in JSON, or of a file that
            `ecr-constructs baseline` wrote.
        new: The app, stack or template of the update. Two single templates are compared regardless of their names.
        intended: Intended changes: resources as `Stack/LogicalId`, or stacks. Default: none.

    Raises:
        AssertionError: If a resource is replaced, deleted, renamed or orphaned, if an update fails, or if the old
            state has no ECR resource.

    >>> def template(name: str) -> dict:
    ...     return {"Resources": {"Api": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": name}}}}
    >>> assert_replaces_nothing(template("prod/api"), template("prod/api"))

    """
    __tracebackhide__ = True
    before, after = _states(old, new)
    if not any(each.is_judged for each in before.resources.values()):
        raise AssertionError("the old state has no ECR resource, so the assertion would always hold")
    found = [each for each in baseline_changes(before, after) if not is_intended(each, intended)]
    places = ["/".join(filter(None, (each.stack, each.logical_id))) for each in found]
    require_none(
        f"resources that the update replaces, deletes, renames or orphans ({len(found)})",
        [f"{place}: {each.sentence}; {each.remedy}" for place, each in zip(places, found, strict=True)],
    )


def _states(old: Subject, new: Subject) -> tuple[State, State]:
    after = templates_of(new)
    if (recorded := _recorded(old)) is not None:
        return recorded, read_state(distinct_stacks(after, recorded.stacks))
    before = templates_of(old)
    if len(before) == 1 and len(after) == 1:
        before = (replace(before[0], stack=after[0].stack, environment=after[0].environment),)
    everything = distinct_stacks((*before, *after))
    return read_state(everything[: len(before)]), read_state(everything[len(before) :])


def _recorded(old: Subject) -> State | None:
    """Return the state of a file that `ecr-constructs baseline` wrote, or None for another subject."""
    if not isinstance(old, (str, Path)) or Path(old).is_dir():
        return None
    document = read_object(Path(old), inside=Path(old).parent)
    return read_baseline(document) if isinstance(document.get("stacks"), Mapping) else None
