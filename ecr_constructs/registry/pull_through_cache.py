"""`PullThroughCache`: images of another registry, served from this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from ecr_constructs._cdk.environment_registry import NO_REGISTRY, environment_of
from ecr_constructs._cdk.nag_suppressions import acknowledge_wildcards
from ecr_constructs._cdk.principals import require_grantee
from ecr_constructs._cdk.roles import (
    account_of,
    allow,
    check_role,
    create_role,
    role_problems,
    trust_condition_problems,
    warn_if_not_added,
)
from ecr_constructs._cdk.scope import ConstructLocation, id_problems, locate
from ecr_constructs._cdk.tokens import is_unresolved
from ecr_constructs._cdk.trust_policies import CACHE_SERVICE
from ecr_constructs.errors import InvalidName, InvalidRegistry
from ecr_constructs.model.iam.permissions import CACHE_ROLE, IMPORT, LOGIN, PULL
from ecr_constructs.model.names import ROOT, CachePrefix, Namespace
from ecr_constructs.model.partitions import region_problems
from ecr_constructs.model.references import ImageReference
from ecr_constructs.model.registry.cache_naming import CachedNames
from ecr_constructs.model.registry.upstreams import Upstream
from ecr_constructs.model.validation import CACHE_PREFIX
from ecr_constructs.registry.creation_template import CreationTemplate, needs_role, owner_problems, settings_problems
from ecr_constructs.registry.private_registry import PrivateRegistry, find_registry
from ecr_constructs.registry.upstream_credentials import Credentials
from ecr_constructs.repository.access import Access
from ecr_constructs.repository.lifecycle_validation import raise_if_invalid
from ecr_constructs.repository.settings import CACHED, RepositorySettings

__all__ = ["PullThroughCache"]

# Rules of a registry: https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
_MAXIMUM_RULES = 50


class PullThroughCache(Construct):
    """
    Serve the images of another registry from this one: `docker-hub/library/nginx` here is `library/nginx` there.

    ECR copies an image when it is first pulled, and looks for a newer one at most once a day. The rule, what the
    repositories are like, the credentials and the permissions are one thing.

    Lambda cannot pull through a cache. Through a VPC endpoint, the first pull of an image needs a way to the internet.
    Every property of the rule is create-only: a new secret under an old prefix is refused during the deployment, so
    renew the value of the secret instead of its ARN.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html

    Creates: one `AWS::ECR::PullThroughCacheRule` and one `AWS::ECR::RepositoryCreationTemplate`; with a new secret an
    `AWS::SecretsManager::Secret`; for private ECR of another account an `AWS::IAM::Role` and its policy; with
    `consumers=` statements in the policy of the registry.

    Args:
        scope: Where it stands; in a stack.
        id: Its name in the scope.
        upstream: The other registry, such as `Upstream.ecr_public()`.
        prefix: What the names of its repositories begin with here: 2 to 30 characters, or `ROOT` for all that no longer
            prefix takes. Default: that of the upstream.
        upstream_prefix: Which part of the upstream is cached, by its path there; not together with `ROOT`. Default: all
            of it.
        credentials: What the upstream wants to see. Default: nothing, which is refused if the upstream wants something.
        role: For private ECR of another account, a role that ECR assumes, without a path; its trust policy allows
            `sts:AssumeRole` to `pullthroughcache.ecr.amazonaws.com`. The permissions that ECR needs are added to it.
            Default: a role is created if one is needed.
        trust_conditions: Conditions of the trust policies of the roles that are created, also for the template, such as
            `{"StringEquals": {"aws:SourceAccount": "111122223333"}}`. Default: none, as in AWS's example.
        repositories: What may be pulled, by the names at the upstream, in which `*` stands for anything. This limits
            `image`, grants and consumers. Principals of the account that may import everything by their own policies
            are not limited by it. Default: everything.
        consumers: Who of other accounts may pull, `Access.account_pull` or `Access.organization_pull`; their own
            policies must let them, too. It needs a `PrivateRegistry`, and with `ROOT` a list of `repositories=`: the
            first pull of an image creates its repository. Default: nobody.
        settings: What the repositories are like. Default: `CACHED`, with tags that can move, or ECR could not refresh
            them.

    Attributes:
        upstream: The other registry.
        prefix: The prefix, without a `/` at its end.
        template: The template of its repositories.
        role: The role that ECR assumes, if there is one.
        credential_arn: The ARN of the secret, if there is one.
        resource: The `AWS::ECR::PullThroughCacheRule` itself.

    Raises:
        InvalidRegistry: with every fault, before anything is added to the tree.
        InvalidLifecyclePolicy: if the only fault is that a lifecycle rule surely is not meant so: see docs/findings.md.
        TypeError: for a value of the wrong kind.

    >>> from aws_cdk import App, Environment, Stack
    >>> stack = Stack(App(), "Tools", env=Environment(account="111122223333", region="eu-west-1"))
    >>> cache = PullThroughCache(stack, "EcrPublic", upstream=Upstream.ecr_public())
    >>> cache.image("public.ecr.aws/docker/library/nginx:1.27").split("/", 1)[1]
    'ecr-public/docker/library/nginx:1.27'

    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        upstream: Upstream,
        prefix: str | Namespace | CachePrefix | None = None,
        upstream_prefix: str | Namespace | CachePrefix | None = None,
        credentials: Credentials | None = None,
        role: iam.IRole | None = None,
        trust_conditions: Mapping[str, Mapping[str, object]] | None = None,
        repositories: Sequence[str] | None = None,
        consumers: Sequence[Access] = (),
        settings: RepositorySettings = CACHED,
    ) -> None:
        place = locate(scope, id)
        _require_kinds(upstream, credentials, repositories, consumers, settings)
        _require_prefixes(prefix=prefix, upstream_prefix=upstream_prefix)
        here = _spelled(upstream.default_prefix if prefix is None else prefix)
        there = ROOT if upstream_prefix is None else _spelled(upstream_prefix)
        path = place.path_of(id)
        names = CachedNames(
            upstream=upstream, here=here, there=there, allowed=("*",) if repositories is None else repositories
        )
        registry = find_registry(place)
        problems = [*id_problems(scope, id), *_prefix_problems(here, there), *role_problems(place, role)]
        problems += _rule_problems(place, here)
        problems += settings_problems(place, settings.but(access=consumers))
        problems += _credential_problems(place, upstream, credentials, here)
        problems += _upstream_problems(place, upstream, role)
        creates = role is None and upstream.credentials == "role" and not _is_own(place, upstream)
        problems += trust_condition_problems(
            trust_conditions, CACHE_SERVICE, role=role, is_role_created=creates or needs_role(settings)
        )
        problems += names.problems()
        problems += _consumer_problems(registry, consumers, names) if not problems else ()
        raise_if_invalid(InvalidRegistry, problems, settings, path=path)
        super().__init__(scope, id)
        environment_of(place).claim(self, "cache", here)
        self.upstream = upstream
        self.prefix = here
        self._names = names
        self._consumers = tuple(consumers)
        self.template = CreationTemplate(
            self,
            "Template",
            prefix=here,
            applied_for=["PULL_THROUGH_CACHE"],
            settings=settings.but(access=consumers),
            trust_conditions=trust_conditions if needs_role(settings) else None,
        )
        self.credential_arn = credentials.bind(self, here) if credentials else None
        about = f"Lets ECR copy from {upstream.url}"
        self.role = create_role(self, CACHE_SERVICE, about, conditions=trust_conditions) if creates else role
        policies = self._allow(self.role) if self.role else ()
        self.resource = ecr.CfnPullThroughCacheRule(
            self,
            "Resource",
            ecr_repository_prefix=here,
            upstream_registry=upstream.registry,
            upstream_registry_url=upstream.url,
            upstream_repository_prefix=None if upstream_prefix is None else there,
            credential_arn=self.credential_arn,
            custom_role_arn=self.role.role_arn if self.role else None,
        )
        self.resource.node.add_dependency(*policies)
        if registry is not None:
            for consumer in consumers:
                registry.accept_cache_consumer(consumer, repositories=names.patterns)
        self._annotate()

    def image(self, reference: str) -> str:
        """
        Give the reference of a cached image, for a task definition or a manifest.

        Args:
            reference: The image at the upstream, with a tag or a digest: `library/nginx:1.27`, or with its registry.
                The official images of Docker Hub may leave `library/` out.

        Raises:
            InvalidName: if it is malformed, has neither tag nor digest, is of another registry, or is not among the
                repositories of the cache.
            TypeError: if it is not a string.

        """
        parsed = ImageReference.parse(reference)
        if problems := tuple(self._names.image_problems(parsed)):
            raise InvalidName(problems, path=self.node.path)
        stack = cdk.Stack.of(self)
        tag, digest = (f":{parsed.tag}" if parsed.tag else "", f"@{parsed.digest}" if parsed.digest else "")
        host = f"{stack.account}.dkr.ecr.{stack.region}.{stack.url_suffix}"
        return f"{host}/{self._names.cached_name(parsed.repository)}{tag}{digest}"

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """
        Let somebody pull every image of the cache, those included that nobody has pulled yet.

        Where the registry denies the creation of repositories, name the grantee in `except_for=` there, too.

        Args:
            grantee: A role or user. One of another account must be among `consumers=`, too.

        Returns:
            The grant of what concerns the repositories; logging in is granted beside it.

        Raises:
            InvalidRegistry: if it has no policy of its own, or is of an account that is not among the consumers.

        """
        require_grantee(grantee)
        if problems := tuple(self._grantee_problems(grantee.grant_principal)):
            raise InvalidRegistry(problems, path=self.node.path)
        stack = cdk.Stack.of(self)
        arns = [
            stack.format_arn(service="ecr", resource="repository", resource_name=name) for name in self._names.patterns
        ]
        grant = iam.Grant.add_to_principal(grantee=grantee, actions=[*PULL, *IMPORT], resource_arns=arns)
        if not grant.success:
            raise InvalidRegistry([_NO_POLICY.format(type(grantee.grant_principal).__name__)], path=self.node.path)
        login = iam.Grant.add_to_principal(grantee=grantee, actions=list(LOGIN), resource_arns=["*"])
        statements = grant.principal_statements + login.principal_statements
        warn_if_not_added(self, grantee.grant_principal, [grant, login], statements)
        return grant

    @property
    def upstream_access(self) -> Access | None:
        """
        What the upstream must allow, if it is private ECR of another account.

        There, give it to each repository as `access=[...]`, or to all of them with
        `PrivateRegistry.accept_caches_of(account)`.

        Raises:
            InvalidRegistry: if the account of the cache is known only at deployment; elsewhere it would be another.

        """
        ours = cdk.Stack.of(self).account
        if self.upstream.credentials != "role" or self.upstream.url.split(".")[0] == ours:
            return None
        if is_unresolved(ours):
            raise InvalidRegistry([_UNKNOWN_ACCOUNT], path=self.node.path)
        return Access.cache_pull(ours)

    def _grantee_problems(self, principal: iam.IPrincipal) -> Iterator[str]:
        theirs, ours = account_of(principal), cdk.Stack.of(self).account
        if theirs is None or theirs == ours or is_unresolved(theirs) or is_unresolved(ours):
            return
        if not any(one.intent == "organization_pull" or one.subject == theirs for one in self._consumers):
            yield (
                f"the grantee is of account {theirs}, which the cache does not let in; "
                f"give consumers=[Access.account_pull('{theirs}')] as well"
            )

    def _allow(self, role: iam.IRole) -> Sequence[IDependable]:
        """Add the permissions that ECR needs to copy from private ECR to a role, and return their policies."""
        stack = cdk.Stack.of(self)
        account, _, _, region = self.upstream.url.split(".")[:4]
        resources = [
            stack.format_arn(service="ecr", account=account, region=region, resource="repository", resource_name=name)
            for name in self._names.upstream_patterns
        ]
        resources += [
            stack.format_arn(service="ecr", resource="repository", resource_name=name) for name in self._names.patterns
        ]
        policies = allow(
            self,
            role,
            iam.PolicyStatement(actions=list(CACHE_ROLE), resources=resources),
            iam.PolicyStatement(actions=list(LOGIN), resources=["*"]),
        )
        acknowledge_wildcards(role, [*resources, "*"], _WILDCARDS)
        check_role(self, role, CACHE_SERVICE)
        return policies

    def _annotate(self) -> None:
        if not self.template.settings.immutability.has_mutable_tags:
            cdk.Annotations.of(self).add_warning_v2("ecr-constructs:cachedTagsCannotMove", _TAGS_CANNOT_MOVE)
        if self.upstream.registry != "ecr" and (self.prefix == ROOT or self.resource.upstream_repository_prefix):
            cdk.Annotations.of(self).add_warning_v2("ecr-constructs:undocumentedCachePrefix", _UNDOCUMENTED)


