"""`ReplicaRegistry`: accepted sources, settings of replicas, and differences between source and destination."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from ecr_constructs import (
    ADOPTED,
    EPHEMERAL,
    HARDENED,
    Access,
    CreationTemplate,
    Encryption,
    HardenedRepository,
    Immutability,
    InvalidRegistry,
    LifecyclePolicy,
    Namespace,
    PrivateRegistry,
    ReplicaRegistry,
    Replication,
    RepositorySettings,
    expire_untagged,
    keep_latest,
)
from tests.templates import ACCOUNT, KEY, OTHER_ACCOUNT, new_stack, template

SOURCE, HERE = "eu-west-1", "eu-central-1"
PROD, TEAM = Namespace("prod"), Namespace("team")
TEMPLATE, POLICY, ROLE_POLICY = (
    "AWS::ECR::RepositoryCreationTemplate",
    "AWS::ECR::RegistryPolicy",
    "AWS::IAM::Policy",
)
FINDING = "[ack: ecr-constructs:replica"
# Without a key, which only the tests of encryption need.
PLAIN = HARDENED.but(encryption=Encryption.aes256())


@pytest.fixture
def source(app: cdk.App) -> cdk.Stack:
    return new_stack(app, "Primary", region=SOURCE)


@pytest.fixture
def here(app: cdk.App) -> cdk.Stack:
    return new_stack(app, "Recovery", region=HERE)


@pytest.fixture
def in_environment(app: cdk.App) -> cdk.Stack:
    """Return a recovery stack in another account."""
    return new_stack(app, "Recovery", region=HERE, account=OTHER_ACCOUNT)


def replica(stack: cdk.Stack, id: str = "Replica", **given: Any) -> ReplicaRegistry:
    return ReplicaRegistry(stack, id, **{"source_region": SOURCE, "settings": PLAIN, **given})


def registry(stack: cdk.Stack, *replication: Replication) -> PrivateRegistry:
    return PrivateRegistry(stack, "Registry", replication=replication)


def found(stack: cdk.Stack, resource_type: str) -> list[Mapping[str, Any]]:
    every = template(stack).get("Resources", {}).values()
    return [each["Properties"] for each in every if each["Type"] == resource_type]


def findings(stack: cdk.Stack) -> list[str]:
    """Synthesize, and return the warnings about the replicas of a stack. Each ends with its ID."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    app.synth()
    every = [entry for construct in stack.node.find_all() for entry in construct.node.metadata]
    return [str(entry.data) for entry in every if entry.type == "aws:cdk:warning" and FINDING in str(entry.data)]


def finding_ids(stack: cdk.Stack) -> set[str]:
    return {text.rpartition("[ack: ecr-constructs:")[2].removesuffix("]") for text in findings(stack)}


def problems(build: Callable[[], object]) -> Sequence[str]:
    with pytest.raises(InvalidRegistry) as raised:
        build()
    return raised.value.problems


# --- resources ------------------------------------------------------------------------------------------------------


def test_it_creates_one_template_for_replicas_of_all_repositories(here: cdk.Stack) -> None:
    made = replica(here)

    (written,) = found(here, TEMPLATE)
    assert (written["Prefix"], written["AppliedFor"]) == ("ROOT", ["REPLICATION"])
    assert [each.prefix for each in made.templates] == ["ROOT"]


def test_it_creates_a_template_once_for_each_namespace(here: cdk.Stack) -> None:
    made = replica(here, repositories=[PROD, TEAM, PROD])

    assert [each["Prefix"] for each in found(here, TEMPLATE)] == ["prod", "team"]
    assert [each.prefix for each in made.templates] == ["prod", "team"]


def test_one_namespace_needs_no_list(here: cdk.Stack) -> None:
    replica(here, repositories=PROD)

    assert [each["Prefix"] for each in found(here, TEMPLATE)] == ["prod"]


def test_ids_follow_from_the_namespaces_and_not_from_their_order(here: cdk.Stack) -> None:
    namespaces = [Namespace("prod"), Namespace("prod/api"), Namespace("prod.api")]
    made = replica(here, repositories=namespaces)
    every = replica(here, "Every")

    ids = {each.prefix: each.node.id for each in (*made.templates, *every.templates)}
    assert ids == {
        "prod": "Template-prod",
        "prod/api": "Template-prod:api",
        "prod.api": "Template-prod.api",
        "ROOT": "Template",
    }


