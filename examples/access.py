"""Permissions of other accounts and of AWS services, and a denial that also applies to created repositories."""

from aws_cdk import App, Aws, Environment, Stack
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    CACHED,
    CREATED,
    HARDENED,
    Access,
    CreationTemplate,
    HardenedRepository,
    Namespace,
    PrivateRegistry,
    PullThroughCache,
    Upstream,
)

ORGANIZATION = "o-larkspur01"

app = App()
stack = Stack(app, "Access", env=Environment(account="111122223333", region="eu-west-1"))

# One denial for all repositories. AWS services have no organization and are excepted, and so is the account of each
# repository: with a wrong ID of the organization, no principal could change the policy.
only_the_organization = iam.PolicyStatement(
    sid="OnlyTheOrganization",
    effect=iam.Effect.DENY,
    principals=[iam.AnyPrincipal()],
    actions=["ecr:*"],
    conditions={
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION, "aws:PrincipalAccount": Aws.ACCOUNT_ID},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    },
)

HardenedRepository(
    stack,
    "Api",
    repository_name="prod/payments-api",
    settings=HARDENED.but(policy_statements=[only_the_organization]),
    access=[
        # The task execution role of Amazon ECS in another account. It need not exist yet.
        Access.role_pull("arn:aws:iam::444455556666:role/payments-execution"),
        # Functions of AWS Lambda and services of AWS App Runner in another account.
        Access.lambda_pull("444455556666"),
        Access.app_runner_pull("arn:aws:iam::444455556666:role/payments-app-runner"),
        # Projects of AWS CodeBuild in this account that do not pull with their service role.
        Access.codebuild_pull("111122223333"),
        # The security account starts scans and reads their findings.
        Access.account_scan("777788889999"),
    ],
)

# The repositories that ECR creates on push have the denial, too.
CreationTemplate(
    stack,
    "Teams",
    prefix=Namespace("teams"),
    applied_for=["CREATE_ON_PUSH"],
    settings=CREATED.but(policy_statements=[only_the_organization]),
    access=[Access.account_read_metadata("777788889999")],
)

# The registry policy of the account has scope V2. Consumers can also pull from existing repositories, and a removed
# consumer has no access.
PrivateRegistry(stack, "Registry", policy_scope="V2")
PullThroughCache(
    stack,
    "EcrPublic",
    upstream=Upstream.ecr_public(),
    settings=CACHED.but(policy_statements=[only_the_organization]),
    consumers=[Access.account_pull("444455556666")],
    description="Images of Amazon ECR Public",
)
app.synth()