_NO_POLICY = (
    "{} has no policy of its own to grant this with; grant it to a role, or for another account give "
    "consumers=[Access.account_pull(...)]"
)
_UNKNOWN_ACCOUNT = (
    "the account of the cache is known only at deployment, and there it would be that of the upstream; give the stack "
    "env=, or write Access.cache_pull('111122223333') there"
)
_WILDCARDS = "ECR copies repositories whose names are not known before, and logging in has no resource"
_TAGS_CANNOT_MOVE = (
    "tags in this cache cannot move, so ECR keeps serving the first image it saw under a tag; use "
    "settings.but(immutability=Immutability.off()), or acknowledge it if that is what you want"
)
_ANY_REPOSITORY = (
    "consumers: with prefix ROOT they could create any repository that {!r} matches, in all namespaces; give "
    "repositories= with names that begin without '*', such as ['library/*'], or another prefix"
)
_UNDOCUMENTED = (
    "AWS documents the prefix ROOT and upstream prefixes for private ECR only; try a pull before you rely on it"
)


def _is_own(place: ConstructLocation, upstream: Upstream) -> bool:
    """Tell whether a private registry is known to be of the own account, which needs no role."""
    return place.stack is not None and upstream.url.split(".")[0] == place.stack.account


def _spelled(prefix: object) -> str:
    """Write a prefix in one way; ECR assumes the `/` at its end."""
    text = str(prefix)
    return text if text.endswith("//") else text.removesuffix("/")


