"""The check of an app against a recorded baseline, when the app synthesizes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import aws_cdk as cdk
import jsii

from ecr_constructs.assembly.files import MAXIMUM_BYTES, read_file
from ecr_constructs.assembly.stack_templates import stack_templates
from ecr_constructs.errors import EcrConstructsError, Problems, json_problem
from ecr_constructs.model.changes.baseline import BASELINE_CHANGES, baseline_changes, is_intended, read_baseline
from ecr_constructs.model.changes.change import Change
from ecr_constructs.model.changes.state import State, distinct_stacks, read_state

__all__ = ["enforce_baseline"]

_UNUSED = "unused-intent"


def enforce_baseline(scope: cdk.Stage, path: str, *, intended: Mapping[str, str] | None = None) -> None:
    """
    Stop the synthesis if a name, the encryption or a logical ID differs from a recorded baseline.

    CloudFormation replaces, deletes or orphans a resource after such a change. The final templates are compared, with
    the changes of aspects, mixins and overrides. `ecr-constructs baseline cdk.out` writes the file.

    Args:
        scope: The app, or a stage with all stacks of the baseline.
        path: The file, relative to the current directory.
        intended: Intended changes, each with the reason: a resource as `Stack/LogicalId`, or a stack. Default:
            none.

    Raises:
        EcrConstructsError: If the file cannot be read, or an entry of `intended` has no reason.
        TypeError: If an argument is of the wrong kind.

    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from aws_cdk import App
    >>> from ecr_constructs import enforce_baseline
    >>> file = Path(mkdtemp(), "ecr-baseline.json")
    >>> _ = file.write_text('{"version": 1, "stacks": {}}')
    >>> enforce_baseline(App(), str(file), intended={"Containers/ApiF70053CD": "renamed to prod/api"})

    """
    problems = Problems()
    problems.expect("path", path, str, "'ecr-baseline.json'")
    problems.expect("scope", scope, cdk.Stage, "App()")
    if problems.expect("intended", intended, Mapping, "{'Stack/LogicalId': 'reason'}", optional=True, each=str):
        problems.extend(_without_reason(intended or {}))
    problems.raise_if_any(EcrConstructsError)
    cdk.Validations.of(scope).add_plugins(_BaselinePlugin(scope, _read_state(path), dict(intended or {})))


def _without_reason(intended: Mapping[str, str]) -> Iterator[str]:
    for name, reason in intended.items():
        if not reason.strip():
            yield f"intended[{name!r}] has no reason; write the reason for the change"


def _read_state(path: str) -> State:
    try:
        return read_baseline(json.loads(read_file(Path(path), maximum=MAXIMUM_BYTES)))
    except OSError as error:
        message = f"{(error.strerror or str(error)).lower()}; write it with 'ecr-constructs baseline cdk.out'"
        raise EcrConstructsError([message], path=path) from None
    except EcrConstructsError as error:
        raise EcrConstructsError(error.problems, path=path) from None
    except (ValueError, RecursionError) as error:
        message = f"not JSON: {json_problem(error)}; write it again with 'ecr-constructs baseline cdk.out'"
        raise EcrConstructsError([message], path=path) from None


@jsii.implements(cdk.IPolicyValidationPlugin)
class _BaselinePlugin:
    """The comparison of the final templates with a baseline."""

    def __init__(self, stage: cdk.Stage, recorded: State, intended: Mapping[str, str]) -> None:
        self._stage = stage
        self._recorded = recorded
        self._intended = intended

    @property
    def name(self) -> str:
        """The name in the report of the CDK."""
        return "ecr-constructs-baseline"

    @property
    def version(self) -> str:
        """The version of the check."""
        return "1"

    @property
    def rule_ids(self) -> list[str]:
        """The IDs of the changes."""
        return [*BASELINE_CHANGES, _UNUSED]

    @jsii.member(jsii_name="validate")
    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Return the changes that are not intended, and the intended ones that are not made."""
        changes = baseline_changes(self._recorded, self._state())
        path = context.template_paths[0] if context.template_paths else ""
        meant = [each for each in changes if is_intended(each, self._intended)]
        found = [each for each in changes if each not in meant]
        violations = [_violation(each, path) for each in found]
        violations += [_unused(name, path) for name in self._intended if not any(is_intended(e, [name]) for e in meant)]
        return cdk.PolicyValidationPluginReport(success=not found, violations=violations)

    def _state(self) -> State:
        templates = stack_templates(Path(self._stage.outdir))
        return read_state(distinct_stacks(templates, self._recorded.stacks))


def _violation(change: Change, path: str) -> cdk.PolicyViolation:
    place = "/".join(filter(None, (change.stack, change.logical_id)))
    return cdk.PolicyViolation(
        rule_name=change.id,
        description=f"{place} differs from the baseline: {change.sentence}",
        fix=f"{change.remedy}; if the change is intended, add it to intended= as {place!r} with a reason",
        severity="error",
        violating_resources=_where(change.logical_id or change.stack, change.path or path),
    )


def _unused(name: str, path: str) -> cdk.PolicyViolation:
    return cdk.PolicyViolation(
        rule_name=_UNUSED,
        description=f"the intended change of {name!r} is not made",
        fix="remove the entry of intended=",
        severity="warning",
        violating_resources=_where(name, path),
    )


def _where(resource: str, path: str) -> Sequence[cdk.PolicyViolatingResource]:
    return [cdk.PolicyViolatingResource(resource_logical_id=resource, template_path=path, locations=[])]
