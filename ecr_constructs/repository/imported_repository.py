"""`ImportedRepository`: a repository of another app, with the statements that its policy needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs._cdk.intent_grants import SigningGrant, grant_on_repository
from ecr_constructs._cdk.scope import id_problems, locate
from ecr_constructs._cdk.tokens import forwarded_problems, is_unresolved
from ecr_constructs.errors import InvalidRepository, Problems, expect
from ecr_constructs.model.validation import REPOSITORY_NAME
from ecr_constructs.repository.lambda_source import is_pull_by_lambda
from ecr_constructs.repository.push_grant import grant_push

__all__ = ["ImportedRepository"]

_NOT_WRITTEN = (
    "the app does not own the policy of the repository {}, so this statement is not written; add it with "
    "add_to_resource_policy in the app that owns the repository: {}"
)
_RULE = (
    "the app does not own the lifecycle policy of the repository; add the rule in the app that owns it, or define the "
    "repository here as a HardenedRepository and import it into the stack with 'cdk import'"
)
_NAME_NEEDED = (
    "repository_arn is known only at deployment, and the name cannot be read from it; use "
    "HardenedRepository.from_repository_attributes(scope, id, repository_arn=..., repository_name=...)"
)
_EXAMPLE_ARN = "arn:aws:ecr:eu-west-1:111122223333:repository/prod/api"
_NO_ARN = f"{{!r}} is not the ARN of a repository; write one such as '{_EXAMPLE_ARN}'"


class ImportedRepository(SigningGrant, ecr.RepositoryBase):
    """
    A repository that another app owns. `HardenedRepository.from_repository_name` and similar methods return one.

    A grant to a role or a user of this app adds a statement to the policy of the role or the user. A grant to another
    principal, such as another account or an AWS service, requires a statement in the policy of the repository. The app
    does not own this policy, so the template does not contain the statement. `statements_to_apply` has the statement,
    and the warning `ecr-constructs:importedPolicyIsNotWritten` is reported.

    Creates: no resource.

    Attributes:
        repository_name: The name.
        repository_arn: The ARN.

    >>> from aws_cdk import App, Stack, aws_iam as iam
    >>> from ecr_constructs import HardenedRepository
    >>> repository = HardenedRepository.from_repository_name(Stack(App(), "Service"), "Api", "payments/api")
    >>> _ = repository.grant_pull(iam.AccountPrincipal("111122223333"))
    >>> repository.statements_to_apply[0]["Effect"]
    'Allow'

    """

    _refusal = InvalidRepository

    def __init__(self, scope: Construct, id: str, *, repository_arn: str, repository_name: str) -> None:
        """
        Define a repository that exists.

        Args:
            scope: The scope of the construct, in a stack.
            id: The ID of the construct, unique in its scope.
            repository_arn: The ARN of the repository, or a token.
            repository_name: The name of the repository, or a token.

        Raises:
            InvalidRepository: With all problems.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        problems = Problems()
        problems.expect("repository_arn", repository_arn, str, f"'{_EXAMPLE_ARN}'")
        problems.expect("repository_name", repository_name, str, "'prod/api'")
        place = locate(scope, id, problems)
        if place.stack is None:
            problems.add("a repository must be imported into a stack, and the scope is not in one; use a Stack")
        problems.extend(id_problems(scope, id))
        problems.extend(forwarded_problems(REPOSITORY_NAME, repository_name))
        if not is_unresolved(repository_arn) and _name_of(repository_arn) is None:
            problems.add(_NO_ARN.format(repository_arn))
        problems.raise_if_any(InvalidRepository, place.path_of(id))
        self._repository_arn = repository_arn
        self._repository_name = repository_name
        self._statements: list[iam.PolicyStatement] = []
        super().__init__(scope, id, environment_from_arn=repository_arn)

    @classmethod
    def of_name(cls, scope: Construct, id: str, repository_name: str) -> ImportedRepository:
        """
        Return the repository with a name in the account and Region of the stack.

        Args:
            scope: The scope of the construct, in a stack.
            id: The ID of the construct, unique in its scope.
            repository_name: The name of the repository, or a token.

        Raises:
            InvalidRepository: With all problems.
            TypeError: If arguments are of the wrong kind.

        """
        place = locate(scope, id)
        expect("repository_name", repository_name, str, "'prod/api'", path=place.path_of(id))
        stack = place.stack
        arn = (
            stack.format_arn(service="ecr", resource="repository", resource_name=repository_name)
            if stack
            else f"arn:aws:ecr:::repository/{repository_name}"
        )
        return cls(scope, id, repository_arn=arn, repository_name=repository_name)

    @classmethod
    def of_arn(cls, scope: Construct, id: str, repository_arn: str) -> ImportedRepository:
        """
        Return the repository with an ARN, of any account and Region.

        Args:
            scope: The scope of the construct, in a stack.
            id: The ID of the construct, unique in its scope.
            repository_arn: The ARN of the repository.

        Raises:
            InvalidRepository: With all problems. An ARN that is a token is one of them, because it has no readable
                name.
            TypeError: If arguments are of the wrong kind.

        """
        path = locate(scope, id).path_of(id)
        expect("repository_arn", repository_arn, str, f"'{_EXAMPLE_ARN}'", path=path)
        name = _name_of(repository_arn)
        if name is None:
            problem = _NAME_NEEDED if is_unresolved(repository_arn) else _NO_ARN.format(repository_arn)
            raise InvalidRepository([problem], path=path)
        return cls(scope, id, repository_arn=repository_arn, repository_name=name)

    @property
    def repository_arn(self) -> str:
        """The ARN of the repository."""
        return self._repository_arn

    @property
    def repository_name(self) -> str:
        """The name of the repository."""
        return self._repository_name

    @property
    def statements_to_apply(self) -> tuple[Mapping[str, Any], ...]:
        """The statements that the policy of the repository needs, as JSON, in the order of the grants."""
        return tuple(map(self._json, self._statements))

    def add_to_resource_policy(self, statement: iam.PolicyStatement) -> iam.AddToResourcePolicyResult:
        """
        Record a statement that the policy of the repository needs, and add a warning with it.

        Args:
            statement: The statement.

        Returns:
            The result. Its `statement_added` is False.

        """
        self._statements.append(statement)
        # Lambda adds its statement itself to a repository of the same account:
        # https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
        if is_pull_by_lambda(statement.to_statement_json(), self.stack) and self.env.account == self.stack.account:
            return iam.AddToResourcePolicyResult(statement_added=False)
        cdk.Annotations.of(self).add_warning_v2(
            "ecr-constructs:importedPolicyIsNotWritten",
            _NOT_WRITTEN.format(self.node.path, json.dumps(self._json(statement))),
        )
        return iam.AddToResourcePolicyResult(statement_added=False)

    def grant_push(self, grantee: iam.IGrantable) -> iam.Grant:
        """
        Grant the permissions to push to the repository, and to log in.

        Args:
            grantee: The principal.

        """
        return grant_push(self, grantee)

    def add_lifecycle_rule(self, **replaced: NoReturn) -> NoReturn:  # noqa: ARG002  (those of ecr.Repository)
        """
        Raise an error, because the app does not own the lifecycle policy.

        Args:
            replaced: The arguments of `ecr.Repository.add_lifecycle_rule`.

        Raises:
            InvalidRepository: Always, with the fix.

        """
        raise InvalidRepository([_RULE], path=self.node.path)

    def _grant_actions(self, grantee: iam.IGrantable, actions: Sequence[str], *, login: bool) -> iam.Grant:
        """Grant actions on the repository, and the permission to log in."""
        return grant_on_repository(self, grantee, actions, login=login)

    def _json(self, statement: iam.PolicyStatement) -> Mapping[str, Any]:
        resolved: Mapping[str, Any] = self.stack.resolve(statement.to_statement_json())
        return resolved


def _name_of(arn: str) -> str | None:
    """Return the name in the ARN of a repository, or None for another text."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "ecr" or not parts[5].startswith("repository/"):  # noqa: PLR2004  (the parts of an ARN)
        return None
    return parts[5].removeprefix("repository/") or None
