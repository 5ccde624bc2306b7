"""`ReplicaRegistry`: the recovery side of replication, as one thing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import aws_cdk as cdk
import jsii
from constructs import Construct, IConstruct

from ecr_constructs._cdk.environment_registry import NO_REGISTRY, Environment, environment_of
from ecr_constructs._cdk.scope import ConstructLocation, id_problems, locate, location_of
from ecr_constructs._cdk.tokens import forwarded_problems
from ecr_constructs.errors import InvalidRegistry
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.names import ROOT, Namespace, TemplatePrefix
from ecr_constructs.model.partitions import region_problems
from ecr_constructs.model.registry.replication import Replication
from ecr_constructs.model.tags import ExclusionFilter
from ecr_constructs.model.validation import ACCOUNT_ID, REGION
from ecr_constructs.registry.creation_template import CreationTemplate, settings_problems, template_problems
from ecr_constructs.registry.private_registry import PrivateRegistry, find_registry
from ecr_constructs.repository.hardened_repository import HardenedRepository
from ecr_constructs.repository.lifecycle_validation import raise_if_invalid
from ecr_constructs.repository.settings import HARDENED, RepositorySettings

__all__ = ["ReplicaRegistry"]

# Repositories that a warning names.
_MOST_SHOWN = 3


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
        InvalidLifecyclePolicy: if the only fault is that a lifecycle rule surely is not meant so: see docs/findings.md.
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
        place = locate(scope, id)
        namespaces = _namespaces(repositories)
        _require_kinds(source_region, source_account, settings)
        prefixes = tuple(ROOT if each is None else each.value for each in namespaces)
        path = place.path_of(id)
        problems = [*id_problems(scope, id), *REGION.problems(source_region)]
        problems += forwarded_problems(ACCOUNT_ID, source_account) if source_account is not None else ()
        # What is wrong with the settings is wrong for each namespace, and said once.
        problems += dict.fromkeys(fault for prefix in prefixes for fault in template_problems(place, prefix, settings))
        if not prefixes:
            problems += ["repositories: an empty list names none; leave it out to take every repository"]
            problems += settings_problems(place, settings)
        problems += _source_problems(place, source_region, source_account)
        raise_if_invalid(InvalidRegistry, problems, settings, path=path)
        registry = find_registry(place)
        if source_account is not None and registry is not None and not _is_own(place, source_account):
            # The registry has a limit of its own, so it is asked while nothing has been added to the tree.
            registry.accept_replication_from(
                source_account, repositories=[each for each in namespaces if each is not None] or None
            )
        super().__init__(scope, id)
        self.settings = settings
        self.templates = tuple(
            CreationTemplate(self, _template_id(prefix), prefix=prefix, applied_for=["REPLICATION"], settings=settings)
            for prefix in prefixes
        )
        here = environment_of(place)
        source = here.in_environment(account=source_account, region=source_region)
        # What a registry copies to a place that is not known before deployment cannot be told.
        if source is not None and here.is_known:
            cdk.Aspects.of(self).add(_ReplicaDriftAspect(self, here, source))


@jsii.implements(cdk.IAspect)
class _ReplicaDriftAspect:
    """Compares a replica with its source when the app synthesizes, and warns of what differs."""

    def __init__(self, replica: ReplicaRegistry, here: Environment, source: Environment) -> None:
        self._replica = replica
        self._here = here
        self._source = source

    def visit(self, node: IConstruct) -> None:
        registry = self._source.owner("registry") if node is self._replica else None
        if not isinstance(registry, PrivateRegistry):
            return
        copied = registry.replication_to(self._here)
        for template in self._replica.templates:
            if not any(each.overlaps(_copies_under(template.prefix)) for each in copied):
                self._warn("ecr-constructs:replicaHasNoSource", self._no_source(registry, template.prefix))
        differences: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for repository in self._repositories() if copied else ():
            name = repository.stack.resolve(repository.resource.repository_name)
            if isinstance(name, str) and any(each.copies(name) for each in copied) and self._makes(name):
                for difference in _differences(repository, self._replica.settings):
                    differences[difference].append(repository.node.path)
        # One warning for what many repositories have in common: a platform has a thousand of them.
        for (identifier, text), paths in differences.items():
            self._warn(identifier, f"the copy of {_listed(paths)} {text}")

    def _no_source(self, registry: PrivateRegistry, prefix: str) -> str:
        account = f", account={self._here.account!r}" if self._here.account != self._source.account else ""
        repositories = "" if prefix == ROOT else f", repositories=Namespace({prefix!r})"
        return (
            f"{registry.node.path} copies nothing under {prefix!r} to {self._replica.node.path}; "
            f"add Replication.to({self._here.region!r}{account}{repositories}) there"
        )

    def _makes(self, repository_name: str) -> bool:
        """Tell whether ECR makes the copy of a repository by a template of the replica: the longest prefix wins."""
        prefixes = (each for each in self._here.names("template") if TemplatePrefix(each).matches(repository_name))
        longest = max(prefixes, key=lambda prefix: 0 if prefix == ROOT else len(prefix), default=None)
        return longest is not None and self._here.owner("template", longest) in self._replica.templates

    def _repositories(self) -> Iterator[HardenedRepository]:
        for construct in self._replica.node.root.node.find_all():
            if isinstance(construct, HardenedRepository) and environment_of(location_of(construct)) == self._source:
                yield construct

    def _warn(self, identifier: str, text: str) -> None:
        cdk.Annotations.of(self._replica).add_warning_v2(identifier, text)


_LOST = (
    "is {} where the original is {}: when a tag moves there, its image arrives here without it, untagged images "
    "expire, and the image to recover with is gone; give both the same settings=, or at least immutability="
)
_OTHERWISE = "is {}, and the original {}, so that tags mean other things; give both the same immutability="
_ACCESS = "lacks {}, so on the day it is needed not all can use it who use the original; give both the same access="
_ENCRYPTION = "has {!r}, and the original {!r}; give both the same encryption="


def _copies_under(prefix: str) -> Replication:
    """Give what copies exactly the repositories of a template; only its filters are looked at."""
    return Replication.to("us-east-1", repositories=None if prefix == ROOT else Namespace(prefix))


def _listed(paths: Sequence[str]) -> str:
    more = len(paths) - _MOST_SHOWN
    return ", ".join(paths[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _differences(source: HardenedRepository, replica: RepositorySettings) -> Iterator[tuple[str, str]]:
    ours, theirs = source.settings.immutability, replica.immutability
    if (ours.mode, set(ours.filters)) != (theirs.mode, set(theirs.filters)):
        text = _LOST if _loses_tags(ours, theirs) else _OTHERWISE
        yield "ecr-constructs:replicaTagsDiffer", text.format(_shown(theirs), _shown(ours))
    if _meanings(replica.effective_lifecycle) - _meanings(source.lifecycle):
        yield (
            "ecr-constructs:replicaLifecycleDiffers",
            "has lifecycle rules that the original has not, and may lose what that keeps; give both the same settings=",
        )
    if missing := [f"{one.intent} {one.subject}" for one in source.settings.access if one not in replica.access]:
        yield "ecr-constructs:replicaAccessDiffers", _ACCESS.format(", ".join(missing))
    if type(source.settings.encryption) is not type(replica.encryption):
        text = _ENCRYPTION.format(replica.encryption, source.settings.encryption)
        yield "ecr-constructs:replicaEncryptionDiffers", text


def _shown(immutability: Immutability) -> str:
    return " ".join([immutability.mode, *(["for", ", ".join(immutability.filters)] if immutability.filters else [])])


def _loses_tags(source: Immutability, replica: Immutability) -> bool:
    """Tell whether a tag that can move at the source is bound at the replica."""
    if replica.mode == "MUTABLE" or source.mode == "IMMUTABLE":
        return False
    if source.mode == "MUTABLE" or replica.mode == "IMMUTABLE":
        return True
    theirs, ours = (tuple(map(ExclusionFilter, each.filters)) for each in (source, replica))
    if source.mode != replica.mode:
        # Where only some tags are bound here and only some move there, they may be others.
        return source.mode == "MUTABLE_WITH_EXCLUSION" or any(a.overlaps(b) for a in theirs for b in ours)
    # The same language: what moves there must move here, or what is bound here must be bound there.
    narrow, wide = (theirs, ours) if source.mode == "IMMUTABLE_WITH_EXCLUSION" else (ours, theirs)
    return not all(any(each.subsumes(one) for each in wide) for one in narrow)


def _meanings(policy: LifecyclePolicy) -> set[LifecycleRule]:
    """Give the rules without what says nothing about images."""
    return {replace(rule, rule_priority=1, description=None) for rule in policy.rules}


def _source_problems(place: ConstructLocation, region: str, account: str | None) -> Iterator[str]:
    if place.stack is None:
        return
    is_own = account is None or _is_own(place, account)
    if is_own and region == environment_of(place).region:
        yield f"source_region {region!r} is where the replica stands; it stands in the stack of the destination"
    yield from region_problems("source_region", region, environment_of(place).region)
    if not is_own and find_registry(place) is None:
        yield f"source_account {account}: {NO_REGISTRY}"


def _is_own(place: ConstructLocation, account: str) -> bool:
    # A stack that may be deployed anywhere has an account all the same, which it calls by a token.
    return place.top_stack is not None and account == place.top_stack.account


def _template_id(prefix: str) -> str:
    # No name has a colon, so no two namespaces get the same id.
    return "Template" if prefix == ROOT else f"Template-{prefix.replace('/', ':')}"


def _namespaces(repositories: object) -> tuple[Namespace | None, ...]:
    if repositories is None:
        return (None,)
    several = (repositories,) if isinstance(repositories, Namespace) else repositories
    if not isinstance(several, Sequence) or not all(isinstance(each, Namespace) for each in several):
        raise TypeError(f"repositories must be a Namespace such as Namespace('prod'), or several, got {repositories!r}")
    return tuple(dict.fromkeys(several))


def _require_kinds(source_region: object, source_account: object, settings: object) -> None:
    if not isinstance(source_region, str):
        raise TypeError(f"source_region must be a string such as 'eu-west-1', got {source_region!r}")
    if source_account is not None and not isinstance(source_account, str):
        raise TypeError(f"source_account must be a string of 12 digits, got {source_account!r}")
    if not isinstance(settings, RepositorySettings):
        raise TypeError(f"settings must be RepositorySettings such as HARDENED, got {settings!r}")
