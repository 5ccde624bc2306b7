"""Alerts about single images: pushed, deleted, archived, restored, or refreshed in a cache."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from ecr_constructs.errors import Problems
from ecr_constructs.model.events import ecr_events
from ecr_constructs.model.tags import TagPattern
from ecr_constructs.monitoring.alert import Alert, AlertRepositories, AlertTargets, check_alert, check_tags

__all__ = ["CacheRefreshed", "ImageArchived", "ImageDeleted", "ImagePushed", "ImageRestored"]

AlertTags = str | TagPattern | Sequence[str | TagPattern]


class ImagePushed(Alert):
    """
    Send an alert, or start a build or a deployment, when an image is pushed.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html

    Creates: an `AWS::Events::Rule`.

    Attributes:
        rules: The rule.

    >>> from aws_cdk import App, Stack
    >>> from ecr_constructs import HardenedRepository
    >>> stack = Stack(App(), "Containers")
    >>> api = HardenedRepository(stack, "Api", repository_name="prod/api")
    >>> pushed = ImagePushed(stack, "Released", repositories=api, tags="v*")
    >>> len(pushed.rules)
    1

    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repositories: AlertRepositories | None = None,
        tags: AlertTags | None = None,
        targets: AlertTargets = (),
    ) -> None:
        """
        Define an alert about pushes.

        Args:
            scope: The scope of the construct, in a stack of the account and Region of the repositories.
            id: The ID of the construct, unique in its scope.
            repositories: A repository, a `Namespace`, a name in which `*` matches any characters, a `PrivateRegistry`,
                or a list of them. Default: all repositories of the account and Region.
            tags: Patterns of the tag that is pushed, one or several. `*` matches any characters. Default: any tag.
            targets: The targets, up to five: an `AlertTarget`, or any `events.IRuleTarget`. Default: none, until
                `add_target` adds one.

        Raises:
            InvalidAlert: With all problems, before anything is added to the tree.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        problems = Problems()
        patterns = check_tags(problems, tags)
        rules = check_alert(
            problems,
            scope,
            id,
            repositories=repositories,
            targets=targets,
            rules=lambda names, _: [ecr_events.image_pushed(names, patterns)],
        )
        super().__init__(scope, id, rules=rules, targets=targets)


class ImageDeleted(Alert):
    """
    Send an alert when an image is deleted.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html

    Creates: an `AWS::Events::Rule`.

    Attributes:
        rules: The rule.

    >>> from aws_cdk import App, Stack
    >>> deleted = ImageDeleted(Stack(App(), "Containers"), "Deleted", repositories="prod/api", tags=["v*", "latest"])
    >>> len(deleted.rules)
    1

    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repositories: AlertRepositories | None = None,
        tags: AlertTags | None = None,
        targets: AlertTargets = (),
    ) -> None:
        """
        Define an alert about deletions.

        Args:
            scope: The scope of the construct, in a stack of the account and Region of the repositories.
            id: The ID of the construct, unique in its scope.
            repositories: A repository, a `Namespace`, a name in which `*` matches any characters, a `PrivateRegistry`,
                or a list of them. Default: all repositories of the account and Region.
            tags: Patterns of the tag that is deleted, one or several. `*` matches any characters. Default: any tag.
            targets: The targets, up to five: an `AlertTarget`, or any `events.IRuleTarget`. Default: none, until
                `add_target` adds one.

        Raises:
            InvalidAlert: With all problems, before anything is added to the tree.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        problems = Problems()
        patterns = check_tags(problems, tags)
        rules = check_alert(
            problems,
            scope,
            id,
            repositories=repositories,
            targets=targets,
            rules=lambda names, _: [ecr_events.image_deleted(names, patterns)],
        )
        super().__init__(scope, id, rules=rules, targets=targets)


class ImageArchived(Alert):
    """
    Send an alert when an image is archived, by a lifecycle policy or by a principal.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html

    Creates: an `AWS::Events::Rule`.

    Attributes:
        rules: The rule.

    >>> from aws_cdk import App, Stack
    >>> archived = ImageArchived(Stack(App(), "Containers"), "Archived", repositories="prod/*")
    >>> len(archived.rules)
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
        Define an alert about archived images.

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
            rules=lambda names, _: [ecr_events.image_archived(names)],
        )
        super().__init__(scope, id, rules=rules, targets=targets)


class ImageRestored(Alert):
    """
    Send an alert, or start a deployment, when an archived image is restored. A restore takes up to 20 minutes.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html

    Creates: an `AWS::Events::Rule`.

    Attributes:
        rules: The rule.

    >>> from aws_cdk import App, Stack
    >>> restored = ImageRestored(Stack(App(), "Containers"), "Restored", repositories="prod/*")
    >>> len(restored.rules)
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
        Define an alert about restored images.

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
            rules=lambda names, _: [ecr_events.image_restored(names)],
        )
        super().__init__(scope, id, rules=rules, targets=targets)


class CacheRefreshed(Alert):
    """
    Send an alert, or start a build, when a pull-through cache imports or updates an image.

    ECR checks for a newer image at most once in 24 hours, when the image is pulled. AWS documents only the event of
    a successful import, so there is no alert for a failed import.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html

    Creates: an `AWS::Events::Rule`.

    Attributes:
        rules: The rule.

    >>> from aws_cdk import App, Stack
    >>> stack = Stack(App(), "Containers")
    >>> refreshed = CacheRefreshed(stack, "Nginx", repositories="docker-hub/library/nginx", tags="1.27*")
    >>> len(refreshed.rules)
    1

    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repositories: AlertRepositories | None = None,
        tags: AlertTags | None = None,
        targets: AlertTargets = (),
    ) -> None:
        """
        Define an alert about cached images.

        Args:
            scope: The scope of the construct, in a stack of the account and Region of the cache.
            id: The ID of the construct, unique in its scope.
            repositories: A repository of the cache, a `Namespace` such as that of the cache, a name in which `*`
                matches any characters, a `PrivateRegistry`, or a list of them. Default: all caches.
            tags: Patterns of the tag that is cached, one or several. `*` matches any characters. Default: any tag.
            targets: The targets, up to five: an `AlertTarget`, or any `events.IRuleTarget`. Default: none, until
                `add_target` adds one.

        Raises:
            InvalidAlert: With all problems, before anything is added to the tree.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        problems = Problems()
        patterns = check_tags(problems, tags)
        rules = check_alert(
            problems,
            scope,
            id,
            repositories=repositories,
            targets=targets,
            rules=lambda names, _: [ecr_events.cache_refreshed(names, patterns)],
        )
        super().__init__(scope, id, rules=rules, targets=targets)
