"""`Publisher`: the role of a CI/CD pipeline that pushes images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs._cdk.nag_suppressions import acknowledge_wildcards
from ecr_constructs._cdk.principals import pipeline_principal
from ecr_constructs._cdk.scope import ConstructLocation, id_problems, locate, stack_problems
from ecr_constructs.errors import InvalidRepository, Problems
from ecr_constructs.model.iam.permissions import LOGIN, PUSH
from ecr_constructs.model.iam.pipeline_identity import PipelineIdentity, PipelineProvider
from ecr_constructs.model.names import Namespace
from ecr_constructs.model.signing_profile import signing_profile_problems
from ecr_constructs.model.validation import is_token
from ecr_constructs.repository.foreign_use import use_problems

__all__ = ["Publisher"]

_EXAMPLE = "PipelineIdentity.github('octo-org/api', branch='main')"
_WILDCARDS = "a namespace contains all repositories under its path, and the login action has no resource"
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
_SESSION_HOURS = range(1, 13)


class Publisher(Construct):
    """
    Define the role of a CI/CD pipeline that pushes images without access keys.

    The pipeline exchanges the OpenID Connect token of its job for credentials of the role. The trust policy requires
    the subject of `identity` exactly, so no other project, branch or environment can assume the role. The role can only
    push to the repositories. IAM has no condition key for image tags. Use `Immutability` to prevent that tags are
    reassigned, and separate repositories for images of different pipelines.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html

    Creates: one `AWS::IAM::Role`, one `AWS::IAM::Policy`, and a stack output with the step of the pipeline.

    Attributes:
        identity: The identity of the pipeline.
        role: The role.
        workflow: The step of the pipeline that assumes the role and logs in to the registry of the stack, as text.

    >>> from aws_cdk import App, Stack
    >>> from ecr_constructs import HardenedRepository
    >>> stack = Stack(App(), "Containers")
    >>> repository = HardenedRepository(stack, "Api", repository_name="prod/api")
    >>> publisher = Publisher(
    ...     stack,
    ...     "Publisher",
    ...     identity=PipelineIdentity.github("octo-org/api", environment="production"),
    ...     repositories=[repository],
    ... )
    >>> publisher.identity.subject
    'repo:octo-org/api:environment:production'

    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        identity: PipelineIdentity,
        repositories: Sequence[ecr.IRepository | Namespace],
        provider_arn: str | None = None,
        create_repositories: bool = False,
        signing_profile_arn: str | None = None,
        role_name: str | None = None,
        session_hours: int = 1,
    ) -> None:
        """
        Define the role of a pipeline.

        Args:
            scope: The scope of the construct, in a stack.
            id: The ID of the construct, unique in its scope.
            identity: The identity of the pipeline.
            repositories: The repositories for the pushes, and namespaces of the registry of the stack.
            provider_arn: The ARN of the IAM OIDC provider with the URL and the audience of the identity. An account has
                one provider for each URL, such as
                `iam.OidcProviderNative(stack, "GitHub", url=identity.url, client_ids=[identity.audience])`. Default:
                the provider that the account has for the URL.
            create_repositories: Whether a push can create a repository in a namespace. It requires a `CreationTemplate`
                for `CREATE_ON_PUSH`. Default: no.
            signing_profile_arn: The ARN of the AWS Signer profile with which ECR signs the images. Default: no
                permission to sign, so images of this role are not signed.
            role_name: The name of the role. Default: a name that CloudFormation generates.
            session_hours: The maximum duration of a session, 1 to 12 hours. Default: 1.

        Raises:
            InvalidRepository: With all problems, before anything is added to the tree.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        problems = Problems()
        _expect_kinds(problems, identity, repositories, create_repositories, session_hours)
        for name, value in (
            ("provider_arn", provider_arn),
            ("signing_profile_arn", signing_profile_arn),
            ("role_name", role_name),
        ):
            problems.expect(name, value, str, "", optional=True)
        place = locate(scope, id, problems)
        problems.extend(id_problems(scope, id))
        problems.extend(stack_problems(place, "a publisher"))
        if isinstance(signing_profile_arn, str):
            problems.extend(signing_profile_problems(signing_profile_arn, place.stack.region if place.stack else None))
        problems.extend(_target_problems(place, repositories, create_repositories=create_repositories))
        if session_hours not in _SESSION_HOURS:
            problems.add(f"session_hours is {session_hours}; IAM allows 1 to 12 hours")
        if provider_arn is not None:
            problems.extend(_provider_problems(provider_arn, identity))
        problems.raise_if_any(InvalidRepository, place.path_of(id))
        super().__init__(scope, id)
        self.identity = identity
        self.role = iam.Role(
            self,
            "Role",
            role_name=role_name,
            description=f"Pushes images to Amazon ECR from a pipeline of {identity.provider}",
            assumed_by=pipeline_principal(self, identity, provider_arn),
            max_session_duration=cdk.Duration.hours(session_hours),
        )
        self._grant_push(repositories, create_repositories=create_repositories)
        if signing_profile_arn is not None:
            # "signer:SignPayload": https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html
            self.role.add_to_policy(
                iam.PolicyStatement(actions=["signer:SignPayload"], resources=[signing_profile_arn])
            )
        self.workflow = self._workflow(identity)
        cdk.CfnOutput(self, "Workflow", value=self.workflow, description="The step of the pipeline before its pushes")

    def _workflow(self, identity: PipelineIdentity) -> str:
        """Return the step of the pipeline that assumes the role, and logs in to the registry of the stack."""
        stack = cdk.Stack.of(self)
        login = _LOGIN.format(region=stack.region, host=f"{stack.account}.dkr.ecr.{stack.region}.{stack.url_suffix}")
        return _WORKFLOWS[identity.provider].format(
            role=self.role.role_arn, region=stack.region, audience=identity.audience, login=login
        )

    def _grant_push(self, repositories: Sequence[ecr.IRepository | Namespace], *, create_repositories: bool) -> None:
        for repository in repositories:
            if not isinstance(repository, Namespace):
                # grant_push of a repository of the CDK has no ecr:BatchGetImage.
                repository.grant(self.role, *PUSH)
        self.role.add_to_policy(iam.PolicyStatement(actions=list(LOGIN), resources=["*"]))
        stack = cdk.Stack.of(self)
        registry = f"arn:{stack.partition}:ecr:{stack.region}:{stack.account}"
        namespaces = [
            f"{registry}:{namespace.resource_pattern}" for namespace in repositories if isinstance(namespace, Namespace)
        ]
        if namespaces:
            actions = [*PUSH, *(("ecr:CreateRepository",) if create_repositories else ())]
            self.role.add_to_policy(iam.PolicyStatement(actions=sorted(actions), resources=namespaces))
        acknowledge_wildcards(self.role, ["*", *namespaces], _WILDCARDS)


# `IRepository` is a protocol, which each repository of the CDK implements.
_TARGETS = (ecr.RepositoryBase, Namespace)


def _expect_kinds(
    problems: Problems, identity: object, repositories: object, create_repositories: object, session_hours: object
) -> None:
    problems.expect("identity", identity, PipelineIdentity, _EXAMPLE)
    problems.expect("repositories", repositories, Sequence, "[repository, Namespace('team')]", each=_TARGETS)
    problems.expect("create_repositories", create_repositories, bool, "True")
    problems.expect("session_hours", session_hours, int, "1")


def _target_problems(
    place: ConstructLocation, repositories: Sequence[ecr.IRepository | Namespace], *, create_repositories: bool
) -> Iterator[str]:
    if not repositories:
        yield "repositories: the list is empty; add a repository or a Namespace"
    if create_repositories and not any(isinstance(each, Namespace) for each in repositories):
        yield "create_repositories: a push creates repositories only in a namespace; add a Namespace to repositories"
    for each in repositories:
        if place.stack is not None and isinstance(each, ecr.Repository):
            yield from (f"repositories: {problem}" for problem in use_problems(each, place.stack))


def _provider_problems(arn: str, identity: PipelineIdentity) -> Iterator[str]:
    if not is_token(arn) and not arn.endswith(f":oidc-provider/{identity.issuer}"):
        yield (
            f"provider_arn: {arn!r} is not the OIDC provider of {identity.issuer}; use an ARN that ends with "
            f"':oidc-provider/{identity.issuer}'"
        )


# https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
_LOGIN = "aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {host}"
_WORKFLOWS: dict[PipelineProvider, str] = {
    "github": """permissions:
  id-token: write
  contents: read