def test_the_settings_are_the_same_object(here: cdk.Stack) -> None:
    settings = PLAIN.but(resource_tags={"team": "payments"})
    made = replica(here, repositories=[PROD, TEAM], settings=settings)

    assert made.settings is settings
    assert all(each.settings is settings for each in made.templates)


def test_replicas_have_the_settings_of_a_hardened_repository_by_default(here: cdk.Stack) -> None:
    made = ReplicaRegistry(here, "Replica", source_region=SOURCE)

    (written,) = found(here, TEMPLATE)
    assert made.settings is HARDENED
    assert written["ImageTagMutability"] == "IMMUTABLE"
    assert json.loads(written["LifecyclePolicy"]) == HARDENED.effective_lifecycle.to_dict()


def test_with_a_key_ecr_has_a_role_that_can_replicate_and_create_grants(here: cdk.Stack) -> None:
    ReplicaRegistry(here, "Replica", source_region=SOURCE, repositories=PROD)

    (written,), (policy,) = found(here, TEMPLATE), found(here, ROLE_POLICY)
    key = written["EncryptionConfiguration"]["KmsKey"]
    on_repositories, on_key = policy["PolicyDocument"]["Statement"]
    assert "Fn::GetAtt" in written["CustomRoleArn"]
    assert on_repositories["Action"] == ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"]
    assert on_repositories["Resource"] == f"arn:aws:ecr:{HERE}:{ACCOUNT}:repository/prod/*"
    assert (on_key["Action"], on_key["Resource"]) == (["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"], key)
    assert len(found(here, KEY)) == 1


def test_without_a_key_and_tags_there_is_no_role(here: cdk.Stack) -> None:
    replica(here)

    (written,) = found(here, TEMPLATE)
    assert "CustomRoleArn" not in written
    assert found(here, ROLE_POLICY) == []


# --- the policy of the registry -------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{}, {"source_account": ACCOUNT}], ids=["by default", "written out"])
def test_the_same_account_needs_no_statement_and_no_registry(here: cdk.Stack, given: Mapping[str, str]) -> None:
    replica(here, **given)

    assert found(here, POLICY) == []


def test_the_same_account_needs_no_statement_with_a_registry(here: cdk.Stack) -> None:
    registry(here)
    replica(here, source_account=ACCOUNT)

    assert found(here, POLICY) == []


def test_the_account_of_a_stack_without_an_environment_needs_no_statement(stack: cdk.Stack) -> None:
    replica(stack, source_account=stack.account)

    assert found(stack, POLICY) == []
    assert len(found(stack, TEMPLATE)) == 1


@pytest.mark.parametrize(
    ("repositories", "names"), [(None, ["*"]), (PROD, ["prod/*"]), ([TEAM, PROD], ["prod/*", "team/*"])]
)
def test_another_account_can_replicate_the_namespaces_of_the_replica(
    in_environment: cdk.Stack, repositories: Any, names: Sequence[str]
) -> None:
    registry(in_environment)
    replica(in_environment, source_account=ACCOUNT, repositories=repositories)

    (policy,) = found(in_environment, POLICY)
    (statement,) = policy["PolicyText"]["Statement"]
    arns = [f"arn:aws:ecr:{HERE}:{OTHER_ACCOUNT}:repository/{name}" for name in names]
    assert statement == {
        "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Resource": arns if len(arns) > 1 else arns[0],
    }


def test_another_account_that_is_known_only_at_deployment_is_handed_on(stack: cdk.Stack) -> None:
    registry(stack)
    account = cdk.CfnParameter(stack, "Account")
    replica(stack, source_account=account.value_as_string)

    (policy,) = found(stack, POLICY)
    (statement,) = policy["PolicyText"]["Statement"]
    assert {"Ref": "Account"} in statement["Principal"]["AWS"]["Fn::Join"][1]


def test_another_account_in_the_same_region_is_a_source(app: cdk.App) -> None:
    in_environment = new_stack(app, "Recovery", region=SOURCE, account=OTHER_ACCOUNT)
    registry(in_environment)
    replica(in_environment, source_account=ACCOUNT)

    assert len(found(in_environment, POLICY)) == 1


def test_several_sources_share_the_policy(in_environment: cdk.Stack) -> None:
    registry(in_environment)
    replica(in_environment, source_account=ACCOUNT, repositories=PROD)
    replica(in_environment, "More", source_account="777788889999", repositories=TEAM)

    (policy,) = found(in_environment, POLICY)
    assert len(policy["PolicyText"]["Statement"]) == 2


