"""`CreationTemplate`: the template of the repositories that ECR creates, and the role with which ECR creates them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Annotations, Match

from ecr_constructs import (
    EPHEMERAL,
    HARDENED,
    ROOT,
    Access,
    CreationTemplate,
    Encryption,
    Immutability,
    InvalidRegistry,
    LifecyclePolicy,
    Namespace,
    PrivateRegistry,
    RepositorySettings,
    Scanning,
    expire_untagged,
)
from ecr_constructs.model import CachePrefix, TemplatePrefix
from ecr_constructs.repository.settings import CREATED
from tests.templates import (
    ACCOUNT,
    KEY,
    OTHER_ACCOUNT,
    resources,
    role_statements,
    template,
    text_of,
)

TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"
ROLE = "AWS::IAM::Role"
POLICY = "AWS::IAM::Policy"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/ecr-creates"
KEY_ARN = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012"
TAGGED = CREATED.but(resource_tags={"made-by": "ecr"})
ENCRYPTED = CREATED.but(encryption=Encryption.aws_managed_key())


def make(scope: cdk.Stack, id: str = "Teams", **options: Any) -> CreationTemplate:
    return CreationTemplate(scope, id, **{"prefix": "teams", "applied_for": ["CREATE_ON_PUSH"], **options})


def written(stack: cdk.Stack) -> Mapping[str, Any]:
    """Return the properties of the only template of a stack."""
    (found,) = resources(stack, TEMPLATE).values()
    properties: Mapping[str, Any] = found["Properties"]
    return properties


def repository_policy(stack: cdk.Stack) -> list[dict[str, Any]]:
    return list(json.loads(text_of(written(stack)["RepositoryPolicy"]))["Statement"])


def assert_warned(stack: cdk.Stack, sentence: str) -> None:
    Annotations.from_stack(stack).has_warning(f"/{stack.node.path}/Teams", Match.string_like_regexp(sentence))


def assert_no_warning(stack: cdk.Stack) -> None:
    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []


def problems_of(stack: cdk.Stack, **options: Any) -> Sequence[str]:
    """Return the problems of a template that is rejected. Nothing is added to the stack."""
    before = [child.node.id for child in stack.node.children]
    with pytest.raises(InvalidRegistry) as refused:
        make(stack, **options)
    assert [child.node.id for child in stack.node.children] == before
    return refused.value.problems


@pytest.fixture
def here(stack_in: Callable[[str], cdk.Stack]) -> cdk.Stack:
    return stack_in("eu-west-1")


# --- properties -------------------------------------------------------------------------------------------------------


def test_the_default_has_all_settings_that_need_no_role(stack: cdk.Stack) -> None:
    make(stack)

    properties = dict(written(stack))
    lifecycle = json.loads(properties.pop("LifecyclePolicy"))
    assert properties == {"Prefix": "teams", "AppliedFor": ["CREATE_ON_PUSH"], "ImageTagMutability": "IMMUTABLE"}
    assert lifecycle == LifecyclePolicy.of(expire_untagged(after_days=14)).to_dict()


def test_by_default_there_is_nothing_in_the_stack_but_the_template(stack: cdk.Stack) -> None:
    make(stack)

    assert [each["Type"] for each in template(stack)["Resources"].values()] == [TEMPLATE]


def test_the_attributes_are_the_created_resources(stack: cdk.Stack) -> None:
    made = make(stack, prefix="teams/")

    assert (made.prefix, made.settings, made.role, made.repositories) == ("teams", CREATED, None, "teams/*")
    assert made.resource.prefix == "teams"


def test_the_logical_ids_are_public_contract(stack: cdk.Stack) -> None:
    make(stack, settings=TAGGED)

    assert sorted(template(stack)["Resources"]) == [
        "Teams577113D3",
        "TeamsRole4EC277D6",
        "TeamsRoleDefaultPolicyFF24F8BD",
    ]


@pytest.mark.parametrize(
    ("prefix", "spelled"),
    [
        ("teams", "teams"),
        ("teams/", "teams"),
        (Namespace("teams/a"), "teams/a"),
        (TemplatePrefix("teams"), "teams"),
        (CachePrefix("teams"), "teams"),
        (ROOT, "ROOT"),
        ("t", "t"),
        ("a" * 256, "a" * 256),
    ],
)
def test_a_prefix_may_be_a_namespace_or_a_text_or_root(stack: cdk.Stack, prefix: Any, spelled: str) -> None:
    make(stack, prefix=prefix)

    assert written(stack)["Prefix"] == spelled


def test_an_invalid_prefix_is_rejected(stack: cdk.Stack) -> None:
    cases: list[tuple[str, str]] = [
        ("", "template prefix is empty; use lower-case letters"),
        ("a" * 257, "has 257 characters; ECR allows 1 to 256"),
        ("Teams", "template prefix 'Teams' has 'T' at position 0; use lower-case letters"),
        ("teams//", "template prefix 'teams//' is not well formed; use"),
        ("ROOT/", "template prefix 'ROOT/' has 'R' at position 0; use"),
        (cdk.Aws.REGION, "is known only at deployment; it must be known at synthesis, so use a literal value"),
    ]
    for prefix, sentence in cases:
        (problem,) = problems_of(stack, prefix=prefix)

        assert sentence in problem


@pytest.mark.parametrize("purpose", ["PULL_THROUGH_CACHE", "REPLICATION", "CREATE_ON_PUSH"])
def test_it_may_be_for_any_purpose(stack: cdk.Stack, purpose: str) -> None:
    make(stack, applied_for=[purpose])

    assert written(stack)["AppliedFor"] == [purpose]


def test_it_may_be_for_several_purposes_in_an_order_of_its_own(stack: cdk.Stack) -> None:
    make(stack, applied_for=("REPLICATION", "PULL_THROUGH_CACHE", "CREATE_ON_PUSH"))

    assert written(stack)["AppliedFor"] == ["CREATE_ON_PUSH", "PULL_THROUGH_CACHE", "REPLICATION"]


def test_unknown_purposes_are_rejected(stack: cdk.Stack) -> None:
    cases: list[tuple[list[str], str]] = [
        ([], "applied_for is empty, so the template is never used; use one of PULL_THROUGH_CACHE, REPLICATION"),
        (["PUSH"], "applied_for: 'PUSH' is unknown; use PULL_THROUGH_CACHE, REPLICATION, CREATE_ON_PUSH"),
        (["REPLICATION", "REPLICATION"], "applied_for contains a purpose twice; remove one"),
        ([cdk.Aws.REGION], "is unknown; use PULL_THROUGH_CACHE"),
    ]
    for applied_for, sentence in cases:
        (problem,) = problems_of(stack, applied_for=applied_for)

        assert sentence in problem


@pytest.mark.parametrize("description", ["", "What teams get", "d" * 256])
def test_a_description_is_written(stack: cdk.Stack, description: str) -> None:
    make(stack, description=description)

    assert written(stack)["Description"] == description


def test_a_description_of_257_characters_is_rejected(stack: cdk.Stack) -> None:
    (problem,) = problems_of(stack, description="d" * 257)

    assert problem == "description has 257 characters; ECR allows 256; shorten it"


def test_a_control_character_in_a_description_is_rejected(stack: cdk.Stack) -> None:
    cases: list[str] = ["\0", "\n", "\x1b", "\x7f", "\x9b", "\ud800"]
    for stray in cases:
        (problem,) = problems_of(stack, description=f"teams{stray}")

        assert problem.startswith(f"description {f'teams{stray}'!r} has {stray!r} at position 5; write it without")


def test_a_description_may_be_known_only_at_deployment(stack: cdk.Stack) -> None:
    make(stack, description=f"{'d' * 250} {cdk.Aws.REGION}")

    assert text_of(written(stack)["Description"]) == f"{'d' * 250} <AWS::Region>"


# --- settings as properties of a template -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("immutability", "mode"),
    [
        (Immutability.all_tags(), "IMMUTABLE"),
        (Immutability.off(), "MUTABLE"),
        (Immutability.all_tags_except("latest", "dev-*"), "IMMUTABLE_WITH_EXCLUSION"),
        (Immutability.only_tags("v*"), "MUTABLE_WITH_EXCLUSION"),
    ],
)
def test_tags_are_mutable_as_in_a_repository(stack: cdk.Stack, immutability: Immutability, mode: str) -> None:
    make(stack, settings=CREATED.but(immutability=immutability))

    assert written(stack)["ImageTagMutability"] == mode
    assert [
        (each["ImageTagMutabilityExclusionFilterType"], each["ImageTagMutabilityExclusionFilterValue"])
        for each in written(stack).get("ImageTagMutabilityExclusionFilters", [])
    ] == [("WILDCARD", text) for text in immutability.filters]


def test_the_lifecycle_policy_is_the_text_that_a_repository_has(stack: cdk.Stack) -> None:
    policy = LifecyclePolicy.of(expire_untagged(keep=7))
    make(stack, settings=CREATED.but(lifecycle=policy))

    assert written(stack)["LifecyclePolicy"] == policy.to_json()


def test_the_default_lifecycle_policy_is_for_mutable_tags(stack: cdk.Stack) -> None:
    make(stack, settings=CREATED.but(immutability=Immutability.off()))

    (rule,) = json.loads(written(stack)["LifecyclePolicy"])["rules"]
    assert (rule["selection"]["countType"], rule["selection"]["countNumber"]) == ("imageCountMoreThan", 100)


def test_no_lifecycle_policy_writes_none(stack: cdk.Stack) -> None:
    make(stack, settings=CREATED.but(lifecycle=LifecyclePolicy.none()))

    assert "LifecyclePolicy" not in written(stack)


def test_the_repository_policy_is_a_json_text_with_the_access(stack: cdk.Stack) -> None:
    make(stack, settings=CREATED.but(access=[Access.organization_pull("o-abc1234567"), Access.account_push(ACCOUNT)]))

    assert [(each["Principal"], len(each["Action"])) for each in repository_policy(stack)] == [
        ({"AWS": "*"}, 3),
        ({"AWS": f"arn:<AWS::Partition>:iam::{ACCOUNT}:root"}, 6),
    ]
    assert repository_policy(stack)[0]["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-abc1234567"}}


def test_a_policy_that_names_nothing_of_the_deployment_is_one_plain_text(stack: cdk.Stack) -> None:
    make(stack, settings=CREATED.but(access=[Access.organization_pull("o-abc1234567")]))

    assert json.loads(written(stack)["RepositoryPolicy"])["Version"] == "2012-10-17"


def test_an_account_known_only_at_deployment_is_in_the_policy_text(stack: cdk.Stack) -> None:
    parameter = cdk.CfnParameter(stack, "Consumer")
    make(stack, settings=CREATED.but(access=[Access.account_pull(parameter.value_as_string)]))

    assert repository_policy(stack)[0]["Principal"] == {"AWS": "arn:<AWS::Partition>:iam::<Consumer>:root"}


def test_no_access_writes_no_repository_policy(stack: cdk.Stack) -> None:
    make(stack)

    assert "RepositoryPolicy" not in written(stack)


def test_a_repository_policy_that_is_too_long_is_rejected(stack: cdk.Stack) -> None:
    accounts = [Access.account_pull(f"{number:012d}") for number in range(400)]
    (problem,) = problems_of(stack, settings=CREATED.but(access=accounts))

    assert "characters; ECR allows 10240, use Access.organization_pull('o-...')" in problem


def test_a_repository_policy_is_measured_as_it_is_written(stack: cdk.Stack) -> None:
    accounts = [f"{number:012d}" for number in range(200)]
    access = [*map(Access.account_pull, accounts), *map(Access.account_push, accounts)]
    (problem,) = problems_of(stack, settings=CREATED.but(access=access))

    assert problem.startswith("the repository policy has 13")


def test_a_long_repository_policy_that_fits_is_written_whole(stack: cdk.Stack) -> None:
    make(stack, settings=CREATED.but(access=[Access.account_pull(f"{number:012d}") for number in range(200)]))

    (statement,) = repository_policy(stack)
    assert len(statement["Principal"]["AWS"]) == 200


def test_resource_tags_are_written_in_an_order_of_their_own(stack: cdk.Stack) -> None:
    make(stack, settings=CREATED.but(resource_tags={"team": "a", "cost": cdk.Aws.REGION}))

    assert written(stack)["ResourceTags"] == [
        {"Key": "cost", "Value": {"Ref": "AWS::Region"}},
        {"Key": "team", "Value": "a"},
    ]


def test_tags_of_a_scope_that_the_repositories_do_not_get_are_noted(app: cdk.App, stack: cdk.Stack) -> None:
    made = make(stack, settings=CREATED.but(resource_tags={"team": "payments"}))
    cdk.Tags.of(app).add("team", "payments")
    cdk.Tags.of(app).add("owner", "shop")
    cdk.Tags.of(stack).add("cost-center", "7")
    cdk.Tags.of(stack).add("topic", "x", include_resource_types=["AWS::SNS::Topic"])
    cdk.Tags.of(stack).add("of-repositories", "x", exclude_resource_types=["AWS::ECR::Repository"])
    cdk.Tags.of(stack).remove("owner")

    app.synth()
    notes = [str(each.data) for each in made.resource.node.metadata if each.type == "aws:cdk:info"]
    expected = (
        "Tags.of(...) adds 'cost-center' to the resources of the app, and not to the repositories that ECR creates "
        "with this template; use settings=CREATED.but(resource_tags={'cost-center': ...}) "
        "[ack: ecr-constructs:inheritedTagsAreNotUsed]"
    )
    assert notes == [expected]


def test_without_tags_of_a_scope_nothing_is_noted(stack: cdk.Stack) -> None:
    make(stack)

    assert Annotations.from_stack(stack).find_info("*", Match.string_like_regexp("Tags.of")) == []


def test_the_default_of_ecr_writes_no_encryption(stack: cdk.Stack) -> None:
    make(stack)

    assert "EncryptionConfiguration" not in written(stack)


def test_the_shared_key_is_the_key_of_the_stack_by_its_arn(stack: cdk.Stack) -> None:
    make(stack, settings=HARDENED)

    (key,) = resources(stack, KEY)
    assert written(stack)["EncryptionConfiguration"] == {
        "EncryptionType": "KMS",
        "KmsKey": {"Fn::GetAtt": [key, "Arn"]},
    }


def test_a_customer_managed_key_is_rendered_with_its_complete_arn(stack: cdk.Stack) -> None:
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    make(stack, settings=CREATED.but(encryption=Encryption.customer_key(key)))

    assert written(stack)["EncryptionConfiguration"] == {"EncryptionType": "KMS", "KmsKey": KEY_ARN}


def test_the_template_does_not_name_the_aws_managed_key(stack: cdk.Stack) -> None:
    make(stack, settings=ENCRYPTED)

    assert written(stack)["EncryptionConfiguration"] == {"EncryptionType": "KMS"}


def test_two_layers_are_written(stack: cdk.Stack) -> None:
    make(stack, settings=CREATED.but(encryption=Encryption.dual_layer()))

    assert written(stack)["EncryptionConfiguration"] == {"EncryptionType": "KMS_DSSE"}


# --- settings that a template does not support ------------------------------------------------------------------------


def test_a_removal_policy_is_rejected_and_not_ignored(stack: cdk.Stack) -> None:
    (problem,) = problems_of(stack, settings=EPHEMERAL)

    assert problem == (
        "settings: removal_policy=RemovalPolicy.DESTROY and empty_on_delete=True cannot be written in a creation "
        "template: ECR creates these repositories outside a stack; "
        "use settings.but(removal_policy=RemovalPolicy.RETAIN, empty_on_delete=False)"
    )


def test_disabled_scanning_on_push_is_rejected_and_not_ignored(stack: cdk.Stack) -> None:
    (problem,) = problems_of(stack, settings=CREATED.but(scan_on_push=False))

    assert problem.startswith("settings: scan_on_push=False cannot be written in a creation template: the scanning")


@pytest.mark.parametrize("how", ["named", "arn", "made"])
def test_an_alias_given_as_a_key_is_rejected(here: cdk.Stack, how: str) -> None:
    keys: dict[str, Callable[[], kms.IKey]] = {
        "named": lambda: kms.Alias.from_alias_name(here, "Alias", "alias/ours"),
        "arn": lambda: kms.Key.from_key_arn(here, "Alias", KEY_ARN.replace(":key/", ":alias/")),
        "made": lambda: kms.Alias(here, "Alias", alias_name="alias/ours", target_key=kms.Key(here, "Key")),
    }
    (problem,) = problems_of(here, settings=CREATED.but(encryption=Encryption.customer_key(keys[how]())))

    assert "is not a key ARN, which a template requires; use 'arn:aws:kms:...:key/...'" in problem


def test_an_alias_is_rejected_in_an_unknown_environment(stack: cdk.Stack) -> None:
    alias = kms.Alias.from_alias_name(stack, "Alias", "alias/ours")
    (problem,) = problems_of(stack, settings=CREATED.but(encryption=Encryption.dual_layer(alias)))

    assert "alias/ours' is not a key ARN" in problem


def test_a_key_whose_arn_is_known_only_at_deployment_is_accepted(stack: cdk.Stack) -> None:
    arn = cdk.CfnParameter(stack, "KeyArn").value_as_string
    key = kms.Key.from_key_arn(stack, "Key", arn)
    make(stack, settings=CREATED.but(encryption=Encryption.customer_key(key)))

    assert written(stack)["EncryptionConfiguration"]["KmsKey"] == {"Ref": "KeyArn"}


def test_a_key_in_an_unknown_region_is_accepted(stack: cdk.Stack) -> None:
    key = kms.Key.from_key_arn(stack, "Key", stack.format_arn(service="kms", resource="key", resource_name="1234"))
    make(stack, settings=CREATED.but(encryption=Encryption.customer_key(key)))

    assert text_of(written(stack)["EncryptionConfiguration"]["KmsKey"]).endswith(":key/1234")


def test_a_key_of_another_region_is_rejected(here: cdk.Stack) -> None:
    key = kms.Key.from_key_arn(here, "Key", KEY_ARN.replace("eu-west-1", "eu-central-1"))
    (problem,) = problems_of(here, settings=CREATED.but(encryption=Encryption.customer_key(key)))

    assert problem.startswith("the key is in Region 'eu-central-1'")


def test_every_problem_is_reported_at_once(here: cdk.Stack) -> None:
    path = iam.Role(here, "Role", assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"), path="/ecr/")
    problems = problems_of(
        here,
        prefix="Teams",
        applied_for=["PUSH"],
        description="d" * 300,
        role=path,
        settings=EPHEMERAL.but(scan_on_push=False),
    )

    assert [re.split(r";| is | has | cannot ", problem)[0] for problem in problems] == [
        "template prefix 'Teams'",
        "settings: scan_on_push=False",
        "settings: removal_policy=RemovalPolicy.DESTROY and empty_on_delete=True",
        "role: path '/ecr/'",
        "applied_for: 'PUSH'",
        "description",
    ]


# --- the role ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [TAGGED, ENCRYPTED, HARDENED, CREATED.but(encryption=Encryption.dual_layer())],
    ids=["tags", "AWS managed key", "shared key", "two layers"],
)
def test_kms_and_resource_tags_bring_the_role(stack: cdk.Stack, settings: RepositorySettings) -> None:
    made = make(stack, settings=settings)

    (role,) = resources(stack, ROLE)
    assert written(stack)["CustomRoleArn"] == {"Fn::GetAtt": [role, "Arn"]}
    assert made.role is not None


@pytest.mark.parametrize(
    "settings",
    [
        CREATED,
        CREATED.but(access=[Access.account_pull(OTHER_ACCOUNT)]),
        CREATED.but(immutability=Immutability.off(), lifecycle=LifecyclePolicy.none()),
    ],
    ids=["nothing", "access", "tags that move"],
)
def test_nothing_else_brings_a_role(stack: cdk.Stack, settings: RepositorySettings) -> None:
    make(stack, settings=settings)

    assert "CustomRoleArn" not in written(stack)
    assert resources(stack, ROLE) == resources(stack, POLICY) == {}


def test_the_role_trusts_only_ecr_and_has_no_path(stack: cdk.Stack) -> None:
    make(stack, settings=TAGGED)

    (role,) = resources(stack, ROLE).values()
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {
        "Action": "sts:AssumeRole",
        "Effect": "Allow",
        "Principal": {"Service": "ecr.amazonaws.com"},
    }
    assert "Path" not in role["Properties"]


def test_the_role_makes_and_tags_the_repositories_under_the_prefix_and_no_others(here: cdk.Stack) -> None:
    make(here, settings=TAGGED)

    assert role_statements(here) == [
        {
            "Effect": "Allow",
            "Action": ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"],
            "Resource": f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/teams/*",
        }
    ]


def test_the_role_for_root_makes_every_repository(here: cdk.Stack) -> None:
    make(here, prefix=ROOT, settings=TAGGED)

    assert [each["Resource"] for each in role_statements(here)] == [f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/*"]


def test_the_role_may_have_ecr_use_the_key_and_no_other(here: cdk.Stack) -> None:
    make(here, settings=HARDENED)

    (key,) = resources(here, KEY)
    _, of_key = role_statements(here)
    condition = of_key["Condition"]["StringEquals"]
    assert (of_key["Effect"], of_key["Action"], of_key["Resource"]) == (
        "Allow",
        ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
        {"Fn::GetAtt": [key, "Arn"]},
    )
    assert {name: text_of(value) for name, value in condition.items()} == {
        "kms:ViaService": "ecr.eu-west-1.<AWS::URLSuffix>"
    }


def test_the_role_may_have_ecr_use_a_given_key(here: cdk.Stack) -> None:
    key = kms.Key.from_key_arn(here, "Key", KEY_ARN)
    make(here, settings=CREATED.but(encryption=Encryption.customer_key(key)))

    assert role_statements(here)[1]["Resource"] == KEY_ARN


def test_the_role_may_use_any_key_through_ecr_for_an_aws_managed_key(here: cdk.Stack) -> None:
    make(here, settings=ENCRYPTED)

    assert role_statements(here)[1]["Resource"] == f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/*"


def test_tags_without_a_key_add_no_statement_for_keys(here: cdk.Stack) -> None:
    make(here, settings=TAGGED)

    assert "kms:" not in str(role_statements(here))


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_partition_and_host_are_those_of_the_deployment(
    stack_in: Callable[[str], cdk.Stack], region: str, partition: str
) -> None:
    stack = stack_in(region)
    make(stack, settings=ENCRYPTED.but(access=[Access.account_pull(OTHER_ACCOUNT)]))

    of_repositories, of_key = role_statements(stack)
    assert text_of(of_repositories["Resource"]).startswith((f"arn:{partition}:ecr:{region}:", "arn:<AWS::Partition>:"))
    assert text_of(of_key["Condition"]["StringEquals"]["kms:ViaService"]) == f"ecr.{region}.<AWS::URLSuffix>"
    assert "arn:aws:" not in json.dumps(template(stack))


def test_the_template_depends_on_the_policy_of_its_role(stack: cdk.Stack) -> None:
    make(stack, settings=TAGGED)

    (found,) = resources(stack, TEMPLATE).values()
    assert found["DependsOn"] == list(resources(stack, POLICY))


def test_a_given_role_is_used_and_has_the_required_permissions(here: cdk.Stack) -> None:
    role = iam.Role(here, "Mine", assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"))
    made = make(here, settings=ENCRYPTED, role=role)

    assert made.role is role
    assert len(resources(here, ROLE)) == 1
    assert [len(each["Action"]) for each in role_statements(here)] == [3, 3]


def test_a_given_role_is_used_and_may_create_repositories(here: cdk.Stack) -> None:
    role = iam.Role(here, "Mine", assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"))
    make(here, role=role)

    (mine,) = resources(here, ROLE)
    (statement,) = role_statements(here)
    assert written(here)["CustomRoleArn"] == {"Fn::GetAtt": [mine, "Arn"]}
    assert "ecr:CreateRepository" in statement["Action"]


def test_an_imported_role_is_used_and_has_the_required_permissions(here: cdk.Stack) -> None:
    make(here, settings=TAGGED, role=iam.Role.from_role_arn(here, "Mine", ROLE_ARN))

    (policy,) = resources(here, POLICY)
    (found,) = resources(here, TEMPLATE).values()
    assert written(here)["CustomRoleArn"] == ROLE_ARN
    assert len(role_statements(here)) == 1
    assert found["DependsOn"] == [policy]
    assert resources(here, ROLE) == {}


def test_an_imported_role_that_is_not_mutable_is_used_without_changes(here: cdk.Stack) -> None:
    make(here, settings=TAGGED, role=iam.Role.from_role_arn(here, "Mine", ROLE_ARN, mutable=False))

    assert written(here)["CustomRoleArn"] == ROLE_ARN
    assert resources(here, POLICY) == {}


def test_a_role_imported_by_its_name_is_used(stack: cdk.Stack) -> None:
    make(stack, settings=TAGGED, role=iam.Role.from_role_name(stack, "Mine", "ecr-creates"))

    assert text_of(written(stack)["CustomRoleArn"]) == "arn:<AWS::Partition>:iam::<AWS::AccountId>:role/ecr-creates"


def test_a_role_whose_arn_is_known_only_at_deployment_is_used(stack: cdk.Stack) -> None:
    arn = cdk.CfnParameter(stack, "RoleArn").value_as_string
    make(stack, settings=TAGGED, role=iam.Role.from_role_arn(stack, "Mine", arn))

    assert written(stack)["CustomRoleArn"] == {"Ref": "RoleArn"}


@pytest.mark.parametrize("path", ["/ecr/", "/a/b/"])
def test_a_role_with_a_path_is_rejected(stack: cdk.Stack, path: str) -> None:
    role = iam.Role(stack, "Mine", assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"), path=path)
    (problem,) = problems_of(stack, role=role)

    assert problem == (
        f"role: path {path!r} is rejected by CloudFormation, which accepts no path here; use a role without one"
    )


def test_the_path_of_every_role_is_none(stack: cdk.Stack) -> None:
    make(stack, role=iam.Role(stack, "Mine", assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"), path="/"))

    assert len(resources(stack, TEMPLATE)) == 1


@pytest.mark.parametrize("by", ["arn", "name"])
def test_an_imported_role_with_a_path_is_rejected(stack: cdk.Stack, by: str) -> None:
    role = (
        iam.Role.from_role_arn(stack, "Mine", ROLE_ARN.replace("role/", "role/ecr/"))
        if by == "arn"
        else iam.Role.from_role_name(stack, "Mine", "ecr/ecr-creates")
    )
    (problem,) = problems_of(stack, role=role)

    assert "role/ecr/ecr-creates' is rejected by CloudFormation, which accepts no path here" in problem


def test_a_role_of_another_account_is_rejected(here: cdk.Stack) -> None:
    role = iam.Role.from_role_arn(here, "Mine", ROLE_ARN.replace(ACCOUNT, OTHER_ACCOUNT))
    (problem,) = problems_of(here, role=role)

    assert problem == (
        f"role: it is of account {OTHER_ACCOUNT}, and the registry of {ACCOUNT}; "
        "ECR assumes roles of its own account only"
    )


# --- one template for a prefix ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("again", ["teams", "teams/", Namespace("teams")])
def test_a_second_template_for_a_prefix_is_rejected_with_the_path_of_the_first(stack: cdk.Stack, again: Any) -> None:
    make(stack)
    (problem,) = problems_of(stack, id="Again", prefix=again, applied_for=["REPLICATION"])

    assert problem == (
        "prefix 'teams' is that of the template Containers/Teams in this account and Region, and each prefix has one "
        "template; add the purpose to applied_for= of that template, or use another prefix"
    )


def test_a_longer_prefix_is_another(stack: cdk.Stack) -> None:
    make(stack)
    make(stack, "Platform", prefix="teams/platform")
    make(stack, "Rest", prefix=ROOT)

    assert len(resources(stack, TEMPLATE)) == 3


# --- location ---------------------------------------------------------------------------------------------------------


def test_a_value_of_the_wrong_kind_is_a_type_error(stack: cdk.Stack) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"prefix": 42}, "prefix must be a string, a Namespace, a TemplatePrefix or a CachePrefix such as"),
        ({"prefix": None}, "prefix must be a string, a Namespace"),
        ({"applied_for": "REPLICATION"}, r"applied_for must be a list such as \['CREATE_ON_PUSH'\], got 'REPLICATION'"),
        ({"applied_for": None}, "applied_for must be a list"),
        ({"applied_for": [1]}, r"applied_for\[0\] must be a string, got 1"),
        ({"settings": None}, "settings must be RepositorySettings such as CREATED, got None"),
        ({"description": 1}, "description must be a string such as .*, got 1"),
        ({"role": ROLE_ARN}, r"role must be an iam.Role such as iam.Role.from_role_arn\(scope, id, arn\), got 'arn:"),
        ({"role": iam.Role}, "role must be an iam.Role"),
        ({"role": iam.ServicePrincipal("ecr.amazonaws.com")}, "role must be an iam.Role"),
        ({"id": 1}, "id must be a string"),
    ]
    for options, sentence in cases:
        with pytest.raises(TypeError, match=sentence):
            make(stack, **options)

        assert stack.node.children == []


# --- with the registry ------------------------------------------------------------------------------------------------


def creators(stack: cdk.Stack) -> list[str]:
    """Return the principals that the registry policy allows to create repositories."""
    (policy,) = resources(stack, "AWS::ECR::RegistryPolicy").values()
    (denial,) = policy["Properties"]["PolicyText"]["Statement"]
    return [
        ".".join(each["Fn::GetAtt"]) if "Fn::GetAtt" in each else text_of(each)
        for each in denial["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
    ]


@pytest.mark.parametrize("first", ["denial", "template"])
def test_its_role_is_excepted_from_the_denial_of_the_registry(here: cdk.Stack, first: str) -> None:
    registry = PrivateRegistry(here, "Registry")
    if first == "template":
        make(here, settings=TAGGED)
    registry.deny_repository_creation(except_for=[f"arn:aws:iam::{ACCOUNT}:role/deployer"])
    if first == "denial":
        make(here, settings=TAGGED)

    (role,) = resources(here, ROLE)
    assert f"{role}.Arn" in creators(here)


def test_a_template_without_a_role_changes_nothing_about_the_denial(here: cdk.Stack) -> None:
    registry = PrivateRegistry(here, "Registry")
    registry.deny_repository_creation(except_for=[f"arn:aws:iam::{ACCOUNT}:role/deployer"])
    make(here)

    assert len(creators(here)) == 2


def test_a_registry_that_denies_nothing_gets_no_policy_from_a_template(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry")
    make(here, settings=TAGGED)

    assert resources(here, "AWS::ECR::RegistryPolicy") == {}


@pytest.mark.parametrize(
    "scanning",
    [Scanning.enhanced(), Scanning.enhanced(continuous=[Namespace("teams")]), None],
    ids=["all", "these", "unknown"],
)
def test_repositories_whose_scanning_is_unknown_have_no_warning(here: cdk.Stack, scanning: Scanning | None) -> None:
    PrivateRegistry(here, "Registry", scanning=scanning)
    make(here)

    assert_no_warning(here)


def test_repositories_that_the_registry_does_not_scan_have_a_warning(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry", scanning=Scanning.enhanced(continuous=[Namespace("prod")]))
    make(here)

    assert_warned(here, "the registry scans no repository under 'teams', .* add it to the filters of PrivateRegistry")


# --- annotations ------------------------------------------------------------------------------------------------------


def test_the_defaults_have_no_warning(stack: cdk.Stack) -> None:
    make(stack)

    assert_no_warning(stack)


def test_deletion_of_untagged_images_by_age_with_mutable_tags_is_a_warning(stack: cdk.Stack) -> None:
    by_age = LifecyclePolicy.of(expire_untagged(after_days=1))
    make(stack, settings=CREATED.but(immutability=Immutability.off(), lifecycle=by_age))

    text = r"use expire_untagged.keep=\.\.\...*ecr-constructs:untaggedAgeCountsFromPush"
    Annotations.from_stack(stack).has_warning("/Containers/Teams/Resource", Match.string_like_regexp(text))


def test_two_layers_outside_govcloud_have_a_warning_as_in_a_repository(here: cdk.Stack) -> None:
    make(here, settings=CREATED.but(encryption=Encryption.dual_layer()))

    assert_warned(here, "is documented for the GovCloud Regions only.*ecr-constructs:dualLayerRegion")