def _prefix_problems(here: str, there: str) -> Iterator[str]:
    for name, prefix in (("prefix", here), ("upstream_prefix", there)):
        yield from (f"{name}: {problem}" for problem in CACHE_PREFIX.problems(prefix))
    if here == ROOT and there != ROOT:
        yield f"upstream_prefix {there!r} goes with a prefix only, and this is {ROOT}; give prefix= too"


def _rule_problems(place: ConstructLocation, prefix: str) -> Iterator[str]:
    if place.stack is None:
        yield "a cache stands in a stack, and this scope is in none; pass a Stack, or a construct in one"
        return
    environment = environment_of(place)
    if (owner := environment.owner("cache", prefix)) is not None:
        yield (
            f"prefix {prefix!r} is that of the cache {owner.node.path} in this account and region; all of its rule is "
            "create-only, so change the value of its secret instead of making another, or choose another prefix"
        )
    else:
        yield from owner_problems(environment, prefix)
    if len(environment.names("cache")) >= _MAXIMUM_RULES:
        yield f"the registry has {_MAXIMUM_RULES} caches in this app, and ECR allows no more; leave one out"


def _credential_problems(
    place: ConstructLocation, upstream: Upstream, credentials: Credentials | None, prefix: str
) -> Iterator[str]:
    if credentials is None and upstream.credentials == "secret":
        yield (
            f"credentials: {upstream.url} wants a user name and a token; give Credentials.new_secret() and fill it in "
            "after the deployment, or Credentials.secret_arn(...)"
        )
    elif credentials is not None and upstream.credentials != "secret":
        yield f"credentials: {upstream.url} takes none; leave them out"
    elif credentials is not None:
        yield from credentials.problems(place, prefix)