# --- equal settings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [HARDENED, ADOPTED, PLAIN.but(access=[Access.account_pull("777788889999")])])
def test_equal_settings_of_source_and_replica_are_no_finding(
    source: cdk.Stack, here: cdk.Stack, settings: RepositorySettings
) -> None:
    registry(source, Replication.to(HERE, repositories=PROD))
    HardenedRepository(source, "Api", repository_name="prod/api", settings=settings)
    replica(here, repositories=PROD, settings=settings)

    assert findings(here) == findings(source) == []


def test_both_sides_agree_across_accounts(source: cdk.Stack, in_environment: cdk.Stack) -> None:
    registry(source, Replication.to(HERE, account=OTHER_ACCOUNT, repositories=PROD))
    HardenedRepository(source, "Api", repository_name="prod/api", settings=PLAIN)
    registry(in_environment)
    replica(in_environment, source_account=ACCOUNT, repositories=PROD)

    assert findings(in_environment) == []


def test_one_source_has_several_destinations_each_checked_by_itself(source: cdk.Stack, app: cdk.App) -> None:
    stacks = {region: new_stack(app, region, region=region) for region in (HERE, "eu-south-1")}
    registry(source, *(Replication.to(region, repositories=PROD) for region in stacks))
    HardenedRepository(source, "Api", repository_name="prod/api", settings=PLAIN)
    replica(stacks[HERE], repositories=PROD)
    replica(stacks["eu-south-1"], repositories=PROD, settings=PLAIN.but(immutability=Immutability.off()))

    assert finding_ids(stacks[HERE]) == set()
    assert finding_ids(stacks["eu-south-1"]) == {"replicaTagsDiffer", "replicaLifecycleDiffers"}


def test_repositories_may_come_after_the_replica_and_rules_after_the_repository(
    source: cdk.Stack, here: cdk.Stack
) -> None:
    settings = PLAIN.but(lifecycle=LifecyclePolicy.of(keep_latest(5, matching="v*"), expire_untagged(after_days=14)))
    replica(here, repositories=PROD, settings=settings)
    registry(source).add_replication(Replication.to(HERE, repositories=PROD))
    repository = HardenedRepository(
        source, "Api", repository_name="prod/api", settings=PLAIN, lifecycle=LifecyclePolicy.none()
    )
    repository.add_lifecycle_rule(max_image_count=5, tag_pattern_list=["v*"])
    repository.add_lifecycle_rule(max_image_age=cdk.Duration.days(14), tag_status=cdk.aws_ecr.TagStatus.UNTAGGED)

    assert findings(here) == []


@pytest.mark.parametrize("is_staged", [True, False])
def test_source_and_replica_are_compared_across_the_stages_of_an_app(app: cdk.App, *, is_staged: bool) -> None:
    first, second = (cdk.Stage(app, "One"), cdk.Stage(app, "Two")) if is_staged else (app, app)
    source, here = new_stack(first, "Primary", region=SOURCE), new_stack(second, "Recovery", region=HERE)
    registry(source, Replication.to(HERE))
    HardenedRepository(source, "Api", repository_name="api", settings=PLAIN)
    replica(here, settings=PLAIN.but(immutability=Immutability.off()))

    assert finding_ids(here) == {"replicaTagsDiffer", "replicaLifecycleDiffers"}


# --- sources without replication ------------------------------------------------------------------------------------


def test_a_source_that_replicates_nothing_here_is_found(source: cdk.Stack, here: cdk.Stack) -> None:
    registry(source, Replication.to("eu-south-1"))
    replica(here)

    (text,) = findings(here)
    assert text.startswith("Primary/Registry replicates nothing under 'ROOT' to Recovery/Replica; ")
    assert f"add Replication.to('{HERE}') there" in text
    assert "[ack: ecr-constructs:replicaHasNoSource]" in text


def test_each_namespace_is_compared_by_itself(source: cdk.Stack, here: cdk.Stack) -> None:
    registry(source, Replication.to(HERE, repositories=PROD))
    replica(here, repositories=[PROD, TEAM])

    (text,) = findings(here)
    assert f"add Replication.to('{HERE}', repositories=Namespace('team')) there" in text


