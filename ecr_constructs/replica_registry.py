"""`ReplicaRegistry`: the recovery side of replication, as one thing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import aws_cdk as cdk
import jsii
from constructs import Construct, IConstruct

from ecr_constructs._environments import Environment, environment_of
from ecr_constructs._scopes import Place, checked_place, id_problems, place_of
from ecr_constructs._tokens import forwarded_problems
from ecr_constructs.creation_template import CreationTemplate, template_problems
from ecr_constructs.errors import InvalidRegistry
from ecr_constructs.model.grammar import ACCOUNT_ID, REGION
from ecr_constructs.model.lifecycle import LifecyclePolicy
from ecr_constructs.model.names import ROOT, Namespace
from ecr_constructs.model.replication import Replication
from ecr_constructs.registry import NO_REGISTRY, PrivateRegistry, find_registry
from ecr_constructs.repository import HardenedRepository
from ecr_constructs.settings import HARDENED, RepositorySettings

__all__ = ["ReplicaRegistry"]


class ReplicaRegistry(Construct):
    """
    Define what a recovery region does with the copies that it gets: accept them, and make repositories for them.

    It stands in the stack of the destination, and gets the settings that the source has, as the same value. Where the
    source is in the same app, both sides are compared when the app synthesizes, and the CDK warns of what differs.

    Copied is only what is pushed after the source replicates, and copies are not copied any further. A template never
    changes repositories that exist. With KMS, the template's role may make grants for the key; what else a key policy
    must say for copies is not documented by AWS, so try a copy before you rely on it.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html

    Creates: one `AWS::ECR::RepositoryCreationTemplate` for each namespace, with what it needs; for a source in another
    account a statement in the policy of the registry.

    Args:
        scope: Where it stands; in a stack of the destination.
        id: Its name in the scope.
        source_region: The region that the copies come from.
        source_account: The account that they come from, 12 digits; another one needs a `PrivateRegistry` here. Default:
            the own one.
        repositories: A `Namespace`, or several. Default: every repository.
        settings: What the copies' repositories are like; give the settings of the source. Default: `HARDENED`.

    Attributes:
        settings: The settings in force.
        templates: The templates, one for each namespace.

    Raises:
        InvalidRegistry: with every fault, before anything is added to the tree.
        TypeError: for a value of the wrong kind.

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
    ) -> None:
        place = checked_place(scope, id)
        namespaces = _namespaces(repositories)
        _require_kinds(source_region, source_account, settings)
        prefixes = tuple(ROOT if each is None else each.value for each in namespaces)
        path = f"{place.path}/{id}"
        problems = [*id_problems(scope, id), *REGION.problems(source_region)]
        problems += forwarded_problems(ACCOUNT_ID, source_account) if source_account is not None else ()
        for prefix in prefixes:
            problems += (problem for problem in template_problems(place, prefix, settings) if problem not in problems)
        if not prefixes:
            problems.append("repositories: an empty list names none; leave it out to take every repository")
        problems += _source_problems(place, source_region, source_account)
        if problems:
            raise InvalidRegistry(problems, path=path)
        super().__init__(scope, id)
        self.settings = settings
        environment = environment_of(place)
        self.templates = tuple(
            CreationTemplate(self, _template_id(prefix), prefix=prefix, applied_for=["REPLICATION"], settings=settings)
            for prefix in prefixes
        )
        registry = find_registry(place)
        if source_account is not None and source_account != environment.account and registry is not None:
            registry.accept_replication_from(
                source_account, repositories=[each for each in namespaces if each is not None] or None
            )
        source = environment.elsewhere(account=source_account, region=source_region)
        if source is not None:
            cdk.Aspects.of(self).add(_Agreement(self, environment, source))


