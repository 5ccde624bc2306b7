"""Alerts about the registry: failed replication, and repositories that are no longer scanned."""

from __future__ import annotations

from constructs import Construct

from ecr_constructs.errors import Problems
from ecr_constructs.model.events import ecr_events
from ecr_constructs.monitoring.alert import Alert, AlertRepositories, AlertTargets, check_alert

__all__ = ["ReplicationFailed", "ScanningStopped"]


class ReplicationFailed(Alert):
    """
    Send an alert when the replication of an image fails.

    ECR sends the event in the account and Region of the destination. Add the alert to a stack there.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html

    Creates: an `AWS::Events::Rule`.

    Attributes:
        rules: The rule.

    >>> from aws_cdk import App, Stack
    >>> from ecr_constructs import Namespace
    >>> failed = ReplicationFailed(Stack(App(), "Recovery"), "Failed", repositories=Namespace("prod"))
    >>> len(failed.rules)
    1

    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repositories: AlertRepositories | None = None,
        targets: AlertTargets = (),
    ) -> None:
        """
        Define an alert about failed replication.

        Args:
            scope: The scope of the construct, in a stack of the account and Region of the replicas.
            id: The ID of the construct, unique in its scope.
            repositories: A repository, a `Namespace`, a name in which `*` matches any characters, a `PrivateRegistry`,
                or a list of them. Default: all repositories of the account and Region.
            targets: The targets, up to five: an `AlertTarget`, or any `events.IRuleTarget`. Default: none, until
                `add_target` adds one.

        Raises:
            InvalidAlert: With all problems, before anything is added to the tree.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        rules = check_alert(
            Problems(),
            scope,
            id,
            repositories=repositories,
            targets=targets,
            rules=lambda names, _: [ecr_events.replication_failed(names)],
        )
        super().__init__(scope, id, rules=rules, targets=targets)


class ScanningStopped(Alert):
    """
    Send an alert when the scan frequency of a repository changes, and enhanced scanning no longer scans it.

    An example is a change of the filters in the scanning configuration. One event can have several repositories.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html

    Creates: an `AWS::Events::Rule`.

    Attributes:
        rules: The rule.

    >>> from aws_cdk import App, Stack
    >>> from ecr_constructs import Namespace
    >>> stopped = ScanningStopped(Stack(App(), "Containers"), "Unscanned", repositories=Namespace("prod"))
    >>> len(stopped.rules)
    1

    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repositories: AlertRepositories | None = None,
        targets: AlertTargets = (),
    ) -> None:
        """
        Define an alert about repositories that are no longer scanned.

        Args:
            scope: The scope of the construct, in a stack of the account and Region of the repositories.
            id: The ID of the construct, unique in its scope.
            repositories: A repository, a `Namespace`, a name in which `*` matches any characters, a `PrivateRegistry`,
                or a list of them. Default: all repositories of the account and Region.
            targets: The targets, up to five: an `AlertTarget`, or any `events.IRuleTarget`. Default: none, until
                `add_target` adds one.

        Raises:
            InvalidAlert: With all problems, before anything is added to the tree.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        rules = check_alert(
            Problems(),
            scope,
            id,
            repositories=repositories,
            targets=targets,
            rules=lambda names, _: [ecr_events.scanning_stopped(names)],
        )
        super().__init__(scope, id, rules=rules, targets=targets)