def test_the_remedy_names_the_account_if_it_is_another(source: cdk.Stack, in_environment: cdk.Stack) -> None:
    registry(source, Replication.to(HERE, repositories=PROD))
    registry(in_environment)
    replica(in_environment, source_account=ACCOUNT, repositories=PROD)

    (text,) = findings(in_environment)
    assert f"Replication.to('{HERE}', account='{OTHER_ACCOUNT}', repositories=Namespace('prod'))" in text


@pytest.mark.parametrize("repositories", ["prod/api", "pr", Namespace("prod/team"), None], ids=str)
def test_a_part_of_the_namespace_and_more_than_it_are_sources(
    source: cdk.Stack, here: cdk.Stack, repositories: Any
) -> None:
    registry(source, Replication.to(HERE, repositories=repositories))
    replica(here, repositories=PROD)

    assert findings(here) == []


def test_a_source_in_another_app_is_not_looked_for(here: cdk.Stack) -> None:
    replica(here)

    assert findings(here) == []


@pytest.mark.parametrize("account", [None, ACCOUNT], ids=["own", "written out"])
def test_a_stack_without_an_environment_is_not_compared(
    source: cdk.Stack, stack: cdk.Stack, account: str | None
) -> None:
    registry(source, Replication.to(HERE))
    HardenedRepository(source, "Api", repository_name="api", settings=ADOPTED)
    registry(stack)
    replica(stack, source_account=account)

    assert findings(stack) == []


def is_acknowledged_before_it_is_told() -> bool:
    """Return whether this CDK applies an acknowledgement to later warnings, which older versions do not."""
    construct = cdk.CfnWaitConditionHandle(cdk.Stack(), "Something")
    cdk.Annotations.of(construct).acknowledge_warning("tests:remembered")
    cdk.Annotations.of(construct).add_warning_v2("tests:remembered", "something")
    return not any(entry.type == "aws:cdk:warning" for entry in construct.node.metadata)


@pytest.mark.skipif(not is_acknowledged_before_it_is_told(), reason="this CDK forgets what was acknowledged before")
def test_a_finding_can_be_acknowledged(source: cdk.Stack, here: cdk.Stack) -> None:
    registry(source, Replication.to("eu-south-1"))
    made = replica(here)
    cdk.Annotations.of(made).acknowledge_warning("ecr-constructs:replicaHasNoSource", "by hand, next week")

    assert findings(here) == []


# --- different settings ---------------------------------------------------------------------------------------------


def compared(source: cdk.Stack, here: cdk.Stack, original: RepositorySettings, copy: RepositorySettings) -> None:
    registry(source, Replication.to(HERE))
    HardenedRepository(source, "Api", repository_name="prod/api", settings=original)
    replica(here, settings=copy)


UNTAGGED = LifecyclePolicy.of(expire_untagged(keep=100))
LOST = "the replica of that image has no tag, and the lifecycle policy can delete it before a recovery"


@pytest.mark.parametrize(
    ("original", "copy", "is_lost"),
    [
        (Immutability.off(), Immutability.all_tags(), True),
        (Immutability.all_tags_except("latest"), Immutability.all_tags(), True),
        (Immutability.only_tags("v*"), Immutability.all_tags(), True),
        (Immutability.off(), Immutability.only_tags("v*"), True),
        (Immutability.off(), Immutability.all_tags_except("latest"), True),
        (Immutability.all_tags_except("dev-*", "latest"), Immutability.all_tags_except("latest"), True),
        (Immutability.all_tags_except("dev-1"), Immutability.all_tags_except("dev-*"), False),
        (Immutability.only_tags("v*"), Immutability.only_tags("v*", "w*"), True),
        (Immutability.only_tags("v*"), Immutability.only_tags("v1.*"), False),
        (Immutability.only_tags("v*"), Immutability.all_tags_except("latest"), True),
        (Immutability.all_tags_except("v*"), Immutability.only_tags("*1"), True),
        (Immutability.all_tags_except("v*"), Immutability.only_tags("w*"), False),
        (Immutability.all_tags(), Immutability.all_tags_except("latest"), False),
        (Immutability.all_tags(), Immutability.off(), False),
        (Immutability.only_tags("v*"), Immutability.off(), False),
    ],
    ids=str,
)
def test_a_different_immutability_is_reported_with_the_consequence(
    source: cdk.Stack, here: cdk.Stack, original: Immutability, copy: Immutability, *, is_lost: bool
) -> None:
    both = PLAIN.but(lifecycle=UNTAGGED)
    compared(source, here, both.but(immutability=original), both.but(immutability=copy))

    (text,) = findings(here)
    assert text.endswith("[ack: ecr-constructs:replicaTagsDiffer]")
    assert text.startswith("the replica of Primary/Api is ")
    assert (LOST in text) is is_lost
    assert "immutability=" in text