@jsii.implements(cdk.IAspect)
class _Agreement:
    """Compares a replica with its source when the app synthesizes, and warns of what differs."""

    def __init__(self, replica: ReplicaRegistry, here: Environment, source: Environment) -> None:
        self._replica = replica
        self._here = here
        self._source = source

    def visit(self, node: IConstruct) -> None:
        if node is not self._replica:
            return
        registry = self._source.owner("registry")
        if isinstance(registry, PrivateRegistry):
            copied = registry.replication_to(self._here)
            for template in self._replica.templates:
                self._compare(registry, copied, template)

    def _compare(self, registry: PrivateRegistry, copied: Sequence[Replication], template: CreationTemplate) -> None:
        mine = None if template.prefix == ROOT else Namespace(template.prefix)
        wanted = Replication.to("us-east-1", repositories=mine)
        if not any(each.overlaps(wanted) for each in copied):
            self._warn(
                "ecr-constructs:replicaHasNoSource",
                f"{registry.node.path} copies nothing under {template.prefix!r} to {self._replica.node.path}; add "
                f"Replication.to({self._here.region!r}, ...) there, with account= if it is another one",
            )
        for repository in self._repositories():
            name = repository.stack.resolve(repository.resource.repository_name)
            if isinstance(name, str) and wanted.copies(name) and any(each.copies(name) for each in copied):
                for identifier, text in _differences(repository, self._replica.settings):
                    self._warn(identifier, f"the copy of {repository.node.path} {text}")

    def _repositories(self) -> Iterator[HardenedRepository]:
        for construct in self._replica.node.root.node.find_all():
            if isinstance(construct, HardenedRepository) and environment_of(place_of(construct)) == self._source:
                yield construct

    def _warn(self, identifier: str, text: str) -> None:
        cdk.Annotations.of(self._replica).add_warning_v2(identifier, text)


_LOST = (
    "has {!r} where tags move by {!r}: a tag that moved arrives without its tag, untagged images expire, and the image "
    "to recover with is gone; give both the same immutability="
)
_MAY_MOVE = "has {!r}, and the original {!r}: a push to the copy may move a tag; give both the same immutability="
_ENCRYPTION = "has {!r}, and the original {!r}; give both the same encryption="


def _differences(source: HardenedRepository, replica: RepositorySettings) -> Iterator[tuple[str, str]]:
    ours, theirs = source.settings.immutability, replica.immutability
    if ours != theirs:
        yield "ecr-constructs:replicaTagsDiffer", (_LOST if ours.tags_can_move else _MAY_MOVE).format(theirs, ours)
    if set(_meanings(replica.effective_lifecycle)) - set(_meanings(source.lifecycle)):
        yield (
            "ecr-constructs:replicaLifecycleDiffers",
            "has lifecycle rules that the original has not, and may lose what that keeps; give both the same settings=",
        )
    if not set(source.settings.access) <= set(replica.access):
        yield (
            "ecr-constructs:replicaAccessDiffers",
            "cannot be pulled by all who pull the original, on the day it is needed; give both the same access=",
        )
    if type(source.settings.encryption) is not type(replica.encryption):
        text = _ENCRYPTION.format(replica.encryption, source.settings.encryption)
        yield "ecr-constructs:replicaEncryptionDiffers", text


def _meanings(policy: LifecyclePolicy) -> Iterator[object]:
    """Give the rules without what says nothing about images."""
    for rule in policy.to_dict()["rules"]:
        yield str({key: value for key, value in rule.items() if key not in ("rulePriority", "description")})


def _source_problems(place: Place, region: str, account: str | None) -> Iterator[str]:
    if place.stack is None:
        return
    here = environment_of(place)
    is_own = account is None or account == here.account
    if is_own and region == here.region:
        yield f"source_region {region!r} is where the replica stands; it stands in the stack of the destination"
    if not is_own and find_registry(place) is None:
        yield f"source_account {account}: {NO_REGISTRY}"


def _template_id(prefix: str) -> str:
    return "Template" if prefix == ROOT else f"Template-{prefix.replace('/', '.')}"


def _namespaces(repositories: object) -> tuple[Namespace | None, ...]:
    if repositories is None:
        return (None,)
    several = (repositories,) if isinstance(repositories, Namespace) else repositories
    if not isinstance(several, Sequence) or not all(isinstance(each, Namespace) for each in several):
        raise TypeError(f"repositories must be a Namespace such as Namespace('prod'), or several, got {repositories!r}")
    return tuple(dict.fromkeys(several))


def _require_kinds(source_region: object, source_account: object, settings: object) -> None:
    for name, text in (("source_region", source_region), ("source_account", source_account or "")):
        if not isinstance(text, str):
            raise TypeError(f"{name} must be a string, got {text!r}")
    if not isinstance(settings, RepositorySettings):
        raise TypeError(f"settings must be RepositorySettings such as HARDENED, got {settings!r}")