steps:
  - uses: aws-actions/configure-aws-credentials@v4
    with:
      role-to-assume: {role}
      aws-region: {region}
  - uses: aws-actions/amazon-ecr-login@v2
""",
    "gitlab": """id_tokens:
  AWS_TOKEN:
    aud: {audience}
variables:
  AWS_ROLE_ARN: {role}
  AWS_REGION: {region}
  AWS_WEB_IDENTITY_TOKEN_FILE: /tmp/aws-token
before_script:
  - echo "$AWS_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
  - {login}
""",
    "bitbucket": """- step:
    oidc: true
    script:
      - export AWS_ROLE_ARN={role}
      - export AWS_REGION={region}
      - export AWS_WEB_IDENTITY_TOKEN_FILE=$(pwd)/aws-token
      - echo $BITBUCKET_STEP_OIDC_TOKEN > $AWS_WEB_IDENTITY_TOKEN_FILE
      - {login}
""",
    "circleci": """environment:
  AWS_ROLE_ARN: {role}
  AWS_REGION: {region}
  AWS_WEB_IDENTITY_TOKEN_FILE: /tmp/aws-token
steps:
  - run: echo "$CIRCLE_OIDC_TOKEN_V2" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
  - run: {login}
""",
    "buildkite": """env:
  AWS_REGION: {region}
plugins:
  - aws-assume-role-with-web-identity#v1.4.0:
      role-arn: {role}
commands:
  - {login}
""",
}