def test_the_order_of_exclusions_means_nothing(source: cdk.Stack, here: cdk.Stack) -> None:
    one, other = Immutability.all_tags_except("dev", "latest"), Immutability.all_tags_except("latest", "dev")
    compared(source, here, PLAIN.but(immutability=one), PLAIN.but(immutability=other))

    assert findings(here) == []


def test_a_rule_that_only_the_replica_has_is_found(source: cdk.Stack, here: cdk.Stack) -> None:
    copy = PLAIN.but(lifecycle=LifecyclePolicy.of(keep_latest(10, matching="v*"), expire_untagged(after_days=14)))
    compared(source, here, PLAIN, copy)

    assert finding_ids(here) == {"replicaLifecycleDiffers"}


def test_a_rule_that_only_the_source_has_keeps_more_here_and_is_no_finding(source: cdk.Stack, here: cdk.Stack) -> None:
    original = PLAIN.but(lifecycle=LifecyclePolicy.of(keep_latest(10, matching="v*"), expire_untagged(after_days=14)))
    compared(source, here, original, PLAIN)

    assert findings(here) == []


def test_a_principal_that_pulls_from_the_source_only_is_found(source: cdk.Stack, here: cdk.Stack) -> None:
    both = Access.organization_pull("o-abc1234567")
    compared(source, here, PLAIN.but(access=[both, Access.account_pull("777788889999")]), PLAIN.but(access=[both]))

    (text,) = findings(here)
    assert text.startswith("the replica of Primary/Api does not have account_pull 777788889999, so ")
    assert text.endswith("[ack: ecr-constructs:replicaAccessDiffers]")


@pytest.mark.parametrize("side", ["source", "replica"])
def test_a_statement_that_only_one_side_has_is_found(source: cdk.Stack, here: cdk.Stack, side: str) -> None:
    denial = iam.PolicyStatement(
        effect=iam.Effect.DENY, principals=[iam.AnyPrincipal()], actions=["ecr:BatchDeleteImage"]
    )
    denying = PLAIN.but(policy_statements=[denial])
    compared(source, here, *((denying, PLAIN) if side == "source" else (PLAIN, denying)))

    (text,) = findings(here)
    missing, others = (1, 0) if side == "source" else (0, 1)
    assert f"does not have {missing} of the policy statements of the source, and has {others} others" in text
    assert text.endswith("[ack: ecr-constructs:replicaStatementsDiffer]")


def test_a_principal_that_pulls_from_the_replica_only_is_no_finding(source: cdk.Stack, here: cdk.Stack) -> None:
    compared(source, here, PLAIN, PLAIN.but(access=[Access.account_pull("777788889999")]))

    assert findings(here) == []


def test_another_kind_of_encryption_is_found(source: cdk.Stack, here: cdk.Stack) -> None:
    key = kms.Key(source, "Key")
    compared(source, here, PLAIN.but(encryption=Encryption.customer_key(key)), PLAIN)

    (text,) = findings(here)
    assert "has Encryption.aes256(), and the source has Encryption.customer_key(...); " in text
    assert text.endswith("[ack: ecr-constructs:replicaEncryptionDiffers]")


def test_keys_of_each_side_are_one_kind_of_encryption(source: cdk.Stack, here: cdk.Stack) -> None:
    original, copy = (PLAIN.but(encryption=Encryption.customer_key(kms.Key(each, "Key"))) for each in (source, here))
    compared(source, here, original, copy)

    assert findings(here) == []


def test_all_findings_are_reported_at_once(source: cdk.Stack, here: cdk.Stack) -> None:
    original = HARDENED.but(immutability=Immutability.off(), access=[Access.account_pull("777788889999")])
    compared(source, here, original, PLAIN)

    assert finding_ids(here) == {
        "replicaTagsDiffer",
        "replicaLifecycleDiffers",
        "replicaAccessDiffers",
        "replicaEncryptionDiffers",
    }


