"""Roles that ECR assumes: their trust policies, and roles to which nothing can be added."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs import (
    Access,
    CreationTemplate,
    Encryption,
    HardenedRepository,
    InvalidRegistry,
    PrivateRegistry,
    PullThroughCache,
    Upstream,
)
from ecr_constructs.repository.settings import CACHED, CREATED
from tests.registries import warnings
from tests.templates import ACCOUNT, OTHER_ACCOUNT, new_stack, resources

ROLE = "AWS::IAM::Role"
TAGGED = {"made-by": "ecr"}
OURS = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
PARTNER = Upstream.ecr(account=OTHER_ACCOUNT, region="eu-west-1")


def template(scope: Construct, **options: Any) -> CreationTemplate:
    settings = CREATED.but(resource_tags=TAGGED)
    needed = {"prefix": "teams", "applied_for": ["CREATE_ON_PUSH"], "settings": settings}
    return CreationTemplate(scope, "It", **{**needed, **options})


def cache(scope: Construct, **options: Any) -> PullThroughCache:
    return PullThroughCache(scope, "It", **{"upstream": PARTNER, **options})


# Each construct that ECR assumes a role for, and the service principal that AWS documents for it.
Make = Callable[..., Construct]
SERVICES: Mapping[Make, str] = {template: "ecr.amazonaws.com", cache: "pullthroughcache.ecr.amazonaws.com"}
each_construct = pytest.mark.parametrize("make", SERVICES)


@pytest.fixture
def here(stack_in: Callable[[str], cdk.Stack]) -> cdk.Stack:
    return stack_in("eu-west-1")


def service_role(scope: Construct, service: str, **options: Any) -> iam.Role:
    return iam.Role(scope, "Mine", assumed_by=iam.ServicePrincipal(service), **options)


def trusts(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return the trust policy statements of all roles of a stack."""
    documents = [role["Properties"]["AssumeRolePolicyDocument"] for role in resources(stack, ROLE).values()]
    return [statement for document in documents for statement in document["Statement"]]


def assert_refused(app: cdk.App, sentence: str) -> None:
    with pytest.raises(RuntimeError, match=sentence):
        app.synth()


# --- conditions of the trust policy of a role that is created ---------------------------------------------------------


@each_construct
def test_by_default_the_trust_policy_has_no_condition_as_on_the_page_of_aws(here: cdk.Stack, make: Make) -> None:
    make(here)

    assert trusts(here) == [
        {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": SERVICES[make]}},
    ]


@each_construct
def test_conditions_of_the_trust_policy_are_rendered(here: cdk.Stack, make: Make) -> None:
    make(here, trust_conditions=OURS)

    (trust,) = trusts(here)
    assert trust["Condition"] == OURS


@each_construct
def test_a_condition_may_be_known_only_at_deployment(stack: cdk.Stack, make: Make) -> None:
    make(stack, trust_conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}})

    (trust,) = trusts(stack)
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_conditions_of_a_cache_are_in_the_role_of_its_template_too(here: cdk.Stack) -> None:
    cache(here, settings=CACHED.but(encryption=Encryption.aws_managed_key()), trust_conditions=OURS)

    assert [(each["Principal"]["Service"], each["Condition"]) for each in trusts(here)] == [
        ("ecr.amazonaws.com", OURS),
        ("pullthroughcache.ecr.amazonaws.com", OURS),
    ]


def test_conditions_of_a_cache_are_in_the_role_of_its_template_if_there_is_no_other(here: cdk.Stack) -> None:
    settings = CACHED.but(resource_tags=TAGGED)
    cache(here, upstream=Upstream.quay(), settings=settings, trust_conditions=OURS)

    assert [each["Principal"]["Service"] for each in trusts(here)] == ["ecr.amazonaws.com"]