def _upstream_problems(place: ConstructLocation, upstream: Upstream, role: object) -> Iterator[str]:
    if upstream.credentials != "role":
        if role is not None:
            yield f"role: ECR assumes one for private ECR only, and this is {upstream.url}; leave it out"
    elif place.stack is not None and upstream.url.split(".")[0::3][:2] == [place.stack.account, place.stack.region]:
        yield f"upstream {upstream.url} is the registry of the cache itself; name another account or region"
    elif place.stack is not None:
        yield from region_problems("upstream", upstream.url.split(".")[3], place.stack.region)


def _consumer_problems(
    registry: PrivateRegistry | None, consumers: Sequence[Access], names: CachedNames
) -> Iterator[str]:
    # A first pull needs ecr:CreateRepository. Names under another prefix than ROOT begin with it.
    if consumers and (wide := [pattern for pattern in names.patterns if pattern.startswith("*")]):
        yield _ANY_REPOSITORY.format(wide[0])
    if consumers and registry is None:
        yield f"consumers: {NO_REGISTRY}"
    elif registry is not None:
        yield from registry.cache_consumer_problems(consumers, repositories=names.patterns)


def _require_prefixes(**prefixes: object) -> None:
    for name, prefix in prefixes.items():
        if prefix is not None and not isinstance(prefix, (str, Namespace, CachePrefix)):
            raise TypeError(f"{name} must be a Namespace, a string such as 'docker-hub', or ROOT, got {prefix!r}")


def _require_kinds(
    upstream: object, credentials: object, repositories: object, consumers: object, settings: object
) -> None:
    if not isinstance(upstream, Upstream):
        raise TypeError(f"upstream must be an Upstream such as Upstream.ecr_public(), got {upstream!r}")
    if credentials is not None and not isinstance(credentials, Credentials):
        raise TypeError(f"credentials must be Credentials such as Credentials.new_secret(), got {credentials!r}")
    for name, values, kind, example in (
        ("repositories", () if repositories is None else repositories, str, "['library/nginx']"),
        ("consumers", consumers, Access, "[Access.account_pull('111122223333')]"),
    ):
        listed = values if isinstance(values, Sequence) and not isinstance(values, str) else [None]
        if not all(isinstance(one, kind) for one in listed):
            raise TypeError(f"{name} must be a list such as {example}, got {values!r}")
    if not isinstance(settings, RepositorySettings):
        raise TypeError(f"settings must be RepositorySettings such as CACHED, got {settings!r}")