def test_a_difference_of_many_repositories_is_one_warning_that_lists_them_all(
    source: cdk.Stack, here: cdk.Stack
) -> None:
    registry(source, Replication.to(HERE))
    for number in range(5):
        HardenedRepository(source, f"Api{number}", repository_name=f"api-{number}", settings=HARDENED)
    replica(here)

    (text,) = findings(here)
    assert text.startswith(f"the replica of {', '.join(f'Primary/Api{n}' for n in range(5))} has ")


# --- compared settings ----------------------------------------------------------------------------------------------

OTHER = PLAIN.but(immutability=Immutability.off(), lifecycle=PLAIN.effective_lifecycle)


def test_a_repository_that_is_not_replicated_here_is_not_compared(source: cdk.Stack, here: cdk.Stack) -> None:
    registry(source, Replication.to(HERE, repositories=Namespace("prod/team")), Replication.to("eu-south-1"))
    HardenedRepository(source, "Api", repository_name="prod/api", settings=OTHER)
    replica(here, repositories=PROD)

    assert findings(here) == []


def test_a_repository_outside_the_namespaces_is_not_compared(source: cdk.Stack, here: cdk.Stack) -> None:
    registry(source, Replication.to(HERE))
    HardenedRepository(source, "Api", repository_name="production/api", settings=OTHER)
    replica(here, repositories=PROD)

    assert findings(here) == []


@pytest.mark.parametrize("region", [HERE, "eu-south-1", None])
def test_a_repository_of_another_environment_is_not_compared(
    source: cdk.Stack, here: cdk.Stack, app: cdk.App, region: str | None
) -> None:
    registry(source, Replication.to(HERE))
    HardenedRepository(new_stack(app, "Third", region=region), "Api", repository_name="prod/api", settings=OTHER)
    replica(here, repositories=PROD)

    assert findings(here) == []


def test_a_repository_of_another_stack_in_the_source_is_compared(
    source: cdk.Stack, here: cdk.Stack, app: cdk.App
) -> None:
    registry(source, Replication.to(HERE))
    HardenedRepository(new_stack(app, "Team", region=SOURCE), "Api", repository_name="prod/api", settings=OTHER)
    replica(here, repositories=PROD)

    assert finding_ids(here) == {"replicaTagsDiffer"}


@pytest.mark.parametrize("name", [None, cdk.Aws.STACK_NAME], ids=["made by CloudFormation", "token"])
def test_a_repository_whose_name_is_not_known_is_not_compared(
    source: cdk.Stack, here: cdk.Stack, name: str | None
) -> None:
    registry(source, Replication.to(HERE))
    HardenedRepository(source, "Api", repository_name=name, settings=OTHER)
    replica(here)

    assert findings(here) == []


def test_a_replica_is_compared_with_the_template_of_the_longest_prefix(source: cdk.Stack, here: cdk.Stack) -> None:
    registry(source, Replication.to(HERE))
    HardenedRepository(source, "Api", repository_name="prod/api", settings=OTHER)
    HardenedRepository(source, "Web", repository_name="team/web", settings=PLAIN)
    replica(here)
    replica(here, "Production", repositories=PROD, settings=OTHER)

    assert findings(here) == []


def test_a_replica_of_another_template_is_not_compared(source: cdk.Stack, here: cdk.Stack) -> None:
    registry(source, Replication.to(HERE))
    HardenedRepository(source, "Api", repository_name="prod/api", settings=OTHER)
    replica(here)
    CreationTemplate(here, "Production", prefix=PROD, applied_for=["REPLICATION"], settings=OTHER)

    assert findings(here) == []


def test_a_repository_in_nested_namespaces_is_compared_once(source: cdk.Stack, here: cdk.Stack) -> None:
    registry(source, Replication.to(HERE))
    HardenedRepository(source, "Api", repository_name="prod/team/api", settings=OTHER)
    replica(here, repositories=[PROD, Namespace("prod/team")])

    assert len(findings(here)) == 1


# --- rejected arguments ---------------------------------------------------------------------------------------------


