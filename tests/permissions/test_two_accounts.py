"""The roles that the library creates in one account can use a repository of another account that allows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import ndiff

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    Access,
    HardenedRepository,
    Namespace,
    PipelineIdentity,
    PrivateRegistry,
    Promotion,
    PullThroughCache,
    Upstream,
)
from tests.permissions.callers import ADMINISTRATOR, Caller, role
from tests.permissions.decisions import allowed_actions, allowed_operations, request_of
from tests.permissions.documents import REGION, Deployed, repository_arn, resource_policy
from tests.permissions.intents import PROFILE
from tests.permissions.operations import ACTIONS, INSPECTOR, LOGIN, SIGN
from tests.permissions.simulator import Request
from tests.templates import ACCOUNT, OTHER_ACCOUNT, new_app, new_stack

pytestmark = [pytest.mark.slow, pytest.mark.arbiter]

# Each relation, with the operations of a role in the account `ACCOUNT` on a repository of the account `OTHER_ACCOUNT`.
# The other role has all permissions of ECR in its account.
MATRIX = """\
cache and Access.cache_pull: role of the cache: pull, list referrers, import
cache and Access.cache_pull: other role: pull, list referrers, import
cache and registry.accept_caches_of: role of the cache: pull, list referrers, import
cache and registry.accept_caches_of: other role: pull, list referrers, import
cache without access: role of the cache: nothing
cache without access: other role: nothing
Promotion, source: role of the promotion: pull, check a layer, list referrers
Promotion, source: other role: nothing
Promotion, target: role of the promotion: check a layer, list referrers, push, push an image index, re-tag
Promotion, target: other role: nothing
repository.grant_sign: role of the grant: check a layer, list referrers, push, push an image index, re-tag, sign, \
read the signing status
repository.grant_sign: other role: nothing
Access.role_sign: named role: check a layer, list referrers, push, push an image index, re-tag, \
read the signing status
Access.role_sign: other role: nothing
"""
Relation = Callable[[cdk.Stack, cdk.Stack], iam.IRole]


def cache_role(ours: cdk.Stack) -> iam.IRole:
    cache = PullThroughCache(ours, "Cache", upstream=Upstream.ecr(account=OTHER_ACCOUNT, region=REGION), prefix="cache")
    assert cache.role is not None
    return cache.role


def cache_with_access(ours: cdk.Stack, theirs: cdk.Stack) -> iam.IRole:
    HardenedRepository(theirs, "Api", repository_name="prod/api", access=[Access.cache_pull(ACCOUNT)])
    return cache_role(ours)


def cache_with_registry(ours: cdk.Stack, theirs: cdk.Stack) -> iam.IRole:
    PrivateRegistry(theirs, "Registry").accept_caches_of(ACCOUNT, repositories=Namespace("prod"))
    return cache_role(ours)


def cache_without_access(ours: cdk.Stack, theirs: cdk.Stack) -> iam.IRole:
    HardenedRepository(theirs, "Api", repository_name="prod/api")
    return cache_role(ours)


def promotion(ours: cdk.Stack, source: HardenedRepository, target: HardenedRepository) -> iam.IRole:
    identity = PipelineIdentity.github("octo-org/api", environment="production")
    return Promotion(ours, "Promotion", source=source, target=target, promoters=[identity], role_name="promotion").role


def promotion_from(ours: cdk.Stack, theirs: cdk.Stack) -> iam.IRole:
    source = HardenedRepository(theirs, "Api", repository_name="prod/api")
    return promotion(ours, source, HardenedRepository(ours, "Target", repository_name="production/api"))


def promotion_to(ours: cdk.Stack, theirs: cdk.Stack) -> iam.IRole:
    target = HardenedRepository(theirs, "Api", repository_name="prod/api")
    return promotion(ours, HardenedRepository(ours, "Source", repository_name="staging/api"), target)


def signer(ours: cdk.Stack) -> iam.Role:
    return iam.Role(ours, "Signer", role_name="signer", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))


def grant_sign(ours: cdk.Stack, theirs: cdk.Stack) -> iam.IRole:
    role = signer(ours)
    repository = HardenedRepository(theirs, "Api", repository_name="prod/api")
    repository.grant_sign(role, signing_profile_arn=PROFILE)
    return role


def role_sign(ours: cdk.Stack, theirs: cdk.Stack) -> iam.IRole:
    """Return a role with all permissions of ECR and none of AWS Signer, which a repository policy cannot give."""
    role = signer(ours)
    role.add_to_policy(iam.PolicyStatement(actions=["ecr:*"], resources=["*"]))
    access = [Access.role_sign(f"arn:aws:iam::{ACCOUNT}:role/signer")]
    HardenedRepository(theirs, "Api", repository_name="prod/api", access=access)
    return role


RELATIONS: Mapping[tuple[str, str], Relation] = {
    ("cache and Access.cache_pull", "role of the cache"): cache_with_access,
    ("cache and registry.accept_caches_of", "role of the cache"): cache_with_registry,
    ("cache without access", "role of the cache"): cache_without_access,
    ("Promotion, source", "role of the promotion"): promotion_from,
    ("Promotion, target", "role of the promotion"): promotion_to,
    ("repository.grant_sign", "role of the grant"): grant_sign,
    ("Access.role_sign", "named role"): role_sign,
}


def requests(caller: Caller, theirs: Deployed) -> Sequence[Request]:
    arn = repository_arn("prod/api", OTHER_ACCOUNT)
    policy = resource_policy(theirs.repository("prod/api"), theirs.registry(), arn)
    actions = [action for action in ACTIONS if action not in (LOGIN, SIGN, *INSPECTOR)]
    # The signing profile is in the account of the role.
    signing = request_of(caller, SIGN, PROFILE, ACCOUNT)
    others = [replace(request_of(caller, action, arn, OTHER_ACCOUNT), resource_policy=policy) for action in actions]
    return [*others, signing]


def test_the_relations_allow_the_operations_of_the_table() -> None:
    asked: dict[str, Sequence[Request]] = {}
    for (name, called), relation in RELATIONS.items():
        app = new_app()
        ours = new_stack(app, "Ours", region=REGION)
        theirs = new_stack(app, "Theirs", region=REGION, account=OTHER_ACCOUNT)
        found = relation(ours, theirs)
        deployed = Deployed(ours)
        callers = {
            called: role(ACCOUNT, deployed.role_name(found), *deployed.identity(found), tags=deployed.tags(found)),
            "other role": role(ACCOUNT, "other", ADMINISTRATOR),
        }
        asked |= {f"{name}: {who}": requests(caller, Deployed(theirs)) for who, caller in callers.items()}
    lines = [f"{name}: {allowed_operations(each) or 'nothing'}" for name, each in allowed_actions(asked).items()]

    assert [*ndiff(MATRIX.splitlines(), lines)] == [f"  {line}" for line in MATRIX.splitlines()]