@each_construct
def test_conditions_with_a_given_role_are_rejected(here: cdk.Stack, make: Make) -> None:
    with pytest.raises(InvalidRegistry, match="for a role that is created, and role= is given; add them to that role"):
        make(here, role=service_role(here, SERVICES[make]), trust_conditions=OURS)


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (template, {"settings": CREATED}),
        (cache, {"upstream": Upstream.quay()}),
        (cache, {"upstream": Upstream.ecr(account=ACCOUNT, region="us-east-1")}),
    ],
)
def test_conditions_where_no_role_is_created_are_rejected(here: cdk.Stack, make: Make, options: Any) -> None:
    with pytest.raises(InvalidRegistry, match="trust_conditions: no role is created with these settings; remove"):
        make(here, trust_conditions=OURS, **options)


@each_construct
def test_invalid_conditions_are_rejected_before_anything_is_added(here: cdk.Stack, make: Make) -> None:
    with pytest.raises(InvalidRegistry, match="'Equals' is not a condition operator of IAM") as refused:
        make(here, trust_conditions={"Equals": {"aws:SourceAccount": ACCOUNT}})

    assert refused.value.path == f"{here.node.path}/It"
    assert here.node.children == []


@each_construct
def test_conditions_of_the_wrong_kind_are_a_type_error(here: cdk.Stack, make: Make) -> None:
    with pytest.raises(TypeError, match="trust_conditions must be a mapping such as"):
        make(here, trust_conditions="aws:SourceAccount")


# --- the trust policy of a given role ---------------------------------------------------------------------------------


@each_construct
def test_a_role_that_another_service_assumes_is_rejected_when_the_app_synthesizes(
    app: cdk.App, here: cdk.Stack, make: Make
) -> None:
    make(here, role=service_role(here, "ec2.amazonaws.com"))

    assert_refused(
        app, f"{here.node.path}/It.*role: its trust policy allows .* to ec2.amazonaws.com and not to {SERVICES[make]}"
    )


def test_a_role_for_caches_is_rejected_by_a_template_and_the_other_way_round(app: cdk.App, here: cdk.Stack) -> None:
    template(here, role=service_role(here, SERVICES[cache]))

    assert_refused(app, "not to ecr.amazonaws.com; create it with assumed_by=iam.ServicePrincipal")


@each_construct
def test_statements_that_are_added_later_are_read(here: cdk.Stack, make: Make) -> None:
    role = service_role(here, "ec2.amazonaws.com")
    make(here, role=role)
    principal = iam.ServicePrincipal(SERVICES[make])
    assert role.assume_role_policy is not None
    role.assume_role_policy.add_statements(iam.PolicyStatement(actions=["sts:*"], principals=[principal]))

    assert len(trusts(here)) == 2


@each_construct
@pytest.mark.parametrize(
    "principal",
    [
        lambda service: iam.ServicePrincipal(service, region="eu-west-1"),
        lambda service: iam.CompositePrincipal(iam.AccountRootPrincipal(), iam.ServicePrincipal(service)),
        lambda service: iam.PrincipalWithConditions(iam.ServicePrincipal(service), OURS),
        lambda service: iam.ServicePrincipal(service, conditions=OURS).with_session_tags(),
        lambda service: iam.ServicePrincipal(f"{service[:-1]}{cdk.Aws.STACK_NAME}"),
    ],
    ids=["region", "composite", "conditions", "session tags", "token"],
)
def test_a_role_that_ecr_can_assume_is_accepted(
    app: cdk.App, here: cdk.Stack, make: Make, principal: Callable[[str], iam.IPrincipal]
) -> None:
    make(here, role=iam.Role(here, "Mine", assumed_by=principal(SERVICES[make])))

    app.synth()


@each_construct
def test_a_role_with_external_ids_is_rejected(app: cdk.App, here: cdk.Stack, make: Make) -> None:
    make(here, role=service_role(here, SERVICES[make], external_ids=["x"]))

    assert_refused(app, f"requires an external ID, and {SERVICES[make]} sends none")


@each_construct
def test_a_role_of_another_stack_is_read(app: cdk.App, here: cdk.Stack, make: Make) -> None:
    role = service_role(new_stack(app, "Roles", region="eu-west-1"), "ec2.amazonaws.com")
    make(here, role=role)

    assert_refused(app, "to ec2.amazonaws.com and not to")