def ids_of(stack: cdk.Stack) -> list[str]:
    return [construct.node.path for construct in stack.node.find_all()]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"source_region": "Frankfurt"}, "Region 'Frankfurt' has 'F' at position 0; write a Region such as"),
        (
            {"source_region": cdk.Aws.REGION},
            "is known only at deployment; it must be known at synthesis, so use a literal value",
        ),
        ({"source_region": HERE}, f"source_region '{HERE}' is that of the replica"),
        ({"source_region": HERE, "source_account": ACCOUNT}, f"source_region '{HERE}' is that of the replica"),
        (
            {"source_account": OTHER_ACCOUNT},
            (f"source_account {OTHER_ACCOUNT}: the app has no PrivateRegistry for this account"),
        ),
        ({"repositories": []}, "repositories: the list is empty; remove it to include all repositories"),
        (
            {"settings": EPHEMERAL},
            "settings: removal_policy=RemovalPolicy.DESTROY and empty_on_delete=True cannot be written",
        ),
        (
            {"settings": PLAIN.but(scan_on_push=False)},
            "settings: scan_on_push=False cannot be written in a creation template",
        ),
    ],
)
def test_a_fault_is_rejected_with_its_remedy_and_nothing_is_added(
    here: cdk.Stack, given: Mapping[str, Any], expected: str
) -> None:
    before = ids_of(here)
    (problem,) = problems(lambda: replica(here, **given))

    assert expected in problem
    assert ids_of(here) == before


def test_an_invalid_account_is_rejected(here: cdk.Stack) -> None:
    registry(here)
    account, listed = problems(lambda: replica(here, source_account="12345", repositories=[]))

    assert account.startswith("account '12345'")
    assert "write its 12 digits as a string" in account
    assert listed.startswith("repositories: ")


def test_two_replicas_for_the_same_names_are_rejected(here: cdk.Stack) -> None:
    replica(here, repositories=PROD)
    (problem,) = problems(lambda: replica(here, "More", repositories=[PROD, TEAM]))

    assert "prefix 'prod' is that of the template Recovery/Replica/Template-prod" in problem
    assert here.node.try_find_child("More") is None


def test_all_problems_are_reported_at_once_and_each_of_them_once(here: cdk.Stack) -> None:
    replica(here, repositories=PROD)
    with pytest.raises(InvalidRegistry) as raised:
        replica(here, source_region="X", source_account=OTHER_ACCOUNT, repositories=[PROD, TEAM], settings=EPHEMERAL)

    parts = ["another construct", "Region 'X'", "prefix 'prod'", "removal_policy", "source_account"]
    assert raised.value.path == "Recovery/Replica"
    assert [any(part in problem for problem in raised.value.problems) for part in parts] == [True] * len(parts)
    assert len(raised.value.problems) == len(set(raised.value.problems))
    assert sum("removal_policy" in problem for problem in raised.value.problems) == 1


def test_an_empty_list_does_not_hide_problems_of_the_settings(here: cdk.Stack) -> None:
    said = problems(lambda: replica(here, repositories=[], settings=EPHEMERAL))

    assert [problem.split(" ", 1)[0] for problem in said] == ["repositories:", "settings:"]


def test_a_replica_is_rejected_if_the_registry_policy_has_no_room_for_it(in_environment: cdk.Stack) -> None:
    registry(in_environment)
    many = [Namespace(f"{number}-{'n' * 200}") for number in range(60)]
    before = ids_of(in_environment)
    (problem,) = problems(lambda: replica(in_environment, source_account=ACCOUNT, repositories=many))

    assert "ECR allows 10240" in problem
    assert ids_of(in_environment) == before


def test_a_value_of_the_wrong_kind_is_a_type_error(here: cdk.Stack) -> None:
    cases: list[tuple[Mapping[str, Any], str]] = [
        ({"source_region": 1}, "source_region must be a string"),
        ({"source_region": None}, "source_region must be a string"),
        ({"source_account": 111122223333}, "source_account must be a string"),
        ({"source_account": 0}, "source_account must be a string"),
        ({"repositories": "prod"}, r"repositories must be a Namespace or a list such as Namespace"),
        ({"repositories": ["prod"]}, r"repositories\[0\] must be a Namespace, got .prod.; write repositories as in"),
        ({"repositories": 1}, r"repositories must be a Namespace or a list such as Namespace"),
        ({"settings": None}, "settings must be RepositorySettings such as HARDENED"),
    ]
    for given, expected in cases:
        with pytest.raises(TypeError, match=expected):
            replica(here, **given)

        assert here.node.try_find_child("Replica") is None


def test_an_empty_account_is_no_account(here: cdk.Stack) -> None:
    registry(here)

    assert "account is empty" in problems(lambda: replica(here, source_account=""))[0]
