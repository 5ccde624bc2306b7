"""
An app with every resource type of the emulator, in two accounts and two Regions, without the library.

It tests the types of the emulator that no example uses.
"""

import json

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager

PRODUCTION, TOOLS = "111122223333", "444455556666"
HOME, RECOVERY = "eu-central-1", "eu-west-1"

app = cdk.App()
home = cdk.Stack(app, "Home", env=cdk.Environment(account=PRODUCTION, region=HOME))
recovery = cdk.Stack(app, "Recovery", env=cdk.Environment(account=PRODUCTION, region=RECOVERY))
tools = cdk.Stack(app, "Tools", env=cdk.Environment(account=TOOLS, region=HOME))
# A stage's stacks are in an assembly of their own.
staged = cdk.Stack(cdk.Stage(app, "Stage"), "Stack", env=cdk.Environment(account=TOOLS, region=RECOVERY))

prefixes = [ecr.CfnReplicationConfiguration.RepositoryFilterProperty(filter="prod/", filter_type="PREFIX_MATCH")]
destinations = [
    ecr.CfnReplicationConfiguration.ReplicationDestinationProperty(region=region, registry_id=account)
    for region, account in ((RECOVERY, PRODUCTION), (HOME, TOOLS))
]
replication = ecr.CfnReplicationConfiguration(
    home,
    "Replication",
    replication_configuration=ecr.CfnReplicationConfiguration.ReplicationConfigurationProperty(
        rules=[
            ecr.CfnReplicationConfiguration.ReplicationRuleProperty(
                destinations=[destination], repository_filters=prefixes
            )
            for destination in destinations
        ]
    ),
)
replication.apply_removal_policy(cdk.RemovalPolicy.RETAIN)

wildcards = [ecr.CfnRegistryScanningConfiguration.RepositoryFilterProperty(filter="*", filter_type="WILDCARD")]
rule = ecr.CfnRegistryScanningConfiguration.ScanningRuleProperty(
    scan_frequency="CONTINUOUS_SCAN", repository_filters=wildcards
)
for stack in (home, recovery):
    ecr.CfnRegistryScanningConfiguration(stack, "Scanning", scan_type="ENHANCED", rules=[rule])
signer = f"arn:aws:signer:{HOME}:{PRODUCTION}:/signing-profiles/releases"
ecr.CfnSigningConfiguration(
    home, "Signing", rules=[ecr.CfnSigningConfiguration.RuleProperty(signing_profile_arn=signer)]
)

# One repository is retained, one is emptied and deleted, one has no name.
key = kms.Key(home, "Key", enable_key_rotation=True)
cdk.Tags.of(key).add("team", "shop")
shop = ecr.Repository(home, "Shop", repository_name="prod/shop", encryption_key=key)
shop.add_lifecycle_rule(tag_pattern_list=["*"], max_image_count=5)
shop.grant_pull(iam.AccountPrincipal(TOOLS))
# A weak reference.
iam.ManagedPolicy(
    cdk.Stack(app, "Reader", env=cdk.Environment(account=PRODUCTION, region=HOME)),
    "Policy",
    statements=[iam.PolicyStatement(actions=["ecr:DescribeImages"], resources=[shop.repository_arn])],
)
previews = ecr.Repository(recovery, "Previews", empty_on_delete=True, removal_policy=cdk.RemovalPolicy.DESTROY)
previews.grant_pull(iam.Role(recovery, "Reader", assumed_by=iam.AccountPrincipal(TOOLS)))

secret = secretsmanager.Secret(tools, "Secret", secret_name="ecr-pullthroughcache/docker-hub")  # noqa: S106  (a name)
ecr.CfnPullThroughCacheRule(
    tools,
    "DockerHub",
    ecr_repository_prefix="docker-hub",
    upstream_registry="docker-hub",
    upstream_registry_url="registry-1.docker.io",
    credential_arn=secret.secret_arn,
)
role = iam.Role(tools, "Role", assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"))
ecr.CfnRepositoryCreationTemplate(
    tools,
    "Template",
    prefix="docker-hub",
    applied_for=["PULL_THROUGH_CACHE"],
    custom_role_arn=role.role_arn,
    resource_tags=[cdk.CfnTag(key="origin", value="docker-hub")],
    lifecycle_policy=json.dumps(
        {
            "rules": [
                {
                    "rulePriority": 1,
                    "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1},
                    "action": {"type": "expire"},
                }
            ]
        }
    ),
)
ecr.CfnPullTimeUpdateExclusion(tools, "Scanner", principal_arn=role.role_arn)
statement = iam.PolicyStatement(
    sid="Replication",
    principals=[iam.AccountPrincipal(PRODUCTION)],
    actions=["ecr:CreateRepository", "ecr:ReplicateImage"],
    resources=[f"arn:aws:ecr:{HOME}:{TOOLS}:repository/*"],
)
ecr.CfnRegistryPolicy(tools, "Policy", policy_text={"Version": "2012-10-17", "Statement": [statement.to_json()]})
ecr.CfnRegistryPolicy(staged, "Policy", policy_text={"Version": "2012-10-17", "Statement": [statement.to_json()]})

app.synth()
