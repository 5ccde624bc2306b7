"""`Promotion`: the role and the commands that copy images from one repository to another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, get_args

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct, IValidation

from ecr_constructs._cdk.nag_suppressions import acknowledge_wildcards
from ecr_constructs._cdk.principals import is_role, pipeline_principal
from ecr_constructs._cdk.scope import ConstructLocation, id_problems, locate, stack_problems
from ecr_constructs._cdk.tokens import is_unresolved
from ecr_constructs.errors import DuckType, InvalidName, InvalidRepository, Problems
from ecr_constructs.model import wildcards
from ecr_constructs.model.iam.permissions import LOGIN, PULL, PUSH
from ecr_constructs.model.iam.pipeline_identity import PipelineIdentity
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.signing_profile import signing_profile_problems
from ecr_constructs.model.tags import TagPattern, TagPrefix
from ecr_constructs.model.validation import IMAGE_TAG, ROLE_ARN, is_token
from ecr_constructs.repository.access import Access
from ecr_constructs.repository.foreign_use import use_problems
from ecr_constructs.repository.hardened_repository import HardenedRepository

__all__ = ["Promotion"]

CopyTool = Literal["oras", "crane", "skopeo"]

_PROMOTER = DuckType("a PipelineIdentity, a role or the ARN of a role", "grant_principal")
_PROMOTER_EXAMPLE = "[PipelineIdentity.github('octo-org/api', environment='production')]"
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
_SESSION_HOURS = range(1, 13)


class _ToolCommands(NamedTuple):
    """The commands of a tool: the login to a registry, and the copy with the same digest."""

    login: str
    copy: str
    copies_referrers: bool


# https://oras.land/docs/commands/oras_cp copies referrers with `--recursive`. crane and skopeo copy the image, with all
# images of an index: https://github.com/google/go-containerregistry/blob/main/cmd/crane/doc/crane_copy.md and
# https://github.com/containers/skopeo/blob/main/docs/skopeo-copy.1.md
_TOOLS = {
    "oras": _ToolCommands(
        login="oras login --username AWS --password-stdin {host}",
        copy="oras cp{recursive} {source} {target}",
        copies_referrers=True,
    ),
    "crane": _ToolCommands(
        login="crane auth login --username AWS --password-stdin {host}",
        copy="crane copy {source} {target}",
        copies_referrers=False,
    ),
    "skopeo": _ToolCommands(
        login="skopeo login --username AWS --password-stdin {host}",
        copy="skopeo copy --all --preserve-digests docker://{source} docker://{target}",
        copies_referrers=False,
    ),
}


class Promotion(Construct):
    """
    Define the promotion of images from one repository to another, such as from staging to production.

    A promotion copies the manifest unchanged, so the image has the same digest in both repositories. The promoters
    assume the role of the promotion, and run its commands with `oras`, `crane` or `skopeo`. The role can only pull from
    the source and push to the target. IAM has no condition key for image tags. Therefore `tags` is compared with the
    settings of the target, and is not a permission.

    With `referrers=True` the signatures, SBOMs and attestations of the image are copied, too. These are the artifacts
    whose manifest has the image as its subject. ECR lists them to a principal with `ecr:BatchGetImage`.

    A repository of another account needs a repository policy. It is added to a `HardenedRepository` of the app. For
    other repositories, add `source_access` and `target_access` there.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImageReferrers.html

    Creates: one `AWS::IAM::Role`, one `AWS::IAM::Policy`, and a stack output with the commands; statements in the
    policies of repositories of other accounts.

    Attributes:
        role: The role.
        commands: The commands, for the tag in the variable `TAG` of the shell.
        source_access: The permission that the policy of a source in another account must contain. None for the same
            account.
        target_access: The permission that the policy of a target in another account must contain. None for the same
            account.

    >>> from aws_cdk import App, Environment, Stack
    >>> from ecr_constructs import HardenedRepository, PipelineIdentity
    >>> stack = Stack(App(), "Containers", env=Environment(account="111122223333", region="eu-west-1"))
    >>> promotion = Promotion(
    ...     stack,
    ...     "ToProduction",
    ...     source=HardenedRepository(stack, "Staging", repository_name="staging/api"),
    ...     target=HardenedRepository(stack, "Production", repository_name="prod/api"),
    ...     promoters=[PipelineIdentity.github("octo-org/api", environment="production")],
    ... )
    >>> promotion.copy_command("v1.4.2").split()[:3]
    ['oras', 'cp', '--recursive']

    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        source: ecr.IRepository,
        target: ecr.IRepository,
        promoters: Sequence[PipelineIdentity | iam.IGrantable | str],
        tags: Sequence[str] = ("*",),
        referrers: bool = True,
        tool: CopyTool = "oras",
        role_name: str | None = None,
        signing_profile_arn: str | None = None,
        session_hours: int = 1,
    ) -> None:
        """
        Define a promotion.

        Args:
            scope: The scope of the construct, in a stack.
            id: The ID of the construct, unique in its scope.
            source: The repository that images are copied from.
            target: The repository that images are copied to. A `HardenedRepository` must make the promoted tags
                immutable.
            promoters: The pipelines, roles and ARNs of roles that can assume the role.
            tags: The tags that are promoted, as patterns with up to four `*`. Default: all tags.
            referrers: Whether signatures, SBOMs and attestations are copied with the image. Default: yes.
            tool: The program that copies: `oras`, `crane` or `skopeo`. Only `oras` copies referrers. Default: `oras`.
            role_name: The name of the role. It is required if a repository is of another account. Default: a name that
                CloudFormation generates.
            signing_profile_arn: The ARN of the AWS Signer profile with which ECR signs images that are pushed to the
                target. Default: no permission to sign.
            session_hours: The maximum duration of a session, 1 to 12 hours. Default: 1.

        Raises:
            InvalidRepository: With all problems, before anything is added to the tree.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        problems = Problems()
        _expect_kinds(
            problems,
            source=source,
            target=target,
            promoters=promoters,
            tags=tags,
            referrers=referrers,
            session_hours=session_hours,
        )
        for name, value in (("role_name", role_name), ("signing_profile_arn", signing_profile_arn)):
            problems.expect(name, value, str, "", optional=True)
        place = locate(scope, id, problems)
        problems.extend(id_problems(scope, id))
        if isinstance(signing_profile_arn, str):
            problems.extend(signing_profile_problems(signing_profile_arn, place.stack.region if place.stack else None))
        problems.extend(_promoter_problems(promoters))
        problems.extend(_tool_problems(tool, referrers=referrers))
        if session_hours not in _SESSION_HOURS:
            problems.add(f"session_hours is {session_hours}; IAM allows 1 to 12 hours")
        if not problems:
            problems.extend(_repository_problems(place, source, target, role_name))
            problems.extend(_immutability_problems(target, tags))
        problems.raise_if_any(InvalidRepository, place.path_of(id))
        super().__init__(scope, id)
        self._source, self._target, self._referrers, self._tool = source, target, referrers, tool
        self.role = self._create_role(promoters, role_name, session_hours)
        self.source_access = self._grant(source, PULL, "role_pull")
        self.target_access = self._grant(target, PUSH, "role_push")
        self.role.add_to_policy(iam.PolicyStatement(actions=list(LOGIN), resources=["*"]))
        if signing_profile_arn is not None:
            # https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html
            self.role.add_to_policy(
                iam.PolicyStatement(actions=["signer:SignPayload"], resources=[signing_profile_arn])
            )
        acknowledge_wildcards(self.role, ["*"], "the action to log in to a registry has no resource")
        self.commands = (*self._logins(), self._copy("$TAG"))
        output = "\n".join(self.commands)
        cdk.CfnOutput(
            self, "Commands", value=output, description="The commands that promote the image with the tag $TAG"
        )
        self._annotate(tags)

    def copy_command(self, tag: str) -> str:
        """
        Return the command that copies the image with a tag to the target, with the same tag.

        Args:
            tag: The tag.

        Raises:
            InvalidName: If the tag is not well formed.
            TypeError: If it is not a string.

        """
        if problems := IMAGE_TAG.problems(tag):
            raise InvalidName(problems, path=self.node.path)
        return self._copy(tag)

    def _copy(self, tag: str) -> str:
        return _TOOLS[self._tool].copy.format(
            recursive=" --recursive" if self._referrers else "",
            source=f"{_host(self._source)}/{_name_or_token(self._source)}:{tag}",
            target=f"{_host(self._target)}/{_name_or_token(self._target)}:{tag}",
        )

    def _logins(self) -> Iterator[str]:
        """Yield the login to each registry. A registry has one token for all its repositories."""
        login = _TOOLS[self._tool].login
        regions = {_host(each): each.env.region for each in (self._source, self._target)}
        for host, region in regions.items():
            yield f"aws ecr get-login-password --region {region} | {login.format(host=host)}"

    def _create_role(
        self, promoters: Sequence[PipelineIdentity | iam.IGrantable | str], role_name: str | None, hours: int
    ) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            role_name=role_name,
            description="Copies images from one repository of Amazon ECR to another",
            assumed_by=iam.CompositePrincipal(*(self._principal(each) for each in promoters)),
            max_session_duration=cdk.Duration.hours(hours),
        )
        for each in promoters:
            # The trust policy allows a principal of the same account. A role also needs its own policy elsewhere.
            if not isinstance(each, (PipelineIdentity, str)) and is_role(each):
                role.grant_assume_role(each.grant_principal)
        return role

    def _principal(self, promoter: PipelineIdentity | iam.IGrantable | str) -> iam.IPrincipal:
        if isinstance(promoter, PipelineIdentity):
            return pipeline_principal(self, promoter)
        return iam.ArnPrincipal(promoter) if isinstance(promoter, str) else promoter.grant_principal

    def _grant(
        self, repository: ecr.IRepository, actions: Sequence[str], intent: Literal["role_pull", "role_push"]
    ) -> Access | None:
        """Grant actions on a repository to the role, and return the permission for the policy in another account."""
        stack = cdk.Stack.of(self)
        if not _is_foreign(repository, stack.account):
            repository.grant(self.role, *actions)
            return None
        self.role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=[_arn(repository)]))
        partition = partition_of(repository.env.region).name
        name = cdk.Stack.of(self).resolve(_resource(self.role).role_name)
        access = Access(intent=intent, subject=f"arn:{partition}:iam::{stack.account}:role/{name}")
        if isinstance(repository, HardenedRepository):
            for statement in access.statements():
                repository.add_to_resource_policy(iam.PolicyStatement.from_json(statement))
        return access

    def _annotate(self, tags: Sequence[str]) -> None:
        if isinstance(self._target, HardenedRepository):
            self.node.add_validation(_LifecycleCheck(self, self._target, tuple(tags)))
        else:
            cdk.Annotations.of(self).add_warning_v2("ecr-constructs:promotionTargetIsNotKnown", _NOT_KNOWN)


_NOT_KNOWN = (
    "the target is not a HardenedRepository, so its immutability and its lifecycle policy are not checked; "
    "promote to a HardenedRepository, or check that promoted tags are immutable and acknowledge this warning"
)


@jsii.implements(IValidation)
class _LifecycleCheck:
    """A validation that adds a warning if the lifecycle policy of the target deletes promoted images."""

    def __init__(self, promotion: Promotion, target: HardenedRepository, tags: Sequence[str]) -> None:
        self._promotion = promotion
        self._target = target
        self._tags = tags

    def validate(self) -> list[str]:
        """Return no problem. The findings are warnings."""
        for rule in self._target.lifecycle.rules:
            if rule.action == "expire" and any(_selects(rule, tag) for tag in self._tags):
                cdk.Annotations.of(self._promotion.role).add_warning_v2(
                    "ecr-constructs:promotedImagesExpire",
                    f"rule {rule.rule_priority} of the lifecycle policy of {self._target.node.path} deletes promoted "
                    "images; remove it, or acknowledge this warning if old releases can be deleted",
                )
        return []


def _selects(rule: LifecycleRule, tag: str) -> bool:
    """Return whether a rule can select an image with a tag that matches a pattern."""
    if rule.tag_status == "untagged":
        return False
    patterns = [f"{each}*" if isinstance(each, TagPrefix) else str(each) for each in rule.selectors]
    return not patterns or any(wildcards.overlaps(each, tag) for each in patterns)


def _expect_kinds(
    problems: Problems,
    *,
    source: object,
    target: object,
    promoters: object,
    tags: object,
    referrers: object,
    session_hours: object,
) -> None:
    # `IRepository` is a protocol, which each repository of the CDK implements.
    problems.expect("source", source, ecr.RepositoryBase, "HardenedRepository(...)")
    problems.expect("target", target, ecr.RepositoryBase, "HardenedRepository(...)")
    if problems.expect("promoters", promoters, Sequence, _PROMOTER_EXAMPLE):
        for index, each in enumerate(promoters if isinstance(promoters, Sequence) else ()):
            if not isinstance(each, (str, PipelineIdentity)):
                problems.expect(f"promoters[{index}]", each, _PROMOTER, _PROMOTER_EXAMPLE)
    if problems.expect("tags", tags, Sequence, "['v*']", each=str):
        for each in tags if isinstance(tags, Sequence) else ():
            with problems.collect("tags: "):
                TagPattern(each)
        if not tags:
            problems.add("tags: the list is empty; remove it to promote all tags")
    problems.expect("referrers", referrers, bool, "True")
    problems.expect("session_hours", session_hours, int, "1")


def _promoter_problems(promoters: Sequence[object]) -> Iterator[str]:
    if not promoters:
        yield "promoters: the list is empty; add a PipelineIdentity, a role, or the ARN of a role"
    for index, each in enumerate(promoters):
        if isinstance(each, str) and not is_token(each):
            if "*" in each:
                yield f"promoters[{index}]: {each!r} has a '*', which IAM rejects in a trust policy; write the ARN"
            else:
                yield from (f"promoters[{index}]: {problem}" for problem in ROLE_ARN.problems(each))


def _tool_problems(tool: object, *, referrers: bool) -> Iterator[str]:
    if tool not in _TOOLS:
        yield f"tool is {tool!r}; use {', '.join(get_args(CopyTool))}"
    elif referrers and not _TOOLS[str(tool)].copies_referrers:
        yield f"tool: {tool} copies no signatures, SBOMs and attestations; use tool='oras', or referrers=False"


def _repository_problems(
    place: ConstructLocation, source: ecr.IRepository, target: ecr.IRepository, role_name: str | None
) -> Iterator[str]:
    if place.stack is None:
        yield from stack_problems(place, "a promotion")
        return
    if source is target:
        yield "source and target are the same repository; use two repositories"
    for name, repository in (("source", source), ("target", target)):
        if not _is_foreign(repository, place.stack.account):
            yield from (f"{name}: {problem}" for problem in use_problems(repository, place.stack))
            continue
        if role_name is None or is_token(role_name):
            yield (
                f"role_name: {name} is of account {repository.env.account}, and its repository policy names the role; "
                "give role_name='promotion'"
            )
        if not isinstance(_literal_name(repository), str):
            yield f"{name} is of another account, and CloudFormation generates its name; give it repository_name="


def _immutability_problems(target: ecr.IRepository, tags: Sequence[str]) -> Iterator[str]:
    if not isinstance(target, HardenedRepository):
        return
    immutability = target.settings.immutability
    for tag in tags:
        if not _is_always_immutable(immutability, tag):
            yield (
                f"target: tags that match {tag!r} are mutable in {target.node.path}, so a promoted image can be "
                "replaced; use Immutability.all_tags(), or narrow tags="
            )


def _is_always_immutable(immutability: Immutability, pattern: str) -> bool:
    """Return whether all tags that a pattern matches are immutable."""
    if immutability.mode.startswith("IMMUTABLE"):
        return not any(wildcards.overlaps(each, pattern) for each in immutability.filters)
    return any(wildcards.subsumes(each, pattern) for each in immutability.filters)


def _is_foreign(repository: ecr.IRepository, account: str) -> bool:
    theirs = repository.env.account
    return theirs != account and not is_unresolved(theirs) and not is_unresolved(account)


def _literal_name(repository: ecr.IRepository) -> object:
    """Return the name of a repository if it is known at synthesis."""
    resource = repository.node.default_child
    if isinstance(resource, ecr.CfnRepository):
        return resource.stack.resolve(resource.repository_name)
    return None if is_unresolved(repository.repository_name) else repository.repository_name


def _name_or_token(repository: ecr.IRepository) -> str:
    name = _literal_name(repository)
    return name if isinstance(name, str) else repository.repository_name


def _host(repository: ecr.IRepository) -> str:
    region, stack = repository.env.region, cdk.Stack.of(repository)
    suffix = stack.url_suffix if is_unresolved(region) else partition_of(region).dns_suffix
    return f"{repository.env.account}.dkr.ecr.{region}.{suffix}"


def _arn(repository: ecr.IRepository) -> str:
    partition, region = partition_of(repository.env.region).name, repository.env.region
    return f"arn:{partition}:ecr:{region}:{repository.env.account}:repository/{_name_or_token(repository)}"


def _resource(role: iam.Role) -> iam.CfnRole:
    resource = role.node.default_child
    assert isinstance(resource, iam.CfnRole)  # noqa: S101  (the resource of a role that was created above)
    return resource