@each_construct
def test_a_role_without_policy_updates_is_read(app: cdk.App, here: cdk.Stack, make: Make) -> None:
    make(here, role=service_role(here, "ec2.amazonaws.com").without_policy_updates())

    assert_refused(app, "to ec2.amazonaws.com and not to")


@each_construct
def test_a_lazy_role_is_read(app: cdk.App, here: cdk.Stack, make: Make) -> None:
    make(here, role=iam.LazyRole(here, "Mine", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com")))

    assert_refused(app, "to ec2.amazonaws.com and not to")


@each_construct
def test_a_lazy_role_with_a_path_is_rejected(here: cdk.Stack, make: Make) -> None:
    role = iam.LazyRole(here, "Mine", assumed_by=iam.ServicePrincipal(SERVICES[make]), path="/team/")

    with pytest.raises(InvalidRegistry, match="role: path '/team/' is rejected by CloudFormation"):
        make(here, role=role)


@each_construct
def test_an_imported_role_cannot_be_read_and_is_accepted(app: cdk.App, here: cdk.Stack, make: Make) -> None:
    make(here, role=iam.Role.from_role_arn(here, "Mine", f"arn:aws:iam::{ACCOUNT}:role/any"))

    app.synth()


@each_construct
@pytest.mark.parametrize("created", [True, False])
def test_a_path_that_an_aspect_adds_to_the_role_is_rejected(
    app: cdk.App, here: cdk.Stack, make: Make, *, created: bool
) -> None:
    made: Any = make(here, role=None if created else service_role(here, SERVICES[make]))
    made.role.node.default_child.path = "/team/"

    assert_refused(app, "role: path '/team/' is rejected by CloudFormation, which accepts no path here")


@each_construct
def test_a_source_of_another_account_in_the_trust_policy_has_a_warning(here: cdk.Stack, make: Make) -> None:
    make(here, trust_conditions={"StringEquals": {"aws:SourceAccount": OTHER_ACCOUNT}})
    resources(here, ROLE)

    (warning,) = warnings(here)
    assert f"requires {OTHER_ACCOUNT} as source, and the registry is of account {ACCOUNT}; use that" in warning
    assert "ecr-constructs:roleTrustsAnotherSource" in warning


@each_construct
def test_the_source_of_the_own_account_is_not(here: cdk.Stack, make: Make) -> None:
    make(here, trust_conditions=OURS)
    resources(here, ROLE)

    assert warnings(here) == []


# --- roles to which nothing can be added ------------------------------------------------------------------------------


def imported(scope: Construct, account: str = ACCOUNT, **options: Any) -> iam.IRole:
    return iam.Role.from_role_arn(scope, "Imported", f"arn:aws:iam::{account}:role/any", **options)


def not_updated(stack: cdk.Stack) -> list[str]:
    """Return the warnings of an app about permissions that are in no policy."""
    resources(stack, ROLE)
    return [text for text in warnings(stack) if "ecr-constructs:roleIsNotUpdated" in text]


def statements_in(warning: str) -> list[dict[str, Any]]:
    return list(json.loads(warning.partition("add these statements to it: ")[2].partition(" [ack")[0]))


@each_construct
def test_an_immutable_role_has_a_warning_with_the_statements(here: cdk.Stack, make: Make) -> None:
    make(here, role=imported(here, mutable=False))

    (warning,) = not_updated(here)
    assert "no permissions are added to the role arn:aws:iam::111122223333:role/any, because the CDK" in warning
    assert [each["Effect"] for each in statements_in(warning)] == ["Allow"] * len(statements_in(warning))


def test_the_statements_for_a_template_are_complete(here: cdk.Stack) -> None:
    template(here, role=imported(here, mutable=False), settings=CREATED.but(encryption=Encryption.aws_managed_key()))

    assert statements_in(not_updated(here)[0]) == [
        {
            "Action": ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"],
            "Effect": "Allow",
            "Resource": f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/teams/*",
        },
        {
            "Action": ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
            "Condition": {"StringEquals": {"kms:ViaService": "ecr.eu-west-1.${AWS::URLSuffix}"}},
            "Effect": "Allow",
            "Resource": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/*",
        },
    ]


def test_the_statements_for_a_cache_are_complete(here: cdk.Stack) -> None:
    cache(here, role=imported(here, mutable=False))

    copy, login = statements_in(not_updated(here)[0])
    assert len(copy["Resource"]) == 2
    assert login == {"Action": "ecr:GetAuthorizationToken", "Effect": "Allow", "Resource": "*"}


@each_construct
def test_a_role_without_policy_updates_has_a_warning(here: cdk.Stack, make: Make) -> None:
    make(here, role=service_role(here, SERVICES[make]).without_policy_updates())

    (warning,) = not_updated(here)
    assert "no permissions are added to the role ${Mine" in warning


@each_construct
def test_an_immutable_role_whose_grants_are_for_resources_has_a_warning(here: cdk.Stack, make: Make) -> None:
    make(here, role=imported(here, mutable=False, add_grants_to_resources=True))

    assert len(not_updated(here)) == 1


@each_construct
@pytest.mark.parametrize("kind", ["own", "imported", "lazy", "created"])
def test_a_role_with_a_policy_has_no_warning(here: cdk.Stack, make: Make, kind: str) -> None:
    principal = iam.ServicePrincipal(SERVICES[make])
    roles: Mapping[str, Callable[[], iam.IRole | None]] = {
        "own": lambda: service_role(here, SERVICES[make]),
        "imported": lambda: imported(here),
        "lazy": lambda: iam.LazyRole(here, "Mine", assumed_by=principal),
        "created": lambda: None,
    }
    make(here, role=roles[kind]())

    assert not_updated(here) == []


@each_construct
def test_the_warning_can_be_acknowledged(here: cdk.Stack, make: Make) -> None:
    made = make(here, role=imported(here, mutable=False))
    cdk.Annotations.of(made).acknowledge_warning("ecr-constructs:roleIsNotUpdated", "the platform team adds them")

    assert not_updated(here) == []


GRANTEES: Mapping[str, Callable[[cdk.Stack], iam.IGrantable]] = {
    "immutable": lambda here: imported(here, mutable=False),
    "immutable with a condition": lambda here: iam.PrincipalWithConditions(imported(here, mutable=False), OURS),
    "without policy updates": lambda here: service_role(here, "ec2.amazonaws.com").without_policy_updates(),
    "another account": lambda here: imported(here, OTHER_ACCOUNT),
    "a user of another account": lambda here: iam.User.from_user_arn(here, "U", f"arn:aws:iam::{OTHER_ACCOUNT}:user/a"),
}


@pytest.mark.parametrize("grantee", GRANTEES)
def test_a_grant_of_a_cache_that_is_in_no_policy_has_a_warning(here: cdk.Stack, grantee: str) -> None:
    PrivateRegistry(here, "Registry")
    made = PullThroughCache(here, "It", upstream=Upstream.quay(), consumers=[Access.account_pull(OTHER_ACCOUNT)])

    assert made.grant_pull(GRANTEES[grantee](here)).success
    pull, login = statements_in(not_updated(here)[0])
    assert (len(pull["Action"]), login["Action"]) == (5, "ecr:GetAuthorizationToken")


@pytest.mark.parametrize("grantee", sorted(set(GRANTEES) - {"a user of another account"}))
@pytest.mark.parametrize("name", ["grant_pull", "grant_push", "grant_pull_push", "grant_read", "grant"])
def test_a_grant_of_a_repository_that_is_in_no_policy_has_a_warning(here: cdk.Stack, grantee: str, name: str) -> None:
    repository = HardenedRepository(here, "It", encryption=Encryption.aes256())
    actions = ["ecr:DescribeImages"] if name == "grant" else []

    assert getattr(repository, name)(GRANTEES[grantee](here), *actions).success
    granted, *login = statements_in(not_updated(here)[0])
    assert granted["Resource"].startswith("${It")
    assert [each["Action"] for each in login] == (["ecr:GetAuthorizationToken"] if "pu" in name else [])


MUTABLE: Mapping[str, Callable[[cdk.Stack], iam.IGrantable]] = {
    "a role": lambda here: service_role(here, "ec2.amazonaws.com"),
    "an imported role": imported,
    "a lazy role": lambda here: iam.LazyRole(here, "Mine", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com")),
    "a role with a condition": lambda here: iam.PrincipalWithConditions(service_role(here, "a.amazonaws.com"), OURS),
    "a user": lambda here: iam.User(here, "Mine"),
    "a group": lambda here: iam.Group(here, "Mine"),
}


@pytest.mark.parametrize("grantee", MUTABLE)
def test_a_grant_that_is_in_a_policy_has_no_warning(here: cdk.Stack, grantee: str) -> None:
    principal = MUTABLE[grantee](here)
    PullThroughCache(here, "Cache", upstream=Upstream.quay()).grant_pull(principal)
    if grantee != "a group":
        HardenedRepository(here, "Api").grant_pull(principal)

    assert not_updated(here) == []


@pytest.mark.parametrize(
    "principal",
    [
        iam.AccountPrincipal(OTHER_ACCOUNT),
        iam.AccountPrincipal(OTHER_ACCOUNT).with_conditions(OURS),
        iam.ServicePrincipal("lambda.amazonaws.com"),
    ],
    ids=["account", "account with a condition", "service"],
)
def test_a_principal_that_is_in_the_repository_policy_has_no_warning(
    here: cdk.Stack, principal: iam.IPrincipal
) -> None:
    HardenedRepository(here, "Api").grant_pull(principal)

    assert not_updated(here) == []


def test_a_role_of_another_account_that_is_imported_there_has_no_warning(app: cdk.App, here: cdk.Stack) -> None:
    there = new_stack(app, "There", region="eu-west-1", account=OTHER_ACCOUNT)
    cdk.CfnWaitConditionHandle(there, "Something")
    HardenedRepository(here, "Api", repository_name="api").grant_pull(imported(there, OTHER_ACCOUNT))

    assert not_updated(here) == []


def test_the_cdk_itself_warns_about_an_unknown_principal(here: cdk.Stack) -> None:
    principal = iam.UnknownPrincipal(resource=here)
    PullThroughCache(here, "Cache", upstream=Upstream.quay()).grant_pull(principal)

    assert not_updated(here) == []
    assert all("unknownPrincipalAddStatementToRole" in text for text in warnings(here))


@each_construct
def test_a_role_that_exists_before_the_app_is_accepted(app: cdk.App, make: Make) -> None:
    iam.Role.customize_roles(app, use_precreated_roles={"Containers/It/Role": "made-by-the-platform-team"})
    here = new_stack(app, "Containers", region="eu-west-1")
    make(here)

    assert not_updated(here) == []


# --- roles that are looked up -----------------------------------------------------------------------------------------


@each_construct
def test_a_role_is_accepted_before_it_is_looked_up(make: Make, here: cdk.Stack) -> None:
    make(here, role=iam.Role.from_lookup(here, "Mine", role_name="ecr"))


def test_a_grant_to_a_role_is_accepted_before_the_role_is_looked_up(here: cdk.Stack) -> None:
    role = iam.Role.from_lookup(here, "Mine", role_name="puller")

    assert HardenedRepository(here, "It", encryption=Encryption.aes256()).grant_pull(role).success


def test_a_grant_of_a_cache_to_a_role_is_accepted_before_the_role_is_looked_up(here: cdk.Stack) -> None:
    cache(here).grant_pull(iam.Role.from_lookup(here, "Mine", role_name="puller"))

    assert not any("roleIsNotUpdated" in each for each in synthesized_warnings(here))


def synthesized_warnings(stack: cdk.Stack) -> list[str]:
    cdk.App.of(stack).synth()  # type: ignore[union-attr]  # the stack is in an app
    return warnings(stack)
