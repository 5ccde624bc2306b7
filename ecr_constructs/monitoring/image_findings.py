"""`ImageFindings`: an alert about vulnerabilities in images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, get_args

import aws_cdk as cdk
from constructs import Construct

from ecr_constructs._cdk.annotations import record_annotation
from ecr_constructs._cdk.scope import location_of
from ecr_constructs.errors import Problems, abbreviate
from ecr_constructs.model.events.event_rule import EventRule
from ecr_constructs.model.events.finding_events import Severity, basic_scan, enhanced_finding, enhanced_scan
from ecr_constructs.model.events.repository_filter import RepositoryFilter
from ecr_constructs.model.registry.scanning import ScanType
from ecr_constructs.monitoring.alert import Alert, AlertRepositories, AlertTargets, check_alert
from ecr_constructs.registry.private_registry import PrivateRegistry, find_registry

__all__ = ["ImageFindings"]

_Report = Literal["finding", "image"]


class ImageFindings(Alert):
    """
    Send an alert about vulnerabilities that image scans find.

    Basic scanning and enhanced scanning send different events. The alert has rules for the scan type of the registry,
    or for both if the app does not configure it.

    | scan type | `each="finding"` | `each="image"` |
    | --- | --- | --- |
    | enhanced | each active finding of Amazon Inspector, including later scans | the initial scan of an image |
    | basic | each scan of an image | each scan of an image |

    Findings that a suppression filter of Amazon Inspector matches are not active, and send no alert. Findings without a
    rated severity also send no alert.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html

    Creates: an `AWS::Events::Rule` for each kind of event.

    Attributes:
        rules: The rules.

    >>> from aws_cdk import App, Stack
    >>> from ecr_constructs import AlertTarget, AlertTopic, Namespace, PrivateRegistry, Scanning
    >>> stack = Stack(App(), "Containers")
    >>> registry = PrivateRegistry(stack, "Registry", scanning=Scanning.enhanced())
    >>> topic = AlertTopic(stack, "Security", emails=["security@example.com"]).topic
    >>> findings = ImageFindings(
    ...     stack, "Findings", repositories=Namespace("prod"), severity="HIGH", targets=[AlertTarget.topic(topic)]
    ... )
    >>> [rule.node.id for rule in findings.rules]
    ['EnhancedFinding']

    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repositories: AlertRepositories | None = None,
        severity: Severity = "HIGH",
        each: Literal["finding", "image"] = "finding",
        only_fixable: bool = False,
        scan_type: ScanType | None = None,
        targets: AlertTargets = (),
    ) -> None:
        """
        Define an alert about findings.

        Args:
            scope: The scope of the construct, in a stack of the account and Region of the repositories.
            id: The ID of the construct, unique in its scope.
            repositories: A repository, a `Namespace`, a name in which `*` matches any characters, a `PrivateRegistry`,
                or a list of them. Default: all repositories of the account and Region.
            severity: The lowest severity: `CRITICAL`, `HIGH`, `MEDIUM`, `LOW` or `INFORMATIONAL`. Default: `HIGH`.
            each: Whether enhanced scanning sends an alert for each `finding` or for the initial scan of each `image`.
                A vulnerability that is published after the push is in no initial scan. Default: `finding`.
            only_fixable: Whether only findings with a fix send an alert. It requires `each="finding"` and enhanced
                scanning. Default: False.
            scan_type: `BASIC` or `ENHANCED`. Default: the scan type of the `PrivateRegistry` of the app, which must be
                created before the alert. Without one, the alert has rules for both.
            targets: The targets, up to five: an `AlertTarget`, or any `events.IRuleTarget`. Default: none, until
                `add_target` adds one.

        Raises:
            InvalidAlert: With all problems, before anything is added to the tree.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        problems = Problems()
        problems.expect("only_fixable", only_fixable, bool, "True")
        problems.extend(_choice_problems("severity", severity, get_args(Severity)))
        problems.extend(_choice_problems("each", each, get_args(_Report)))
        problems.extend(_choice_problems("scan_type", scan_type, (None, *get_args(ScanType))))
        configured = _configured_scan_type(scope, repositories)
        scan_types = tuple(filter(None, [scan_type or configured])) or get_args(ScanType)
        if only_fixable and (each == "image" or "ENHANCED" not in scan_types):
            problems.add(
                "only_fixable: only events of single findings of enhanced scanning contain whether there is a fix; use "
                "each='finding' with enhanced scanning, or omit it"
            )

        def rules(names: RepositoryFilter, arn: str) -> Iterator[EventRule]:
            if "BASIC" in scan_types and not only_fixable:
                yield basic_scan(names, severity)
            if "ENHANCED" in scan_types and each == "image":
                yield enhanced_scan(names, severity, arn)
            elif "ENHANCED" in scan_types:
                yield enhanced_finding(names, severity, fixable=only_fixable)

        checked = check_alert(problems, scope, id, repositories=repositories, targets=targets, rules=rules)
        super().__init__(scope, id, rules=checked, targets=targets)
        if configured is not None and scan_type not in (None, configured):
            cdk.Annotations.of(self).add_warning_v2(
                "ecr-constructs:findingsOfAnotherScanType", _ANOTHER.format(scan_type, configured)
            )
            record_annotation(self, "ecr-constructs:findingsOfAnotherScanType")


_ANOTHER = "scan_type={!r}, and the registry of the app uses {!r} scanning, which sends other events; omit scan_type="


def _configured_scan_type(scope: object, repositories: object) -> ScanType | None:
    """Return the scan type of the given registry, or of the registry of the app. None if neither configures it."""
    if not isinstance(scope, Construct):
        return None
    given = repositories if isinstance(repositories, Sequence) else [repositories]
    registry = next((each for each in given if isinstance(each, PrivateRegistry)), None)
    if registry is None:
        registry = find_registry(location_of(scope))
    return registry.scanning.scan_type if registry is not None and registry.scanning is not None else None


def _choice_problems(name: str, value: object, choices: Sequence[object]) -> Iterator[str]:
    if value not in choices:
        known = ", ".join(repr(each) for each in choices if each is not None)
        yield f"{name}: {abbreviate(value)} is unknown; use one of {known}"
