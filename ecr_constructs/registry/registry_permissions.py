"""What others may do with a registry: the part of `PrivateRegistry` that writes its policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct, IValidation

from ecr_constructs._cdk.annotations import note_services
from ecr_constructs._cdk.environment_registry import Environment
from ecr_constructs._cdk.nag_suppressions import ONE_ORGANIZATION, acknowledge
from ecr_constructs._cdk.principals import is_role
from ecr_constructs._cdk.retention import warn_unless_retained
from ecr_constructs._cdk.scope import location_of
from ecr_constructs._cdk.tokens import forwarded_problems, lazily
from ecr_constructs.errors import InvalidRegistry
from ecr_constructs.model.names import Namespace
from ecr_constructs.model.partitions import arn_problems
from ecr_constructs.model.validation import ACCOUNT_ID, REPOSITORY_PATTERN
from ecr_constructs.registry.registry_policy import (
    RegistryPolicy,
    cache_statement,
    consumer_problems,
    creation_denial,
    creation_exceptions,
    import_statements,
    principal_problems,
    replication_statement,
)
from ecr_constructs.repository.access import Access

__all__ = ["RegistryPermissions", "RegistryRepositories"]

RegistryRepositories = str | Namespace | Sequence[str | Namespace]


@jsii.implements(IValidation)
class RegistryPermissions(Construct):
    """
    A registry as far as its policy goes; make a `PrivateRegistry`.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html

    Args:
        scope: Where it stands.
        id: Its name in the scope.
        environment: Its account and region.
        policy: Its policy, still empty.

    """

    def __init__(self, scope: Construct, id: str, *, environment: Environment, policy: RegistryPolicy) -> None:
        super().__init__(scope, id)
        self._environment = environment
        self._policy = policy
        # The principals that the denial does not apply to, besides the roles of creation templates.
        self._excepted: list[str] = []
        self._denial: iam.PolicyStatement | None = None
        self._is_written = False
        self.node.add_validation(self)

    def accept_replication_from(self, account: str, *, repositories: RegistryRepositories | None = None) -> None:
        """
        Let another account copy its images into this registry, and make the repositories for them.

        Args:
            account: The account that copies, 12 digits.
            repositories: A `Namespace`, or a repository by name, or several; `*` in a name stands for anything.
                Default: every repository.

        Raises:
            InvalidRegistry: if that is the own account, no account, or more than a registry policy may say.

        """
        problems = [*forwarded_problems(ACCOUNT_ID, account)]
        if account == self._environment.account:
            problems.append(f"{account} is the account of the registry, which needs no statement; leave it out")
        resources = self._resources(repositories, problems)
        self._contribute(problems, *([] if problems else [replication_statement(account, resources)]))

    def accept_caches_of(self, account: str, *, repositories: RegistryRepositories | None = None) -> None:
        """
        Let the pull-through caches of another account copy from this registry.

        This takes a registry policy of scope V2, which new registries have. For single repositories,
        `access=[Access.cache_pull(account)]` does it in either scope.

        Args:
            account: The account that has the cache, 12 digits.
            repositories: A `Namespace`, or a repository by name, or several; `*` in a name stands for anything.
                Default: every repository.

        Raises:
            InvalidRegistry: if that is no account, or more than a registry policy may say.

        """
        problems = [*forwarded_problems(ACCOUNT_ID, account)]
        resources = self._resources(repositories, problems)
        self._contribute(problems, *([] if problems else [cache_statement(account, resources)]))

    def accept_cache_consumer(self, consumer: Access, *, repositories: RegistryRepositories) -> None:
        """
        Let others be the first to pull an image through a cache of this registry.

        `PullThroughCache(consumers=...)` does this, and lets them pull what is cached.

        Args:
            consumer: `Access.account_pull(...)` or `Access.organization_pull(...)`.
            repositories: The `Namespace` of the cache, or repositories of it by name.

        Raises:
            InvalidRegistry: if it is another kind of access, or more than a registry policy may say.

        """
        problems = [*consumer_problems(consumer)]
        resources = self._resources(repositories, problems)
        self._contribute(problems, *([] if problems else import_statements(consumer, resources)))
        if consumer.names_everyone:
            acknowledge(self, "AwsSolutions-ECR1", ONE_ORGANIZATION)

    def cache_consumer_problems(
        self, consumers: Sequence[Access], *, repositories: RegistryRepositories
    ) -> Iterator[str]:
        """
        Say why these cannot be consumers of a cache.

        Args:
            consumers: Who wants to pull.
            repositories: The repositories of the cache.

        Yields:
            One sentence for each fault.

        """
        if isinstance(consumers, str) or not isinstance(consumers, Sequence):
            example = "[Access.account_pull('111122223333')]"
            raise TypeError(f"consumers must be a list such as {example}, got {consumers!r}")
        problems = [problem for consumer in consumers for problem in consumer_problems(consumer)]
        resources = self._resources(repositories, problems)
        yield from problems
        if consumers and not problems:
            yield from self._late_problems()
            statements = [one for consumer in consumers for one in import_statements(consumer, resources)]
            yield from self._policy.problems_with(*statements)

    def deny_repository_creation(self, *, except_for: Sequence[str | iam.IRole]) -> None:
        """
        Let nobody in the account make repositories, except for those named here.

        Name whoever deploys repositories, and whoever is the first to pull through a cache, too: CloudFormation works
        with the role `cdk-hnb659fds-cfn-exec-role-...` of the CDK's bootstrap stack. Roles of creation templates of
        this app are excepted by themselves, and so are the service-linked roles of AWS. Other accounts can do only what
        a statement lets them.

        Args:
            except_for: Roles, or ARNs in which `*` stands for anything.

        Raises:
            InvalidRegistry: if it was said before, nobody is named, or it is more than a registry policy may say.

        """
        if isinstance(except_for, str) or not isinstance(except_for, Sequence):
            raise TypeError(f"except_for must be a list such as ['arn:aws:iam::...:role/deployer'], got {except_for!r}")
        if strangers := [one for one in except_for if not isinstance(one, str) and not is_role(one)]:
            raise TypeError(f"except_for takes roles and ARNs, got {strangers[0]!r}")
        arns = [one if isinstance(one, str) else one.role_arn for one in except_for]
        problems = [*principal_problems(arns)]
        problems += [each for arn in arns for each in arn_problems("except_for", arn, self._environment.region)]
        if self._denial is not None:
            problems.append("the registry denies the creation of repositories already; name everybody in one call")
        account = self._environment.account or cdk.Aws.ACCOUNT_ID
        excepted = [*arns, *self._excepted]
        denial = creation_denial(account, [*excepted, *self._creators()], self._resources(None, problems))
        self._contribute(problems, denial)
        self._denial, self._excepted = denial, excepted

    def except_from_denial(self, role: iam.IRole) -> None:
        """
        Let a role make repositories on behalf of ECR, whether or not that is denied to others.

        Args:
            role: Such as the role of a creation template.

        Raises:
            InvalidRegistry: if the denial is written already.

        """
        if not is_role(role):
            raise TypeError(f"role must be an iam.Role, or one imported with iam.Role.from_role_arn, got {role!r}")
        if self._denial is not None and (problems := tuple(self._late_problems())):
            raise InvalidRegistry(problems, path=self.node.path)
        if role.role_arn not in self._creators():
            self._excepted.append(role.role_arn)
        self._update_denial()

    def _creators(self) -> Sequence[str]:
        """Return the ARNs of the roles of the creation templates that are in the app, each once."""
        return list(dict.fromkeys(name.split(" ")[0] for name in self._environment.names("creator")))

    def _update_denial(self) -> None:
        if self._denial is not None:
            self._denial.add_condition(*creation_exceptions([*self._excepted, *self._creators()]))

    def _document(self) -> object:
        """Return the policy. The roles of templates that were removed from the app do not exist."""
        self._update_denial()
        return self._policy.document()

    def add_to_resource_policy(self, statement: iam.PolicyStatement) -> iam.AddToResourcePolicyResult:
        """
        Add a statement of one's own to the registry policy.

        A registry policy of scope V1 knows three actions only: `ecr:ReplicateImage`, `ecr:BatchImportUpstreamImage` and
        `ecr:CreateRepository`. Scope V2, which new registries have, knows all of them and is asked for every request.

        Args:
            statement: With principals, actions and resources.

        Raises:
            InvalidRegistry: if ECR would refuse it, or if it would make the registry public.

        """
        if not isinstance(statement, iam.PolicyStatement):
            raise TypeError(f"statement must be an iam.PolicyStatement, got {statement!r}")
        self._contribute([], statement)
        return iam.AddToResourcePolicyResult(statement_added=True, policy_dependable=self)

    def validate(self) -> list[str]:
        """Say what has become wrong with the policy since its statements were added; the CDK asks at the end."""
        self._is_written = True
        return self._policy.faults()

    def _contribute(self, problems: Sequence[str], *statements: iam.PolicyStatement) -> None:
        problems = [*problems, *self._late_problems(), *self._policy.problems_with(*statements)]
        if problems:
            raise InvalidRegistry(problems, path=self.node.path)
        if self._policy.is_empty:
            resource = ecr.CfnRegistryPolicy(self, "Policy", policy_text=self._lazily(self._document))
            self._retain(resource, _POLICY_LOST)
        note_services(self, self._policy.add(statements))

    def _resources(self, repositories: RegistryRepositories | None, problems: list[str]) -> list[str]:
        """Write ARNs of repositories, and what is wrong with their names to the problems."""
        if repositories is None:
            return [self._arn("*")]
        several = [repositories] if isinstance(repositories, (str, Namespace)) else repositories
        if not isinstance(several, Sequence):
            raise TypeError(f"repositories takes a Namespace, a name, or a list of them, got {repositories!r}")
        if not several:
            problems.append("repositories: an empty list names none; leave it out to name every repository")
        names = [f"{one}/*" if isinstance(one, Namespace) else one for one in several]
        for name in (one for one in several if not isinstance(one, Namespace)):
            problems += [f"repositories: {problem}" for problem in forwarded_problems(REPOSITORY_PATTERN, name)]
        return sorted({self._arn(name) for name in names})

    def _arn(self, name: str) -> str:
        return cdk.Stack.of(self).format_arn(service="ecr", resource="repository", resource_name=name)

    def _late_problems(self) -> Iterator[str]:
        if self._is_written:
            yield f"the registry {self.node.path} is synthesized already, so this would be lost; declare it before"

    def _warn(self, name: str, text: str) -> None:
        cdk.Annotations.of(self).add_warning_v2(name, text)

    def _lazily(self, write: Callable[[], object]) -> cdk.IResolvable:
        """Have a property written when the app is synthesized; what comes after that is refused."""

        def produce() -> object:
            self._is_written = True
            return write()

        return lazily(produce)

    def _retain(self, resource: cdk.CfnResource, lost: str) -> None:
        """Retain a resource of the registry: its deletion would change the whole account."""
        resource.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        warn_unless_retained(self, location_of(self), resource, lost)


_POLICY_LOST = (
    "other accounts lose what it allows them, and what it denies is allowed, when the stack or the registry is deleted"
)
