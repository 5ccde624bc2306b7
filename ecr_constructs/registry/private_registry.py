"""`PrivateRegistry`: what exists once in an account and region, with one owner and any number of contributors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs._cdk import l1_properties
from ecr_constructs._cdk.environment_registry import NO_REGISTRY, Environment, environment_of
from ecr_constructs._cdk.retention import is_deleted
from ecr_constructs._cdk.scope import ConstructLocation, id_problems, locate, location_of
from ecr_constructs.errors import InvalidName, InvalidRegistry
from ecr_constructs.model.registry.replication import Replication
from ecr_constructs.model.registry.scanning import ScanFrequency, Scanning
from ecr_constructs.registry.registry_permissions import RegistryPermissions
from ecr_constructs.registry.registry_policy import RegistryPolicy
from ecr_constructs.registry.registry_replication import RegistryReplication
from ecr_constructs.repository.name_ownership import deleted_repositories

__all__ = ["PrivateRegistry", "find_registry"]


# "Registry replication doesn't perform any delete actions."
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
_REPLICAS_STAY = (
    "the repository is deleted with its stack, and {} replicates it to {}, where its replicas stay; leave it out of "
    "the filters with Replication.to(repositories=...), or delete the replicas yourself"
)
_REPLICATION_LOST = "replication of the whole registry stops when the stack or the registry is deleted"
_SCANNING_LOST = (
    "Amazon Inspector is disabled for the container images of the whole account when the stack or the registry is "
    "deleted"
)


class PrivateRegistry(RegistryPermissions):
    """
    Define what exists once in an account and region: scanning, replication and the policy of the registry.

    An app has one for each account and region, and one for each stack whose account or region is known only at
    deployment. It is made before those who contribute to it: repositories with `replicate_to=` or `scanning=`, caches
    with `consumers=`, replicas of other accounts. What they add is merged with what is given here, in an order that
    does not depend on theirs.

    Each resource is written only if there is something to say, and stays when its stack goes: deleting the scanning
    configuration would disable Amazon Inspector for the whole account, deleting the others would stop copies to the
    recovery region and lock out other accounts. What is not given is left as the account has it.

    Enhanced scanning enables Amazon Inspector for the container images of the account, which costs money for each
    image. Whoever deploys it needs `inspector2:Enable`, `inspector2:Disable`, `inspector2:ListAccountPermissions`,
    `inspector2:ListCoverage`, `inspector2:ListFindings` and `iam:CreateServiceLinkedRole`. Where a delegated
    administrator runs Inspector for an organization, how long images are scanned again is theirs to say; where an
    organization policy manages it, the deployment fails with `BlockedByOrganizationPolicyException`. When it is first
    enabled, images pushed in the last 14 days are scanned, and older ones are not.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings.html

    Creates: an `AWS::ECR::RegistryScanningConfiguration`, an `AWS::ECR::ReplicationConfiguration` and an
    `AWS::ECR::RegistryPolicy`, each if it has something to say.

    Args:
        scope: Where it stands; in a stack.
        id: Its name in the scope.
        scanning: Which images are scanned, how, and when. Default: as the account has it.
        replication: Where images are copied. Default: nowhere, until somebody contributes.
        policy_statements: Statements of one's own for the registry policy, with principals, actions and resources.
            Default: none, until somebody contributes.

    Attributes:
        scanning: The scanning in force, with what repositories asked for.

    Raises:
        InvalidRegistry: with every fault, before anything is added to the tree.
        TypeError: for a value of the wrong kind.

    >>> from aws_cdk import App, Stack
    >>> from ecr_constructs import Namespace
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
    ) -> None:
        place = locate(scope, id)
        _require_kinds(scanning, replication, policy_statements)
        path = place.path_of(id)
        if place.stack is None:
            raise InvalidRegistry(["a registry stands in a stack, and this scope is in none; pass a Stack"], path=path)
        environment = environment_of(place)
        copies, policy = RegistryReplication(environment), RegistryPolicy(place.stack, environment)
        problems = [*id_problems(scope, id), *_owner_problems(environment)]
        problems += copies.problems_with(*replication)
        problems += policy.problems_with(*policy_statements)
        if problems:
            raise InvalidRegistry(problems, path=path)
        super().__init__(scope, id, environment=environment, policy=policy)
        environment.claim(self, "registry")
        self.scanning = scanning
        self._scanning_given = scanning
        self._scanned: set[tuple[ScanFrequency, str]] = set()
        self._replication = copies
        if scanning is not None:
            self._build_scanning(scanning)
        if replication:
            self.add_replication(*replication)
        if policy_statements:
            self._contribute([], *policy_statements)

    @staticmethod
    def of(scope: Construct) -> PrivateRegistry:
        """
        Find the registry of an account and region.

        Args:
            scope: Any construct in a stack of that account and region.

        Raises:
            InvalidRegistry: if the app has none there.

        """
        if not isinstance(scope, Construct):
            raise TypeError(f"scope must be a construct, got {scope!r}")
        place = location_of(scope)
        registry = find_registry(place)
        if registry is None:
            raise InvalidRegistry([NO_REGISTRY], path=place.path)
        return registry

    @property
    def replication(self) -> tuple[Replication, ...]:
        """All replications that were given; a destination in the account of the registry has no account."""
        return self._replication.given

    def add_replication(self, *replication: Replication) -> None:
        """
        Copy more repositories, or to more places.

        Rules are merged: what goes to the same places is one rule.

        Args:
            replication: Such as `Replication.to("eu-west-1", repositories=Namespace("prod"))`.

        Raises:
            InvalidRegistry: if the registry would copy to itself, or more than ECR allows.
            TypeError: for anything else than a `Replication`.

        """
        _require_kinds(None, replication, ())
        self._copy(replication)
        for name, text in self._replication.warnings_about(*replication):
            self._warn(name, text)

    def _copy(self, replication: Sequence[Replication]) -> None:
        if problems := tuple(self.replication_problems(*replication)):
            raise InvalidRegistry(problems, path=self.node.path)
        if not replication:
            return
        if not self._replication.given:
            written = self._lazily(self._replication_property)
            resource = ecr.CfnReplicationConfiguration(self, "Replication", replication_configuration=written)
            self._retain(resource, _REPLICATION_LOST)
        self._replication.add(*replication)
        for name, text in self._replication.warnings():
            self._warn(name, text)
        for each in replication:
            self._warn_if_bidirectional(each)

    def replicate(self, repository_name: str, regions: Sequence[str]) -> None:
        """
        Copy a repository to other regions of the account.

        Filters of ECR cannot say a whole name; a repository whose name begins with this one is copied as well.

        Args:
            repository_name: Its name, written out.
            regions: Such as `["eu-west-1"]`.

        Raises:
            InvalidName: for a region that is none.
            InvalidRegistry: if the registry would copy to itself, or more than ECR allows.

        """
        _require_strings(repository_name=repository_name)
        if isinstance(regions, str) or not isinstance(regions, Sequence):
            raise TypeError(f"regions must be a list such as ['eu-west-1'], got {regions!r}")
        self._copy([Replication.to(region, repositories=repository_name) for region in regions])

    def replication_problems(self, *replication: Replication) -> Iterator[str]:
        """
        Say why replication cannot be added.

        Args:
            replication: What somebody wants to add.

        Yields:
            One sentence for each fault.

        """
        _require_kinds(None, replication, ())
        yield from self._late_problems()
        yield from self._replication.problems_with(*replication)

    def replication_to(self, there: Environment) -> tuple[Replication, ...]:
        """
        Give the replications to an account and region.

        Args:
            there: Where the copies go.

        """
        if not isinstance(there, Environment):
            raise TypeError(f"there must be an Environment of ecr_constructs, got {there!r}")
        return self._replication.to_destination(there)

    def scan(self, repository_name: str, frequency: ScanFrequency) -> None:
        """
        Scan a repository, if what was given does not do so already.

        Filters of ECR cannot say a whole name; a repository whose name begins with this one is scanned as well.

        Args:
            repository_name: Its name, written out.
            frequency: `CONTINUOUS_SCAN` or `SCAN_ON_PUSH`.

        Raises:
            InvalidRegistry: if the registry has no scanning, or none of that kind, or scans the repository otherwise.

        """
        if problems := tuple(self.scanning_problems(repository_name, frequency)):
            raise InvalidRegistry(problems, path=self.node.path)
        assert self.scanning is not None  # noqa: S101  (that is a problem)
        self.scanning = self._scanning_with(self.scanning, repository_name, frequency)
        self._scanned.add((frequency, repository_name))

    def scanning_problems(self, repository_name: str, frequency: ScanFrequency) -> Iterator[str]:
        """
        Say why a repository cannot be scanned as asked.

        Args:
            repository_name: Its name, written out.
            frequency: `CONTINUOUS_SCAN` or `SCAN_ON_PUSH`.

        Yields:
            One sentence for each fault.

        """
        _require_strings(repository_name=repository_name, frequency=frequency)
        if self.scanning is None:
            yield (
                f"the registry {self.node.path} leaves scanning as the account has it; give it "
                "scanning=Scanning.enhanced() or Scanning.basic()"
            )
            return
        try:
            included = self._scanning_with(self.scanning, repository_name, frequency)
        except InvalidName as error:
            yield from error.problems
        else:
            if included != self.scanning:
                yield from self._late_problems()

    def validate(self) -> list[str]:
        """Return the problems of the policy, and warn about replicas that stay; the CDK calls this at synthesis."""
        for resource, name in deleted_repositories(self._environment) if self._replication.given else ():
            regions = self._replication.regions_of(name)
            if regions and isinstance(resource, cdk.CfnResource) and is_deleted(resource):
                text = _REPLICAS_STAY.format(self.node.path, ", ".join(sorted(set(regions))))
                cdk.Annotations.of(resource).add_warning_v2("ecr-constructs:replicasAreNotDeleted", text)
        return super().validate()

    def _scanning_with(self, scanning: Scanning, repository_name: str, frequency: ScanFrequency) -> Scanning:
        """Include what all repositories asked for: the same, or the same error, whichever of them came first."""
        if scanning.frequency(repository_name) == frequency or self._scanning_given is None:
            return scanning
        wish = (frequency, repository_name)
        if wish > max(self._scanned, default=wish[:0]):
            return scanning.including(repository_name, frequency)
        return _including(self._scanning_given, tuple(sorted({*self._scanned, wish})))

    def _build_scanning(self, scanning: Scanning) -> None:
        rules = self._lazily(self._scanning_property)
        resource = ecr.CfnRegistryScanningConfiguration(self, "Scanning", scan_type=scanning.scan_type, rules=rules)
        self._retain(resource, _SCANNING_LOST)
        for text in (text.value for text in (*scanning.continuous, *scanning.on_push) if "*" not in text.value):
            self._warn(
                "ecr-constructs:scanFilterContains",
                f"scan filter {text!r} has no '*', so it matches every name that contains it, such as 'non{text}'; "
                f"write Namespace({text!r}) for those under '{text}/', or '*{text}*' if you mean it",
            )

    def _scanning_property(self) -> object:
        return self.scanning and l1_properties.registry_scanning(self.scanning)

    def _replication_property(self) -> object:
        return l1_properties.replication(self._replication.rules(), self._environment.account or cdk.Aws.ACCOUNT_ID)

    def _warn_if_bidirectional(self, replication: Replication) -> None:
        there = self._environment.in_environment(account=replication.account, region=replication.region)
        other = there and there.owner("registry")
        if not isinstance(other, PrivateRegistry):
            return
        if any(back.overlaps(replication) for back in other.replication_to(self._environment)):
            self._warn(
                "ecr-constructs:replicationBothWays",
                f"{self.node.path} and {other.node.path} copy the same repositories to each other; ECR does not copy "
                "copies any further, but a tag that is pushed on both sides names two images: push on one side only",
            )


