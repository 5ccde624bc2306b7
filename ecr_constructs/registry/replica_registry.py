"""`ReplicaRegistry`: the destination of replication."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from ecr_constructs._cdk.environment_registry import NO_REGISTRY, Environment, environment_of
from ecr_constructs._cdk.intent_grants import IntentGrants
from ecr_constructs._cdk.roles import ROLE, ROLE_EXAMPLE, check_role_arn
from ecr_constructs._cdk.scope import ConstructLocation, id_problems, locate, location_of
from ecr_constructs._cdk.tokens import forwarded_problems
from ecr_constructs.errors import InvalidRegistry, Problems
from ecr_constructs.model.iam.permissions import PULL
from ecr_constructs.model.names import ROOT, Namespace, TemplatePrefix
from ecr_constructs.model.partitions import region_problems
from ecr_constructs.model.registry.replication import Replication
from ecr_constructs.model.validation import ACCOUNT_ID, REGION
from ecr_constructs.registry.created_repositories import grant_on_repositories, image_under, uri_under
from ecr_constructs.registry.creation_template import CreationTemplate, check_template_location, check_template_settings
from ecr_constructs.registry.registry_policy import find_policy
from ecr_constructs.registry.registry_replication import find_replication
from ecr_constructs.registry.registry_resources import Change
from ecr_constructs.repository.access import Access
from ecr_constructs.repository.hardened_repository import HardenedRepository
from ecr_constructs.repository.lifecycle_validation import raise_if_invalid
from ecr_constructs.repository.repository_image import RepositoryImage
from ecr_constructs.repository.settings import HARDENED, RepositorySettings, replica_differences, settings_in_force

__all__ = ["ReplicaRegistry"]


class ReplicaRegistry(IntentGrants, Construct):
    """
    Define the destination of replication: the permission to replicate, and the settings of the replicas.

    Create it in a stack of the destination, with the same value of the settings as the source. If the source is in the
    same app, both are compared when the app synthesizes, and differences are warnings.

    Only images that are pushed after the replication is configured are replicated, and replicas are not replicated
    further. A template never changes existing repositories. With KMS, the role of the template can create grants for
    the key. AWS does not document other requirements on the key policy for replicas. Test the replication of one
    repository first.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html

    Creates: one `AWS::ECR::RepositoryCreationTemplate` for each namespace, with the role and the key that it needs; for
    a source in another account a statement in the policy of the registry.

    Attributes:
        settings: The settings in force.
        templates: The templates, one for each namespace.

    >>> from aws_cdk import App, Environment, Stack
    >>> stack = Stack(App(), "Recovery", env=Environment(account="111122223333", region="eu-central-1"))
    >>> replica = ReplicaRegistry(stack, "Replica", source_region="eu-west-1", repositories=Namespace("prod"))
    >>> [template.prefix for template in replica.templates]
    ['prod']

    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        source_region: str,
        source_account: str | None = None,
        repositories: Namespace | Sequence[Namespace] | None = None,
        settings: RepositorySettings = HARDENED,
        access: Sequence[Access] = (),
        policy_statements: Sequence[iam.PolicyStatement] = (),
        role: iam.IRole | None = None,
    ) -> None:
        """
        Define the destination of replication.

        Args:
            scope: The scope of the construct, in a stack of the destination.
            id: The ID of the construct, unique in its scope.
            source_region: The Region of the source.
            source_account: The account of the source, 12 digits. Another account requires a `PrivateRegistry` in this
                environment. Default: the account of the stack.
            repositories: A `Namespace`, or several. Default: all repositories.
            settings: The settings of the replicas. Use those of the source. Default: `HARDENED`.
            access: Permissions of principals outside the account, in addition to those of the settings. Default: none.
            policy_statements: Statements of the repository policy, in addition to those of the settings. They are
                frozen. Default: none.
            role: The role of the templates, without a path. Its trust policy allows `sts:AssumeRole` to
                `ecr.amazonaws.com`. The permissions that ECR needs are added to it. Default: a role is created for each
                template that needs one.

        Raises:
            InvalidRegistry: With all problems, before anything is added to the tree.
            InvalidLifecyclePolicy: If the only problem is a finding of severity error in the lifecycle policy. The page
                'Findings' of the documentation lists them.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        problems = Problems()
        _expect_kinds(problems, source_region, source_account, repositories)
        problems.expect("role", role, ROLE, ROLE_EXAMPLE, optional=True)
        given = {"access": access, "policy_statements": policy_statements}
        in_force = settings_in_force(problems, settings, given, default=HARDENED)
        place = locate(scope, id, problems)
        namespaces = _namespaces(repositories)
        prefixes = tuple(ROOT if each is None else each.value for each in namespaces)
        problems.extend(id_problems(scope, id))
        _check_source(problems, place, source_region, source_account)
        _check_templates(problems, place, prefixes, in_force)
        check_role_arn(problems, place, role)
        accept = None if problems else _check_policy(problems, place, source_account, namespaces)
        raise_if_invalid(InvalidRegistry, problems, in_force, path=place.path_of(id))
        super().__init__(scope, id)
        if accept is not None:
            accept()
        self.settings = in_force
        self.templates = tuple(self._create_template(prefix, role) for prefix in prefixes)
        self._watch(place, source_account, source_region)

    def image(self, reference: str, *, dual_stack: bool = False) -> RepositoryImage:
        """
        Return the reference of a replica, for a task definition or a manifest.

        Args:
            reference: The repository with a tag or a digest, such as `prod/api:v1.4.2`.
            dual_stack: Whether the host also has IPv6 addresses, such as `111122223333.dkr-ecr.eu-west-1.on.aws`. It
                requires a stack with a Region. Default: no.

        Raises:
            InvalidName: If it is malformed, has neither tag nor digest, or is not in a namespace of the replica.
            TypeError: If it is not a string.

        """
        return image_under(self, [template.prefix for template in self.templates], reference, dual_stack=dual_stack)

    def uri(self, repository: str, *, dual_stack: bool = False) -> str:
        """
        Return the URI of the repository of a replica without a tag, for a Helm chart or for a tool that adds the tag.

        Args:
            repository: The repository, such as `prod/api`.
            dual_stack: As for `image`. Default: no.

        Raises:
            InvalidName: If it is malformed, has a tag or a digest, or is not in a namespace of the replica.
            TypeError: If it is not a string.

        """
        return uri_under(self, [template.prefix for template in self.templates], repository, dual_stack=dual_stack)

    def pinned(self, reference: str, *, dual_stack: bool = False) -> RepositoryImage:
        """
        Return the reference of the image that had a tag when its pin was written, by its digest.

        `ecr-constructs pin` writes the file `ecr-pins.json`, or that of the context key `ecr-constructs/pins`.

        Args:
            reference: The repository with a tag, as for `image`.
            dual_stack: As for `image`. Default: no.

        Raises:
            EcrConstructsError: If the file has no pin for the tag.
            InvalidName: As `image`, and if it has a digest.
            TypeError: If it is not a string.

        """
        return image_under(
            self, [template.prefix for template in self.templates], reference, dual_stack=dual_stack, pinned=True
        )

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """
        Grant the permissions to pull all replicas, and to log in.

        Args:
            grantee: A role or user of the account.

        Returns:
            The grant for the repositories. The permission to log in is a separate grant.

        Raises:
            InvalidRegistry: If the grantee has no policy.

        """
        return self._grant_actions(grantee, PULL, login=True)

    def _grant_actions(self, grantee: iam.IGrantable, actions: Sequence[str], *, login: bool) -> iam.Grant:
        """Grant actions on the repositories, and the permission to log in."""
        names = [template.repositories for template in self.templates]
        remedy = "or for another account add access= to the settings"
        return grant_on_repositories(self, grantee, actions, names, remedy=remedy, login=login)

    def _create_template(self, prefix: str, role: iam.IRole | None) -> CreationTemplate:
        return CreationTemplate(
            self,
            _template_id(prefix),
            prefix=prefix,
            applied_for=["REPLICATION"],
            settings=self.settings,
            role=role,
        )

    def _watch(self, place: ConstructLocation, source_account: str | None, source_region: str) -> None:
        """Compare the replicas with their source at synthesis if both are in the app."""
        here = environment_of(place)
        source = here.in_environment(account=source_account, region=source_region)
        # The replication to an environment that is known only at deployment cannot be compared.
        if source is not None and here.is_known:
            cdk.Aspects.of(self).add(_ReplicaDriftAspect(self, here, source))


@jsii.implements(cdk.IAspect)
class _ReplicaDriftAspect:
    """A validation that compares a replica with its source, and adds warnings for differences."""

    def __init__(self, replica: ReplicaRegistry, here: Environment, source: Environment) -> None:
        self._replica = replica
        self._here = here
        self._source = source

    def visit(self, node: IConstruct) -> None:
        replication = find_replication(self._source) if node is self._replica else None
        if replication is None:
            return
        copied = replication.to_destination(self._here)
        for template in self._replica.templates:
            if not any(each.overlaps(_copies_under(template.prefix)) for each in copied):
                self._warn("ecr-constructs:replicaHasNoSource", self._no_source(replication.path, template.prefix))
        differences: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for repository in self._repositories() if copied else ():
            name = repository.stack.resolve(repository.resource.repository_name)
            if isinstance(name, str) and any(each.copies(name) for each in copied) and self._makes(name):
                # Rules can be added to the policy of the settings.
                source = repository.settings.but(lifecycle=repository.lifecycle)
                for difference in replica_differences(source, self._replica.settings):
                    differences[difference].append(repository.node.path)
        # One warning for all repositories with the same difference, because an app can have thousands of repositories.
        for (identifier, text), paths in differences.items():
            self._warn(identifier, f"the replica of {', '.join(paths)} {text}")

    def _no_source(self, registry_path: str, prefix: str) -> str:
        account = f", account={self._here.account!r}" if self._here.account != self._source.account else ""
        repositories = "" if prefix == ROOT else f", repositories=Namespace({prefix!r})"
        return (
            f"{registry_path} replicates nothing under {prefix!r} to {self._replica.node.path}; "
            f"add Replication.to({self._here.region!r}{account}{repositories}) there"
        )

    def _makes(self, repository_name: str) -> bool:
        """Return whether a template of the replica has the longest prefix of a repository, which ECR uses."""
        prefixes = (
            each for each in self._here.registered_names("template") if TemplatePrefix(each).matches(repository_name)
        )
        longest = max(prefixes, key=lambda prefix: 0 if prefix == ROOT else len(prefix), default=None)
        return longest is not None and self._here.owner_of("template", longest) in self._replica.templates

    def _repositories(self) -> Iterator[HardenedRepository]:
        for construct in self._replica.node.root.node.find_all():
            if isinstance(construct, HardenedRepository) and environment_of(location_of(construct)) == self._source:
                yield construct

    def _warn(self, identifier: str, text: str) -> None:
        cdk.Annotations.of(self._replica).add_warning_v2(identifier, text)


def _copies_under(prefix: str) -> Replication:
    """Return the replication of exactly the repositories of a template, of which only the filters are used."""
    return Replication.to("us-east-1", repositories=None if prefix == ROOT else Namespace(prefix))


def _check_templates(
    problems: Problems, place: ConstructLocation, prefixes: Sequence[str], settings: RepositorySettings
) -> None:
    if not prefixes:
        problems.add("repositories: the list is empty; remove it to include all repositories")
        check_template_settings(problems, place, settings)
    # A problem of the settings is the same for each namespace.
    found = Problems()
    for prefix in prefixes:
        check_template_location(found, place, prefix, settings)
    problems.extend(dict.fromkeys(found))


def _check_source(problems: Problems, place: ConstructLocation, region: str, account: str | None) -> None:
    problems.extend(REGION.problems(region))
    problems.extend(forwarded_problems(ACCOUNT_ID, account) if account is not None else ())
    if place.stack is None:
        return
    is_own = account is None or _is_own(place, account)
    if is_own and region == environment_of(place).region:
        problems.add(f"source_region {region!r} is that of the replica; use the Region of the source")
    problems.extend(region_problems("source_region", region, environment_of(place).region))
    if not is_own and find_policy(environment_of(place)) is None:
        problems.add(f"source_account {account}: {NO_REGISTRY}")


def _check_policy(
    problems: Problems, place: ConstructLocation, account: str | None, namespaces: Sequence[Namespace | None]
) -> Change | None:
    """Check that the registry policy can allow the replication, and return the change."""
    policy = find_policy(environment_of(place))
    if account is None or policy is None or _is_own(place, account):
        return None
    with problems.collect():
        return policy.accepting_replication(account, [each for each in namespaces if each is not None] or None)
    return None


def _is_own(place: ConstructLocation, account: str) -> bool:
    # The account of a stack without an environment is a token.
    return place.top_stack is not None and account == place.top_stack.account


def _template_id(prefix: str) -> str:
    # Names have no colon, so two namespaces never have the same ID.
    return "Template" if prefix == ROOT else f"Template-{prefix.replace('/', ':')}"


def _namespaces(repositories: Namespace | Sequence[Namespace] | None) -> tuple[Namespace | None, ...]:
    if repositories is None:
        return (None,)
    return tuple(dict.fromkeys((repositories,) if isinstance(repositories, Namespace) else repositories))


def _expect_kinds(problems: Problems, source_region: object, source_account: object, repositories: object) -> None:
    example = "Namespace('prod') or [Namespace('prod')]"
    problems.expect("source_region", source_region, str, "'eu-west-1'")
    problems.expect("source_account", source_account, str, "'111122223333'", optional=True)
    problems.expect("repositories", repositories, (Namespace, Sequence), example, optional=True, each=Namespace)
