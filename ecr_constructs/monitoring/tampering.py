"""`Tampering`: an alert about API calls that delete images or weaken settings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs._cdk.principals import is_role
from ecr_constructs.errors import Problems, abbreviate
from ecr_constructs.model.events.api_call_events import tampering
from ecr_constructs.model.validation import is_token
from ecr_constructs.monitoring.alert import Alert, AlertRepositories, AlertTargets, check_alert

__all__ = ["Tampering"]

# The ARN of a role, in which `*` matches any characters.
_ROLE_ARN = re.compile(r"(arn|\*)[^\s]*:role/[^\s]+")


class Tampering(Alert):
    """
    Send an alert when a principal deletes images or changes policies, tag mutability or scanning of repositories.

    The calls are `BatchDeleteImage`, `DeleteLifecyclePolicy`, `DeleteRepository`, `DeleteRepositoryPolicy`,
    `PutImageScanningConfiguration`, `PutImageTagMutability`, `PutLifecyclePolicy`, `SetRepositoryPolicy` and
    `UpdateImageStorageClass`. Without `repositories=`, calls that change the registry are included, such as
    `PutRegistryPolicy` and `PutReplicationConfiguration`. Calls that failed are not included. Deletions by a lifecycle
    policy are not API calls.

    Calls of AWS CloudFormation have a separate rule. Its messages name AWS CloudFormation.

    The account must have an AWS CloudTrail trail that logs management events. Without one, EventBridge receives no API
    calls.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html

    Creates: two `AWS::Events::Rule`.

    Attributes:
        rules: The rule for direct calls, and the rule for calls of AWS CloudFormation.

    >>> from aws_cdk import App, Stack
    >>> from ecr_constructs import Namespace
    >>> stack = Stack(App(), "Containers")
    >>> role = "arn:aws:iam::111122223333:role/pipeline"
    >>> changed = Tampering(stack, "Tampering", repositories=Namespace("prod"), except_roles=[role])
    >>> [rule.node.id for rule in changed.rules]
    ['DirectCall', 'CloudFormationCall']

    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repositories: AlertRepositories | None = None,
        except_roles: Sequence[str | iam.IRole] = (),
        cloudformation: bool = True,
        targets: AlertTargets = (),
    ) -> None:
        """
        Define an alert about changes.

        Args:
            scope: The scope of the construct, in a stack of the account and Region of the repositories.
            id: The ID of the construct, unique in its scope.
            repositories: A repository, a `Namespace`, a name in which `*` matches any characters, a `PrivateRegistry`,
                or a list of them. Default: all repositories of the account and Region, and the registry itself.
            except_roles: Roles whose calls send no alert: an `iam.IRole`, or an ARN in which `*` matches any
                characters. It is the ARN of the role, with its path, not that of a session. Default: none.
            cloudformation: Whether calls of AWS CloudFormation send an alert. Default: True.
            targets: The targets, up to five: an `AlertTarget`, or any `events.IRuleTarget`. Default: none, until
                `add_target` adds one.

        Raises:
            InvalidAlert: With all problems, before anything is added to the tree.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        problems = Problems()
        problems.expect("cloudformation", cloudformation, bool, "False")
        roles = _role_arns(problems, except_roles)
        rules = check_alert(
            problems,
            scope,
            id,
            repositories=repositories,
            targets=targets,
            rules=lambda names, _: tampering(names, roles)[: 2 if cloudformation else 1],
        )
        super().__init__(scope, id, rules=rules, targets=targets)


def _role_arns(problems: Problems, roles: object) -> Sequence[str]:
    if not problems.expect("except_roles", roles, Sequence, "['arn:aws:iam::111122223333:role/pipeline']"):
        return ()
    assert isinstance(roles, Sequence)  # noqa: S101  (`expect` returned True)
    arns = []
    for index, role in enumerate(roles):
        if is_role(role):
            arns.append(role.role_arn)
        elif not isinstance(role, str):
            problems.add_wrong_kinds(f"except_roles[{index}] must be an iam.Role or its ARN, got {abbreviate(role)}")
        elif not is_token(role) and not _ROLE_ARN.fullmatch(role):
            problems.add(
                f"except_roles: {role!r} is not the ARN of a role; write one such as "
                "'arn:aws:iam::111122223333:role/pipeline'"
            )
        else:
            arns.append(role)
    return arns