# Asked when a repository is checked, and again when it is made.
@lru_cache(maxsize=16)
def _including(scanning: Scanning, wishes: tuple[tuple[ScanFrequency, str], ...]) -> Scanning:
    """Include what repositories ask for: continuous ones first, for they win, and short names before longer ones."""
    for frequency, name in wishes:
        scanning = scanning.including(name, frequency)
    return scanning


def find_registry(place: ConstructLocation) -> PrivateRegistry | None:
    """Find the registry of a place, if the app has one there."""
    if place.stack is None:
        return None
    registry = environment_of(place).owner("registry")
    return registry if isinstance(registry, PrivateRegistry) else None


def _owner_problems(environment: Environment) -> Iterator[str]:
    if (owner := environment.owner("registry")) is not None:
        yield (
            f"{owner.node.path} is the registry of this account and region already, and a second one would overwrite "
            "it; find it with PrivateRegistry.of(scope)"
        )


def _require_strings(**values: object) -> None:
    for name, value in values.items():
        if not isinstance(value, str):
            raise TypeError(f"{name} must be a string, got {value!r}")


def _require_kinds(scanning: object, replication: object, policy_statements: object) -> None:
    if scanning is not None and not isinstance(scanning, Scanning):
        raise TypeError(f"scanning must be a Scanning such as Scanning.enhanced(), got {scanning!r}")
    for name, values, kind, example in (
        ("replication", replication, Replication, "[Replication.to('eu-west-1')]"),
        ("policy_statements", policy_statements, iam.PolicyStatement, "[iam.PolicyStatement(...)]"),
    ):
        if not isinstance(values, Sequence) or not all(isinstance(each, kind) for each in values):
            raise TypeError(f"{name} must be a list such as {example}, got {values!r}")
