"""`PrivateRegistry`: the settings that exist once in an account and Region, with the additions of other constructs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IValidation

from ecr_constructs._cdk.environment_registry import NO_REGISTRY, Environment, environment_of
from ecr_constructs._cdk.scope import ConstructLocation, id_problems, locate, location_of, stack_problems
from ecr_constructs.errors import InvalidRegistry, Problems, expect
from ecr_constructs.registry.registry_resources import RegistryResources
from ecr_constructs.repository.access import Access

if TYPE_CHECKING:
    from ecr_constructs.model.registry.replication import Replication
    from ecr_constructs.model.registry.scanning import ScanFrequency, Scanning
    from ecr_constructs.registry.registry_policy import PolicyScope, RegistryPolicy, RegistryRepositories
    from ecr_constructs.registry.registry_replication import RegistryReplication

__all__ = ["PrivateRegistry", "find_registry"]

_STATEMENT = "iam.PolicyStatement(...)"


class PrivateRegistry(Construct):
    """
    Define the settings that exist once in an account and Region: scanning, replication and the registry policy.

    An app has one registry for each account and Region, and one for each stack whose account or Region is known only at
    deployment. Create it before the constructs that add to it: repositories with `replicate_to=` or `scanning=`, caches
    with `consumers=`, replicas of other accounts. Additions are merged. Their order does not change the template.

    A resource is created only if it has contents. All resources are retained when the stack is deleted, because their
    deletion affects the whole account. The construct does not change settings of the account that are not given.

    Enhanced scanning enables Amazon Inspector for the container images of the account, which charges for each image.
    The principal of the deployment needs `inspector2:Enable`, `inspector2:Disable`,
    `inspector2:ListAccountPermissions`, `inspector2:ListCoverage`, `inspector2:ListFindings` and
    `iam:CreateServiceLinkedRole`. In an organization, the delegated administrator of Amazon Inspector configures the
    re-scan duration. If an organization policy manages Amazon Inspector, the deployment fails with
    `BlockedByOrganizationPolicyException`. When enhanced scanning is first enabled, only images that were pushed in the
    last 14 days are scanned.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings.html

    Creates: an `AWS::ECR::RegistryScanningConfiguration`, an `AWS::ECR::ReplicationConfiguration` and an
    `AWS::ECR::RegistryPolicy`, each if it has contents.

    >>> from aws_cdk import App, Stack
    >>> from ecr_constructs import Namespace, Replication, Scanning
    >>> stack = Stack(App(), "Containers")
    >>> registry = PrivateRegistry(
    ...     stack,
    ...     "Registry",
    ...     scanning=Scanning.enhanced(),
    ...     replication=[Replication.to("eu-west-1", repositories=Namespace("prod"))],
    ... )
    >>> registry is PrivateRegistry.of(stack)
    True

    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        scanning: Scanning | None = None,
        replication: Sequence[Replication] = (),
        policy_statements: Sequence[iam.PolicyStatement] = (),
        policy_scope: PolicyScope | None = None,
    ) -> None:
        """
        Define the registry of an account and Region.

        Args:
            scope: The scope of the construct, in a stack.
            id: The ID of the construct, unique in its scope.
            scanning: The scanning configuration. Default: as the account has it.
            replication: The replications. Default: none, until a construct adds one.
            policy_statements: Statements of the registry policy, with principals, actions and resources. Default: none,
                until a construct adds one.
            policy_scope: The scope of the registry policy in the account, `V1` or `V2`. CloudFormation cannot set it.
                With `V1` an action that this scope does not have is an error. With `V2` the registry policy has all
                permissions of the consumers of caches. It also applies to existing repositories, and a removed consumer
                has no access. Default: it is not known, and the policies of the repositories have the permissions to
                pull.

        Raises:
            InvalidRegistry: With all problems, before anything is added to the tree.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        from ecr_constructs.model.registry.replication import Replication
        from ecr_constructs.model.registry.scanning import Scanning
        from ecr_constructs.registry.registry_policy import RegistryPolicy
        from ecr_constructs.registry.registry_replication import RegistryReplication
        from ecr_constructs.registry.registry_scanning import RegistryScanning
        from ecr_constructs.repository.settings_check import check_templates_at_synth

        problems = Problems()
        problems.expect("scanning", scanning, Scanning, "Scanning.enhanced()", optional=True)
        problems.expect("replication", replication, Sequence, "[Replication.to('eu-west-1')]", each=Replication)
        problems.expect("policy_statements", policy_statements, Sequence, f"[{_STATEMENT}]", each=iam.PolicyStatement)
        problems.expect("policy_scope", policy_scope, str, "'V2'", optional=True)
        place = locate(scope, id, problems)
        problems.extend(id_problems(scope, id))
        if policy_scope not in (None, "V1", "V2"):
            problems.add(f"policy_scope {policy_scope!r} does not exist; use 'V1' or 'V2'")
        environment = _check_location(problems, place, id)
        self._resources = RegistryResources(place, place.path_of(id))
        self._scanning = RegistryScanning(self._resources)
        self._replication = RegistryReplication(self._resources, environment)
        self._policy = RegistryPolicy(self._resources, environment, policy_scope)
        changes = []
        with problems.collect():
            changes.append(self._replication.adding(*replication))
        with problems.collect():
            changes.append(self._policy.adding(policy_statements))
        problems.raise_if_any(InvalidRegistry, place.path_of(id))
        super().__init__(scope, id)
        self._resources.attach(self)
        environment.register_registry(
            self, {"policy": self._policy, "replication": self._replication, "scanning": self._scanning}
        )
        check_templates_at_synth(place)
        self.node.add_validation(_RegistryValidation(self._resources, self._replication, self._policy))
        if scanning is not None:
            self._scanning.configure(scanning)
        for change in changes:
            change()
        self._replication.warn_about_filters(replication)

    @staticmethod
    def of(scope: Construct) -> PrivateRegistry:
        """
        Return the registry of an account and Region. It creates no resource.

        Args:
            scope: Any construct in a stack of that account and Region.

        Raises:
            InvalidRegistry: If the app has no registry there.
            TypeError: If the scope is not a construct.

        >>> from aws_cdk import App, Stack
        >>> stack = Stack(App(), "Containers")
        >>> registry = PrivateRegistry(stack, "Registry")
        >>> PrivateRegistry.of(stack) is registry
        True

        """
        expect("scope", scope, Construct, "Stack(app, 'Containers')")
        place = location_of(scope)
        registry = find_registry(place)
        if registry is None:
            raise InvalidRegistry([NO_REGISTRY], path=place.path)
        return registry

    @property
    def policy_scope(self) -> PolicyScope | None:
        """The scope of the registry policy. None if it is not given."""
        return self._policy.scope

    @property
    def scanning(self) -> Scanning | None:
        """The scanning configuration, with the filters for all repositories that request a scan frequency."""
        return self._scanning.current

    @property
    def replication(self) -> tuple[Replication, ...]:
        """All replications. A destination in the account of the registry has no account."""
        return self._replication.configuration.replications

    def add_replication(self, *replication: Replication) -> None:
        """
        Add replications to the `AWS::ECR::ReplicationConfiguration`, which is created with the first of them.

        Rules with the same destinations are merged. The quotas are 25 destinations over all rules and 100 filters for
        each rule; a longer list becomes several rules:
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html

        Args:
            replication: The replications.

        Raises:
            InvalidRegistry: With all problems: a replication to the registry itself, a Region of another partition, too
                many rules or destinations, an app that is synthesized already.
            TypeError: If an argument is not a `Replication`.

        >>> from aws_cdk import App, Stack
        >>> from ecr_constructs import Namespace, Replication
        >>> registry = PrivateRegistry(Stack(App(), "Containers"), "Registry")
        >>> registry.add_replication(Replication.to("eu-west-1", repositories=Namespace("prod")))
        >>> registry.replication[0].region
        'eu-west-1'

        """
        from ecr_constructs.model.registry.replication import Replication

        expect("replication", replication, Sequence, "Replication.to('eu-west-1')", each=Replication, path=self._path)
        self._replication.adding(*replication)()
        self._replication.warn_about_filters(replication)

    def replicate(self, repository_name: str, regions: Sequence[str]) -> None:
        """
        Replicate a repository to other Regions of the account.

        It changes the `AWS::ECR::ReplicationConfiguration`, as `add_replication` does with the same limits. A filter of
        ECR matches the beginning of a name, so repositories whose names begin with this one are replicated, too:
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html

        Args:
            repository_name: The name of the repository.
            regions: The Regions, such as `["eu-west-1"]`.

        Raises:
            InvalidRegistry: With all problems: a name or Region that is not well formed, a replication to the registry
                itself, too many rules or destinations, an app that is synthesized already.
            TypeError: If arguments are of the wrong kind.

        >>> from aws_cdk import App, Stack
        >>> registry = PrivateRegistry(Stack(App(), "Containers"), "Registry")
        >>> registry.replicate("legacy/api", ["eu-west-1"])
        >>> registry.replication[0].copies("legacy/api")
        True

        """
        self._replication.requesting(repository_name, regions)()

    def scan(self, repository_name: str, frequency: ScanFrequency) -> None:
        """
        Scan a repository, if the scanning configuration does not do so already.

        It changes the `AWS::ECR::RegistryScanningConfiguration`. A filter that ends with `*` is added, so repositories
        whose names begin with this one are scanned, too. A rule has at most 100 filters:
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html

        Args:
            repository_name: The name of the repository.
            frequency: `CONTINUOUS_SCAN` or `SCAN_ON_PUSH`.

        Raises:
            InvalidRegistry: With all problems: a registry without scanning configuration, a frequency that the scan
                type does not have, a filter that scans the repository in another way, an app that is synthesized
                already.
            TypeError: If arguments are of the wrong kind.

        >>> from aws_cdk import App, Stack
        >>> from ecr_constructs import Scanning
        >>> stack = Stack(App(), "Containers")
        >>> registry = PrivateRegistry(stack, "Registry", scanning=Scanning.basic(on_push="prod/*"))
        >>> registry.scan("legacy/api", "SCAN_ON_PUSH")
        >>> registry.scanning.frequency("legacy/api")
        'SCAN_ON_PUSH'

        """
        self._scanning.requesting(repository_name, frequency)()

    def accept_replication_from(self, account: str, *, repositories: RegistryRepositories | None = None) -> None:
        """
        Allow the registry of another account to replicate to this one, and to create repositories for the replicas.

        It adds a statement to the `AWS::ECR::RegistryPolicy`, which is created with the first statement. A registry
        policy has at most 10,240 characters; statements with the same principals or repositories are merged:
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html

        Args:
            account: The account that replicates, 12 digits.
            repositories: A `Namespace`, or a repository by name, or several; `*` in a name matches any characters.
                Default: all repositories.

        Raises:
            InvalidRegistry: With all problems: the account of the registry, an account or name that is not well formed,
                a policy that is too long, an app that is synthesized already.
            TypeError: If arguments are of the wrong kind.

        >>> from aws_cdk import App, Stack
        >>> from ecr_constructs import Namespace
        >>> registry = PrivateRegistry(Stack(App(), "Containers"), "Registry")
        >>> registry.accept_replication_from("444455556666", repositories=Namespace("partner"))

        """
        self._policy.accepting_replication(account, repositories)()

    def accept_caches_of(self, account: str, *, repositories: RegistryRepositories | None = None) -> None:
        """
        Allow the pull-through caches of another account to import from this registry.

        It adds a statement to the `AWS::ECR::RegistryPolicy`, which requires scope V2, the default of new registries.
        `access=[Access.cache_pull(account)]` does the same for single repositories, in either scope. A registry policy
        has at most 10,240 characters:
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html

        Args:
            account: The account that has the caches, 12 digits.
            repositories: A `Namespace`, or a repository by name, or several; `*` in a name matches any characters.
                Default: all repositories.

        Raises:
            InvalidRegistry: With all problems: an account or name that is not well formed, a policy that is too long,
                an app that is synthesized already.
            TypeError: If arguments are of the wrong kind.

        >>> from aws_cdk import App, Stack
        >>> registry = PrivateRegistry(Stack(App(), "Containers"), "Registry")
        >>> registry.accept_caches_of("444455556666", repositories="base/*")

        """
        self._policy.accepting_caches(account, repositories)()

    def accept_cache_consumer(self, consumer: Access, *, repositories: RegistryRepositories) -> None:
        """
        Allow principals of other accounts to import images through a cache of this registry.

        It adds statements to the `AWS::ECR::RegistryPolicy`. `PullThroughCache(consumers=...)` adds them, too, and
        allows pulls of the cached images. With `policy_scope="V2"` this method also allows pulls. A registry policy has
        at most 10,240 characters:
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html

        Args:
            consumer: `Access.account_pull(...)`, `Access.organization_pull(...)`,
                `Access.organizational_unit_pull(...)` or `Access.role_pull(...)`.
            repositories: The `Namespace` of the cache, or repositories of it by name.

        Raises:
            InvalidRegistry: With all problems: another intent of access, a name that is not well formed, a policy that
                is too long, an app that is synthesized already.
            TypeError: If arguments are of the wrong kind.

        >>> from aws_cdk import App, Stack
        >>> from ecr_constructs import Namespace
        >>> registry = PrivateRegistry(Stack(App(), "Containers"), "Registry")
        >>> registry.accept_cache_consumer(Access.account_pull("444455556666"), repositories=Namespace("docker-hub"))

        """
        self._policy.accepting_consumers([consumer], repositories)()

    def deny_repository_creation(self, *, except_for: Sequence[str | iam.IRole]) -> None:
        """
        Deny `ecr:CreateRepository` to all principals of the account with exceptions.

        It adds a statement to the `AWS::ECR::RegistryPolicy`. Exclude the role with which CloudFormation deploys, such
        as `cdk-hnb659fds-cfn-exec-role-...` of the CDK's bootstrap stack, and the principals that make the first pull
        through a cache. The roles of creation templates of the app and the service-linked roles of AWS are excluded,
        too. Other accounts have only the permissions of a statement. A registry policy has at most 10,240 characters:
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html

        Args:
            except_for: Roles, or ARNs in which `*` matches any characters.

        Raises:
            InvalidRegistry: With all problems: a second denial, an empty list, an ARN of something else than a role or
                user, a policy that is too long, an app that is synthesized already.
            TypeError: If arguments are of the wrong kind.

        >>> from aws_cdk import App, Stack
        >>> registry = PrivateRegistry(Stack(App(), "Containers"), "Registry")
        >>> registry.deny_repository_creation(except_for=["arn:aws:iam::111122223333:role/cdk-*-cfn-exec-role-*"])

        """
        self._policy.denying_creation(except_for)()

    def add_to_resource_policy(self, statement: iam.PolicyStatement) -> iam.AddToResourcePolicyResult:
        """
        Add a statement to the `AWS::ECR::RegistryPolicy`, which is created with the first statement.

        A registry policy of scope V1 accepts only the actions `ecr:ReplicateImage`, `ecr:BatchImportUpstreamImage` and
        `ecr:CreateRepository`. Scope V2, the default of new registries, accepts all actions and applies to all
        requests. A registry policy has at most 10,240 characters:
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html

        Args:
            statement: The statement, with principals, actions and resources.

        Raises:
            InvalidRegistry: With all problems: a statement that ECR rejects, or that makes the registry public, a
                policy that is too long, an app that is synthesized already.
            TypeError: If the argument is not an `iam.PolicyStatement`.

        >>> from aws_cdk import App, Stack
        >>> registry = PrivateRegistry(Stack(App(), "Containers"), "Registry")
        >>> statement = iam.PolicyStatement(
        ...     principals=[iam.AccountPrincipal("444455556666")], actions=["ecr:ReplicateImage"], resources=["*"]
        ... )
        >>> registry.add_to_resource_policy(statement).statement_added
        True

        """
        expect("statement", statement, iam.PolicyStatement, _STATEMENT, path=self._path)
        self._policy.adding([statement])()
        return iam.AddToResourcePolicyResult(statement_added=True, policy_dependable=self)

    @property
    def _path(self) -> str:
        return self._resources.path


@jsii.implements(IValidation)
class _RegistryValidation:
    """A validation of a registry when the app synthesizes."""

    def __init__(self, resources: RegistryResources, replication: RegistryReplication, policy: RegistryPolicy) -> None:
        self._resources = resources
        self._replication = replication
        self._policy = policy

    def validate(self) -> list[str]:
        self._replication.warn_about_deleted_repositories()
        self._resources.mark_synthesized()
        return self._policy.problems_at_synthesis()


def find_registry(place: ConstructLocation) -> PrivateRegistry | None:
    """
    Return the registry of a location.

    Args:
        place: The location.

    Returns:
        The registry. None outside every stack, or if the app has no registry there.

    """
    if place.stack is None:
        return None
    registry = environment_of(place).owner_of("registry")
    return registry if isinstance(registry, PrivateRegistry) else None


def _check_location(problems: Problems, place: ConstructLocation, id: str) -> Environment:
    """Return the environment of a location, or raise an error if it is not in a stack."""
    problems.extend(stack_problems(place, "a registry"))
    if place.stack is None:
        problems.raise_if_any(InvalidRegistry, place.path_of(id))
    environment = environment_of(place)
    if (owner := environment.owner_of("registry")) is not None:
        problems.add(
            f"{owner.node.path} is already the registry of this account and Region, and an account has one registry "
            "in each Region; get it with PrivateRegistry.of(scope)"
        )
    return environment
