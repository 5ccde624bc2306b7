"""`PullThroughCache`: images of an upstream registry, cached in this registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from ecr_constructs._cdk.annotations import record_annotation
from ecr_constructs._cdk.environment_registry import NO_REGISTRY, environment_of
from ecr_constructs._cdk.intent_grants import IntentGrants
from ecr_constructs._cdk.nag_suppressions import acknowledge_wildcards
from ecr_constructs._cdk.scope import ConstructLocation, id_problems, locate, stack_problems, with_path_of
from ecr_constructs._cdk.tokens import is_unresolved
from ecr_constructs.errors import InvalidName, InvalidRegistry, Problems
from ecr_constructs.model.iam.permissions import CACHE_ROLE, IMPORT, LOGIN, PULL
from ecr_constructs.model.names import ROOT, CachePrefix, Namespace
from ecr_constructs.model.partitions import region_problems
from ecr_constructs.registry.registry_resources import Change
from ecr_constructs.repository.access import Access
from ecr_constructs.repository.lifecycle_validation import raise_if_invalid
from ecr_constructs.repository.settings import CACHED, RepositorySettings, settings_in_force

if TYPE_CHECKING:
    from ecr_constructs.model.references import ImageReference
    from ecr_constructs.model.registry.cache_naming import CachedNames
    from ecr_constructs.model.registry.upstreams import Upstream
    from ecr_constructs.registry.creation_template import CreationTemplate
    from ecr_constructs.registry.upstream_credentials import Credentials
    from ecr_constructs.repository.repository_image import RepositoryImage

__all__ = ["PullThroughCache"]

# Rules of a registry: https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
_MAXIMUM_RULES = 50


class PullThroughCache(IntentGrants, Construct):
    """
    Define a pull-through cache.

    `docker-hub/library/nginx` in this registry is `library/nginx` in the upstream registry.

    ECR imports an image when it is first pulled, and checks for a newer one at most once in 24 hours. The construct
    includes the cache rule, the settings of the repositories, the credentials and the permissions.

    Lambda cannot pull through a cache. Through a VPC endpoint, the first pull of an image requires a route to the
    internet. All properties of the rule are create-only. Another secret for the same prefix fails at deployment. Change
    the value of the secret instead.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html

    Creates: one `AWS::ECR::PullThroughCacheRule` and, unless `template=` is given, one
    `AWS::ECR::RepositoryCreationTemplate`; with a new secret an
    `AWS::SecretsManager::Secret`; for private ECR of another account an `AWS::IAM::Role` and its policy; with
    `consumers=` statements in the policy of the registry.

    Attributes:
        upstream: The upstream registry.
        prefix: The prefix, without a `/` at its end.
        template: The template of its repositories. It is an error to read it with `template=False`.
        role: The role that ECR assumes, if there is one.
        credential_arn: The ARN of the secret, if there is one.
        resource: The `AWS::ECR::PullThroughCacheRule`.

    >>> from aws_cdk import App, Environment, Stack
    >>> from ecr_constructs import Upstream
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
        access: Sequence[Access] = (),
        policy_statements: Sequence[iam.PolicyStatement] = (),
        description: str | None = None,
        template: CreationTemplate | bool = True,
        template_role: iam.IRole | None = None,
    ) -> None:
        """
        Define a pull-through cache.

        Args:
            scope: The scope of the construct, in a stack.
            id: The ID of the construct, unique in its scope.
            upstream: The upstream registry, such as `Upstream.ecr_public()`.
            prefix: The prefix of the repositories in this registry, 2 to 30 characters, or `ROOT` for all repositories
                that no longer prefix matches. Default: the default prefix of the upstream.
            upstream_prefix: The prefix of the repositories in the upstream registry. It cannot be combined with `ROOT`.
                Default: all repositories.
            credentials: The credentials for the upstream registry. Default: none, which is an error if the registry
                requires credentials.
            role: For private ECR of another account, a role without a path. Its trust policy allows `sts:AssumeRole` to
                `pullthroughcache.ecr.amazonaws.com`. The permissions that ECR needs are added to it. Default: a role is
                created if one is needed.
            trust_conditions: Conditions of the trust policies of the roles that are created, also for the template,
                such as `{"StringEquals": {"aws:SourceAccount": "111122223333"}}`. Default: none, as in AWS's example.
            repositories: The repositories that can be pulled, by their names in the upstream registry. `*` matches any
                characters. This limits `image`, grants and consumers. It does not limit principals of the account whose
                own policies allow all imports. Default: all repositories.
            consumers: The principals of other accounts that can pull: `Access.account_pull`, `organization_pull`,
                `organizational_unit_pull` or `role_pull`. Their own policies must also allow it. It requires a
                `PrivateRegistry`, and with `ROOT` a list of `repositories=`, because the first pull of an image creates
                its repository. The permissions are in the policies of repositories that ECR creates after the
                deployment. With `PrivateRegistry(policy_scope="V2")` they are in the registry policy. Default: none.
            settings: The settings of the repositories. Default: `CACHED`, with mutable tags, because ECR cannot refresh
                immutable tags.
            access: Permissions of principals outside the account, in addition to those of the settings. They do not
                include first pulls, unlike those of consumers. Default: none.
            policy_statements: Statements of the policies of the repositories, in addition to those of the settings.
                They are frozen. Default: none.
            description: The description of the template in the AWS console, up to 256 characters. Default: none.
            template: True for a new template; a `CreationTemplate` of the app for caches, with the prefix of the cache
                or a shorter one; or False if this app does not define the template. Without a template, ECR creates
                repositories with mutable tags and without policies. Default: True.
            template_role: The role of the template, without a path. Its trust policy allows `sts:AssumeRole` to
                `ecr.amazonaws.com`. The permissions that ECR needs are added to it. Default: a role is created if the
                settings need one.

        Raises:
            InvalidRegistry: With all problems, before anything is added to the tree.
            InvalidLifecyclePolicy: If the only problem is a finding of severity error in the lifecycle policy. The page
                'Findings' of the documentation lists them.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        from ecr_constructs.registry.cache_template import CacheTemplate

        problems = Problems()
        _expect_upstream(problems, upstream)
        _expect_prefixes(problems, prefix=prefix, upstream_prefix=upstream_prefix)
        _expect_kinds(problems, credentials=credentials, repositories=repositories, consumers=consumers)
        _expect_roles(problems, role=role, template_role=template_role)
        _expect_template(problems, template, description)
        in_force = _settings_in_force(problems, settings, access, policy_statements)
        place = locate(scope, id, problems)
        names = _names_of(upstream, prefix, upstream_prefix, repositories)
        planned = CacheTemplate(
            template=template,
            prefix=names.here,
            settings=in_force,
            consumers=consumers,
            description=description,
            role=template_role,
        )
        is_role_created = role is None and upstream.credentials == "role" and not _is_own(place, upstream)
        problems.extend(id_problems(scope, id))
        _check_rule(problems, place, names)
        _check_upstream(problems, place, upstream, role)
        _check_credentials(problems, place, upstream, credentials, names.here)
        planned.check(problems, place)
        _check_trust(problems, trust_conditions, role, is_role_created=is_role_created or planned.creates_role)
        names.check(problems)
        accept_consumers = None if problems else _check_consumers(problems, place, consumers, names)
        raise_if_invalid(InvalidRegistry, problems, in_force, path=place.path_of(id))
        super().__init__(scope, id)
        environment_of(place).register_owner(self, "cache", names.here)
        self.upstream, self.prefix = upstream, names.here
        self._names, self._consumers = names, tuple(consumers)
        self._template = planned.bind(self, place, trust_conditions)
        self.credential_arn = credentials.bind(self, names.here) if credentials else None
        self.role = self._create_role(trust_conditions) if is_role_created else role
        self.resource = self._create_rule(None if upstream_prefix is None else names.there)
        if accept_consumers is not None:
            accept_consumers()
        self._annotate()

    @property
    def template(self) -> CreationTemplate:
        """
        The template of the repositories.

        Raises:
            InvalidRegistry: If the cache was created with `template=False`.

        """
        if self._template is None:
            raise InvalidRegistry([_NO_TEMPLATE], path=self.node.path)
        return self._template

    def uri(self, repository: str | None = None, *, dual_stack: bool = False) -> str:
        """
        Return the URI of a cached repository without a tag, or of the whole cache.

        Use it for a Helm chart, and for mirrors of container runtimes, which add the repository and the tag.

        Args:
            repository: The repository at the upstream, as for `image`. Default: the URI is the registry and the prefix.
            dual_stack: As for `image`. Default: no.

        Raises:
            InvalidName: If it is malformed, has a tag or a digest, is of another registry, or is not among the
                repositories of the cache.
            TypeError: If it is not a string.

        """
        from ecr_constructs.model.references import ImageReference
        from ecr_constructs.registry.created_repositories import registry_host, version_problems

        host = registry_host(self, dual_stack=dual_stack)
        if repository is None:
            return host if self.prefix == ROOT else f"{host}/{self.prefix}"
        with with_path_of(self):
            parsed = ImageReference.parse(repository)
        problems = Problems()
        problems.extend(version_problems(parsed))
        self._names.check_repository(problems, parsed)
        problems.raise_if_any(InvalidName, self.node.path)
        return f"{host}/{self._names.cached_name(parsed.repository)}"

    def image(self, reference: str, *, dual_stack: bool = False) -> RepositoryImage:
        """
        Return the reference of a cached image: a string for a manifest, with `for_ecs`.

        Users report that the first pull of an image by its digest fails, which AWS does not document
        (https://github.com/aws/containers-roadmap/issues/2837). Pull the image by its tag first. `Guardrails` reports
        the use of a digest (`cached-image-by-digest`).

        Args:
            reference: The image at the upstream, with a tag or a digest: `library/nginx:1.27`, or with its registry.
                `library/` can be omitted for the official images of Docker Hub.
            dual_stack: Whether the host also has IPv6 addresses, such as `111122223333.dkr-ecr.eu-west-1.on.aws`. It
                requires a stack with a Region. Default: no.

        Raises:
            InvalidName: If it is malformed, has neither tag nor digest, is of another registry, or is not among the
                repositories of the cache.
            TypeError: If it is not a string.

        """
        from ecr_constructs.registry.created_repositories import image_of

        parsed = self._parsed(reference)
        name = self._names.cached_name(parsed.repository)
        return image_of(self, name, parsed, dual_stack=dual_stack, for_lambda=_NO_FUNCTION)

    def pinned(self, reference: str, *, dual_stack: bool = False) -> RepositoryImage:
        """
        Return the reference of the cached image that had a tag when its pin was written, by its digest.

        `ecr-constructs pin` writes the file `ecr-pins.json`, or that of the context key `ecr-constructs/pins`. The
        image must be in the cache: pull it by its tag before it is pinned.

        Args:
            reference: The image at the upstream, with a tag, as for `image`.
            dual_stack: As for `image`. Default: no.

        Raises:
            EcrConstructsError: If the file has no pin for the tag.
            InvalidName: As `image`, and if it has a digest.
            TypeError: If it is not a string.

        """
        from ecr_constructs.registry.created_repositories import image_of, with_pinned_digest

        parsed = self._parsed(reference)
        name = self._names.cached_name(parsed.repository)
        image = with_pinned_digest(self, name, parsed)
        return image_of(self, name, image, dual_stack=dual_stack, for_lambda=_NO_FUNCTION)

    def _parsed(self, reference: str) -> ImageReference:
        """Return a parsed reference of an image in the upstream registry."""
        from ecr_constructs.model.references import ImageReference

        with with_path_of(self):
            parsed = ImageReference.parse(reference)
        problems = Problems()
        self._names.check_image(problems, parsed)
        problems.raise_if_any(InvalidName, self.node.path)
        return parsed

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """
        Grant the permissions to pull all images of the cache, including first pulls.

        If the registry denies the creation of repositories, name the grantee in `except_for=` there, too.

        Args:
            grantee: A role or user. One of another account must be among `consumers=`, too.

        Returns:
            The grant for the repositories. The permission to log in is a separate grant.

        Raises:
            InvalidRegistry: If it has no policy of its own, or is of an account that is not among the consumers.

        """
        return self._grant_actions(grantee, [*PULL, *IMPORT], login=True)

    def _grant_actions(self, grantee: iam.IGrantable, actions: Sequence[str], *, login: bool) -> iam.Grant:
        """Grant actions on the repositories, and the permission to log in."""
        from ecr_constructs._cdk.principals import require_grantee
        from ecr_constructs.registry.created_repositories import grant_on_repositories

        require_grantee(self, grantee)
        self._check_account(grantee.grant_principal)
        remedy = "or for another account use consumers=[Access.account_pull(...)]"
        return grant_on_repositories(self, grantee, actions, self._names.patterns, remedy=remedy, login=login)

    def on_refresh(self, image: str, target: events.IRuleTarget, *, id: str | None = None) -> events.Rule:
        """
        Start a target, such as a build, when the cache imports or updates an image.

        ECR checks for a newer image at most once in 24 hours, when the image is pulled. For a message about an import
        use `CacheRefreshed`.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html

        Creates: an `AWS::Events::Rule`.

        Args:
            image: The image in the upstream registry, such as `nginx:1.27` or `python:3.13*`. `*` in the tag matches
                any characters. Without a tag, every tag of the repository starts the target.
            target: The target, such as `targets.CodeBuildProject(project)`.
            id: The construct ID of the rule, unique in the cache. Default: `On` and the image.

        Returns:
            The rule.

        Raises:
            InvalidRegistry: With all problems.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        >>> from aws_cdk import App, Stack, aws_events_targets as targets, aws_sqs as sqs
        >>> from ecr_constructs import Upstream
        >>> stack = Stack(App(), "Containers")
        >>> cache = PullThroughCache(stack, "EcrPublic", upstream=Upstream.ecr_public())
        >>> rule = cache.on_refresh("nginx/nginx:1.27*", targets.SqsQueue(sqs.Queue(stack, "Bases")))
        >>> rule.node.id
        'On nginx--nginx:1.27*'

        """
        from ecr_constructs._cdk.event_rules import check_trigger, create_rule
        from ecr_constructs.model.events.ecr_events import cache_refreshed
        from ecr_constructs.model.events.repository_filter import RepositoryFilter

        problems = Problems()
        repository, tag = "", "*"
        if problems.expect("image", image, str, "'nginx:1.27'"):
            repository, tag = self._watched(problems, image)
        chosen = check_trigger(problems, self, id, f"On {image}".replace("/", "--"), target)
        problems.raise_if_any(InvalidRegistry, self.node.path)
        rule = cache_refreshed(RepositoryFilter(names=(repository,)), (tag,))
        return create_rule(self, rule, id=chosen, targets=[target])

    def _watched(self, problems: Problems, image: str) -> tuple[str, str]:
        """Return the name of the repository of an image in this registry, and the pattern of its tag."""
        from ecr_constructs._cdk.event_rules import tag_problems
        from ecr_constructs.model.references import ImageReference

        if "@" in image:
            problems.add(f"image: {image!r} has a digest, and the event of an import is matched by its tag; use a tag")
            return "", "*"
        name, separator, tag = image.rpartition(":")
        if not separator or "/" in tag:
            name, tag = image, "*"
        else:
            problems.extend(tag_problems(tag))
        with problems.collect("image: "):
            parsed = ImageReference.parse(f"{name}:latest")
            self._names.check_image(problems, parsed)
            return self._names.cached_name(parsed.repository), tag
        return "", "*"

    @property
    def upstream_access(self) -> Access | None:
        """
        The access that the upstream registry must allow, if it is private ECR of another account.

        Add it to each repository there as `access=[...]`, or to all of them with
        `PrivateRegistry.accept_caches_of(account)`.

        Raises:
            InvalidRegistry: If the account of the cache is known only at deployment.

        """
        ours = cdk.Stack.of(self).account
        if self.upstream.credentials != "role" or self.upstream.url.split(".")[0] == ours:
            return None
        if is_unresolved(ours):
            raise InvalidRegistry([_UNKNOWN_ACCOUNT], path=self.node.path)
        return Access.cache_pull(ours)

    def _check_account(self, principal: iam.IPrincipal) -> None:
        from ecr_constructs._cdk.roles import account_of_principal

        theirs, ours = account_of_principal(principal), cdk.Stack.of(self).account
        if theirs is None or theirs == ours or is_unresolved(theirs) or is_unresolved(ours):
            return
        if not any(one.account in (None, theirs) for one in self._consumers):
            problem = (
                f"the grantee is of account {theirs}, which is not among the consumers of the cache; "
                f"use consumers=[Access.account_pull('{theirs}')] as well"
            )
            raise InvalidRegistry([problem], path=self.node.path)

    def _create_role(self, conditions: Mapping[str, Mapping[str, object]] | None) -> iam.Role:
        from ecr_constructs._cdk.roles import create_role
        from ecr_constructs._cdk.trust_policies import CACHE_SERVICE

        description = f"Lets ECR copy from {self.upstream.url}"
        return create_role(self, CACHE_SERVICE, description, conditions=conditions)

    def _create_rule(self, upstream_prefix: str | None) -> ecr.CfnPullThroughCacheRule:
        policies = self._allow(self.role) if self.role else ()
        rule = ecr.CfnPullThroughCacheRule(
            self,
            "Resource",
            ecr_repository_prefix=self.prefix,
            upstream_registry=self.upstream.registry,
            upstream_registry_url=self.upstream.url,
            upstream_repository_prefix=upstream_prefix,
            credential_arn=self.credential_arn,
            custom_role_arn=self.role.role_arn if self.role else None,
        )
        rule.node.add_dependency(*policies)
        return rule

    def _allow(self, role: iam.IRole) -> Sequence[IDependable]:
        """Add the permissions to import images from private ECR to the role of ECR, and return the policies."""
        from ecr_constructs._cdk.roles import allow, check_role
        from ecr_constructs._cdk.trust_policies import CACHE_SERVICE

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
        if self._template and not self._template.settings.immutability.has_mutable_tags:
            cdk.Annotations.of(self).add_warning_v2("ecr-constructs:cachedTagsCannotMove", _TAGS_CANNOT_MOVE)
            record_annotation(self, "ecr-constructs:cachedTagsCannotMove")
        if self.upstream.registry != "ecr" and (self.prefix == ROOT or self.resource.upstream_repository_prefix):
            cdk.Annotations.of(self).add_warning_v2("ecr-constructs:undocumentedCachePrefix", _UNDOCUMENTED)


_NO_TEMPLATE = "the cache has no template in this app, because template=False was given; use the template directly"
_NO_FUNCTION = "AWS Lambda cannot pull through a cache; copy the image to a HardenedRepository, and use its image()"
_UNKNOWN_ACCOUNT = (
    "the account of the cache is known only at deployment, and the same value in the upstream account would be that "
    "account; give the stack env=, or use Access.cache_pull('111122223333') in the upstream account"
)
_WILDCARDS = "ECR imports repositories whose names are not known at synthesis, and the login action has no resource"
_TAGS_CANNOT_MOVE = (
    "tags in this cache are immutable, so ECR does not refresh a tag after the first pull; use "
    "settings.but(immutability=Immutability.off()), or acknowledge this warning if it is intended"
)
_ANY_REPOSITORY = (
    "consumers: with prefix ROOT they could create any repository that {!r} matches, in all namespaces; use "
    "repositories= with names that begin without '*', such as ['library/*'], or another prefix"
)
_UNDOCUMENTED = (
    "AWS documents the prefix ROOT and upstream prefixes for private ECR only; test a pull before you rely on it"
)


def _is_own(place: ConstructLocation, upstream: Upstream) -> bool:
    """Return whether an upstream is private ECR of the same account, which requires no role."""
    return place.stack is not None and upstream.url.split(".")[0] == place.stack.account


def _without_slash(prefix: object) -> str:
    """Return a prefix without the `/` at its end. ECR adds it."""
    text = str(prefix)
    return text if text.endswith("//") else text.removesuffix("/")


def _names_of(
    upstream: Upstream,
    prefix: str | Namespace | CachePrefix | None,
    upstream_prefix: str | Namespace | CachePrefix | None,
    repositories: Sequence[str] | None,
) -> CachedNames:
    """Return the names of a cache, from its arguments."""
    from ecr_constructs.model.registry.cache_naming import CachedNames

    here = _without_slash(upstream.default_prefix if prefix is None else prefix)
    there = ROOT if upstream_prefix is None else _without_slash(upstream_prefix)
    return CachedNames(
        upstream=upstream, here=here, there=there, allowed=("*",) if repositories is None else repositories
    )


def _check_rule(problems: Problems, place: ConstructLocation, names: CachedNames) -> None:
    from ecr_constructs.model.registry.cache_rules import prefix_problems

    here = names.here
    problems.extend(prefix_problems(here, names.there))
    problems.extend(stack_problems(place, "a cache"))
    if place.stack is None:
        return
    environment = environment_of(place)
    if (owner := environment.owner_of("cache", here)) is not None:
        problems.add(
            f"prefix {here!r} is that of the cache {owner.node.path} in this account and Region; a rule is "
            "create-only, so change the value of its secret instead of adding a cache, or use another prefix"
        )
    if len(environment.registered_names("cache")) >= _MAXIMUM_RULES:
        problems.add(f"the registry has {_MAXIMUM_RULES} caches in this app; ECR allows {_MAXIMUM_RULES}; remove one")


def _check_credentials(
    problems: Problems, place: ConstructLocation, upstream: Upstream, credentials: Credentials | None, prefix: str
) -> None:
    from ecr_constructs.model.registry.cache_rules import credential_problems

    if found := tuple(credential_problems(upstream, has_credentials=credentials is not None)):
        problems.extend(found)
    elif credentials is not None:
        credentials.check(problems, place, prefix)


def _check_trust(problems: Problems, conditions: object, role: object, *, is_role_created: bool) -> None:
    from ecr_constructs._cdk.roles import check_trust_conditions
    from ecr_constructs._cdk.trust_policies import CACHE_SERVICE

    check_trust_conditions(problems, conditions, CACHE_SERVICE, role=role, is_role_created=is_role_created)


def _check_upstream(problems: Problems, place: ConstructLocation, upstream: Upstream, role: iam.IRole | None) -> None:
    from ecr_constructs._cdk.roles import check_role_arn

    check_role_arn(problems, place, role)
    if upstream.credentials != "role":
        if role is not None:
            problems.add(
                f"role: ECR assumes one for private ECR only, and the upstream is {upstream.url}; remove role="
            )
    elif place.stack is not None and upstream.url.split(".")[0::3][:2] == [place.stack.account, place.stack.region]:
        problems.add(f"upstream {upstream.url} is the registry of the cache; use another account or Region")
    elif place.stack is not None:
        problems.extend(region_problems("upstream", upstream.url.split(".")[3], place.stack.region))


def _check_consumers(
    problems: Problems, place: ConstructLocation, consumers: Sequence[Access], names: CachedNames
) -> Change | None:
    """Check the consumers, and return the change of the registry policy that accepts them."""
    from ecr_constructs.registry.registry_policy import find_policy

    if not consumers:
        return None
    # A first pull requires ecr:CreateRepository. Under a prefix other than ROOT, names begin with the prefix.
    if wide := [pattern for pattern in names.patterns if pattern.startswith("*")]:
        problems.add(_ANY_REPOSITORY.format(wide[0]))
    policy = find_policy(environment_of(place))
    if policy is None:
        problems.add(f"consumers: {NO_REGISTRY}")
        return None
    with problems.collect():
        return policy.accepting_consumers(consumers, names.patterns)
    return None


def _settings_in_force(
    problems: Problems, settings: object, access: object, policy_statements: object
) -> RepositorySettings:
    problems.extend(_push_problems(access))
    given = {"access": access, "policy_statements": policy_statements}
    return settings_in_force(problems, settings, given, default=CACHED)


def _push_problems(access: object) -> Iterator[str]:
    """Yield the problem of each permission to push. ECR does not support pushes to repositories of a cache."""
    for each in access if isinstance(access, Sequence) else ():
        if isinstance(each, Access) and each.intent.endswith(("_push", "_sign")):
            yield f"access: {each.intent} has no effect, because ECR accepts no pushes to a cache; remove it"


def _expect_upstream(problems: Problems, upstream: object) -> None:
    from ecr_constructs.model.registry.upstreams import Upstream

    problems.expect("upstream", upstream, Upstream, "Upstream.ecr_public()")


def _expect_kinds(problems: Problems, *, credentials: object, repositories: object, consumers: object) -> None:
    from ecr_constructs.registry.upstream_credentials import Credentials

    problems.expect("credentials", credentials, Credentials, "Credentials.new_secret()", optional=True)
    problems.expect("repositories", repositories, Sequence, "['library/nginx']", optional=True, each=str)
    problems.expect("consumers", consumers, Sequence, "[Access.account_pull('111122223333')]", each=Access)


def _expect_roles(problems: Problems, **roles: object) -> None:
    from ecr_constructs._cdk.roles import ROLE, ROLE_EXAMPLE

    for name, role in roles.items():
        problems.expect(name, role, ROLE, ROLE_EXAMPLE, optional=True)


def _expect_template(problems: Problems, template: object, description: object) -> None:
    from ecr_constructs.registry.creation_template import CreationTemplate

    problems.expect("template", template, (CreationTemplate, bool), "True, False or a template of the app")
    problems.expect("description", description, str, "'Images of Docker Hub'", optional=True)


def _expect_prefixes(problems: Problems, **prefixes: object) -> None:
    for name, prefix in prefixes.items():
        problems.expect(name, prefix, (str, Namespace, CachePrefix), "'docker-hub' or ROOT", optional=True)
