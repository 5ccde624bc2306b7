"""`PrivateRegistry`: its owner, its resources, its scanning, and contributions after synthesis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs import (
    Access,
    HardenedRepository,
    InvalidRegistry,
    Namespace,
    PrivateRegistry,
    Replication,
    ScanFilter,
    Scanning,
)
from ecr_constructs._cdk.environment_registry import RegistryPart, environment_of
from ecr_constructs._cdk.scope import location_of
from tests.registries import (
    EVERY_TYPE,
    OTHER_ENVIRONMENT,
    POLICY,
    REPLICATION,
    SAME_ENVIRONMENT,
    SCANNING,
    policy_of,
    registry_statements,
    replication_rules,
    scanning_rules,
    synthesize,
    the,
    types,
    warnings,
)
from tests.templates import ACCOUNT, OTHER_ACCOUNT, new_stack

HERE = "us-east-1"
THERE = "eu-west-1"


def statement() -> iam.PolicyStatement:
    """Return a valid statement of a registry policy."""
    return iam.PolicyStatement(
        actions=["ecr:ReplicateImage"], principals=[iam.AccountPrincipal(OTHER_ACCOUNT)], resources=["*"]
    )


# The resources that each option of the constructor creates.
OPTIONS: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "scanning": (SCANNING, lambda: {"scanning": Scanning.enhanced()}),
    "replication": (REPLICATION, lambda: {"replication": [Replication.to(THERE)]}),
    "policy_statements": (POLICY, lambda: {"policy_statements": [statement()]}),
}
each_option = pytest.mark.parametrize("name", OPTIONS)


def every_option() -> dict[str, Any]:
    return {name: value for _, make in OPTIONS.values() for name, value in make().items()}


# --- resources --------------------------------------------------------------------------------------------------------


def test_a_registry_without_settings_creates_no_resource(stack: cdk.Stack) -> None:
    registry = PrivateRegistry(stack, "Registry")

    assert types(stack) == []
    assert (registry.scanning, registry.replication) == (None, ())


@each_option
def test_each_option_makes_its_resource_and_no_other(stack: cdk.Stack, name: str) -> None:
    kind, make = OPTIONS[name]
    PrivateRegistry(stack, "Registry", **make())

    assert types(stack) == [kind]


@each_option
def test_without_an_option_its_resource_is_not_there(stack: cdk.Stack, name: str) -> None:
    PrivateRegistry(stack, "Registry", **{other: value for other, value in every_option().items() if other != name})

    assert types(stack) == sorted({*EVERY_TYPE} - {OPTIONS[name][0]})


@pytest.mark.parametrize("kind", EVERY_TYPE)
def test_every_resource_is_retained_when_its_stack_is_deleted(stack: cdk.Stack, kind: str) -> None:
    PrivateRegistry(stack, "Registry", **every_option())

    found = the(stack, kind)
    assert (found["DeletionPolicy"], found["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_resources_that_are_added_later_are_retained_as_well(stack: cdk.Stack) -> None:
    registry = PrivateRegistry(stack, "Registry")
    registry.add_replication(Replication.to(THERE))
    registry.accept_replication_from(OTHER_ACCOUNT)

    assert {the(stack, kind)["DeletionPolicy"] for kind in (REPLICATION, POLICY)} == {"Retain"}


def test_an_empty_list_is_equal_to_none(stack: cdk.Stack) -> None:
    PrivateRegistry(stack, "Registry", replication=[], policy_statements=[])

    assert types(stack) == []


# --- one owner --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAME_ENVIRONMENT)
def test_the_registry_of_an_environment_is_found_wherever_one_is_in_it(app: cdk.App, name: str) -> None:
    first, second = SAME_ENVIRONMENT[name](app)
    registry = PrivateRegistry(first, "Registry")

    assert PrivateRegistry.of(first) is registry
    assert PrivateRegistry.of(second) is registry
    assert PrivateRegistry.of(Construct(second, "Deep")) is registry
    assert PrivateRegistry.of(registry) is registry


@pytest.mark.parametrize("name", OTHER_ENVIRONMENT)
def test_other_environments_have_registries_of_their_own(app: cdk.App, name: str) -> None:
    one, other = OTHER_ENVIRONMENT[name](app)
    with pytest.raises(InvalidRegistry, match="the app has no PrivateRegistry for this account and Region"):
        PrivateRegistry.of(other)
    registries = PrivateRegistry(one, "Registry"), PrivateRegistry(other, "Registry")

    assert (PrivateRegistry.of(one), PrivateRegistry.of(other)) == registries


def test_the_error_without_a_registry_has_the_fix(stack: cdk.Stack) -> None:
    with pytest.raises(InvalidRegistry) as refused:
        PrivateRegistry.of(stack)

    assert refused.value.path == "Containers"
    (problem,) = refused.value.problems
    assert "create one first, in this stack or in one with the same env=" in problem
    assert (
        "If another team owns the registry of the account, the change belongs in its app: an account has one registry "
        "in each Region"
    ) in problem


def test_outside_of_stacks_there_is_no_registry(app: cdk.App) -> None:
    with pytest.raises(InvalidRegistry, match="no PrivateRegistry"):
        PrivateRegistry.of(app)


def test_a_value_that_is_not_a_construct_is_a_type_error(stack: cdk.Stack) -> None:
    PrivateRegistry(stack, "Registry")

    with pytest.raises(TypeError, match=r"scope must be a (?i:construct).*, got 'Containers'"):
        PrivateRegistry.of("Containers")  # type: ignore[arg-type]


def test_a_stack_without_an_app_has_a_registry_too() -> None:
    stack = cdk.Stack()
    registry = PrivateRegistry(stack, "Registry")

    assert PrivateRegistry.of(stack) is registry


def test_several_accounts_and_regions_of_one_app_are_kept_apart(app: cdk.App) -> None:
    places = [(account, region) for account in (ACCOUNT, OTHER_ACCOUNT) for region in (HERE, THERE)]
    stacks = {
        (account, region): new_stack(app, f"S-{account}-{region}", region=region, account=account)
        for account, region in places
    }
    for place, stack in stacks.items():
        PrivateRegistry(stack, "Registry", scanning=Scanning.basic(on_push=[]))
        team = f"team-{places.index(place)}"
        theirs = new_stack(app, team, region=place[1], account=place[0])
        HardenedRepository(theirs, "Api", repository_name=f"{team}/api", scanning="on_push")

    assert [scanning_rules(stack) for stack in stacks.values()] == [
        {"SCAN_ON_PUSH": [f"team-{number}/api*"]} for number in range(4)
    ]


# --- location ---------------------------------------------------------------------------------------------------------


def test_every_problem_is_reported_at_once_and_nothing_is_added(stack_in: Callable[[str], cdk.Stack]) -> None:
    stack = stack_in(HERE)

    with pytest.raises(InvalidRegistry) as refused:
        PrivateRegistry(
            stack,
            "",
            replication=[Replication.to(HERE), Replication.to(THERE)],
            policy_statements=[iam.PolicyStatement(actions=["s3:GetObject"])],
        )

    assert [problem.split()[0] for problem in refused.value.problems] == [
        "id",
        "the",
        *["the"] * 2,
        "'s3:GetObject'",
    ]
    assert stack.node.children == []
    assert stack.node.root.node.children == [stack]


# --- scanning ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scanning", "kind", "rules"),
    [
        (Scanning.enhanced(), "ENHANCED", {"CONTINUOUS_SCAN": ["*"]}),
        (Scanning.enhanced(on_push="*"), "ENHANCED", {"SCAN_ON_PUSH": ["*"]}),
        (
            Scanning.enhanced(continuous=[Namespace("prod"), "base-*"], on_push=["*"]),
            "ENHANCED",
            {"CONTINUOUS_SCAN": ["base-*", "prod/*"], "SCAN_ON_PUSH": ["*"]},
        ),
        (Scanning.basic(), "BASIC", {"SCAN_ON_PUSH": ["*"]}),
        (Scanning.basic(on_push=[Namespace("prod")]), "BASIC", {"SCAN_ON_PUSH": ["prod/*"]}),
        (Scanning.basic(on_push=[]), "BASIC", {}),
    ],
    ids=["enhanced", "enhanced on push", "enhanced, both", "basic", "basic, some", "basic, when asked"],
)
def test_each_scanning_reaches_the_template(
    stack: cdk.Stack, scanning: Scanning, kind: str, rules: dict[str, list[str]]
) -> None:
    registry = PrivateRegistry(stack, "Registry", scanning=scanning)

    assert (the(stack, SCANNING)["Properties"]["ScanType"], scanning_rules(stack)) == (kind, rules)
    assert registry.scanning == scanning


def test_every_scan_filter_is_a_wildcard(stack: cdk.Stack) -> None:
    PrivateRegistry(stack, "Registry", scanning=Scanning.enhanced(continuous="a*", on_push="b*"))

    assert {
        each["FilterType"] for rule in the(stack, SCANNING)["Properties"]["Rules"] for each in rule["RepositoryFilters"]
    } == {"WILDCARD"}


def test_the_order_of_scan_filters_changes_nothing(stack: cdk.Stack, app: cdk.App) -> None:
    other = new_stack(app, "Other")
    PrivateRegistry(stack, "Registry", scanning=Scanning.enhanced(continuous=["b*", "a*"], on_push=["d*", "c*"]))
    PrivateRegistry(other, "Registry", scanning=Scanning.enhanced(on_push=["c*", "d*"], continuous=["a*", "b*"]))

    assert scanning_rules(stack) == scanning_rules(other)


def test_a_hundred_filters_of_each_frequency_are_written(stack: cdk.Stack) -> None:
    hundred = [f"team-{number}/*" for number in range(100)]
    PrivateRegistry(stack, "Registry", scanning=Scanning.enhanced(continuous=hundred, on_push=hundred))

    assert {name: len(filters) for name, filters in scanning_rules(stack).items()} == {
        "CONTINUOUS_SCAN": 100,
        "SCAN_ON_PUSH": 100,
    }


@pytest.mark.parametrize("frequency", ["continuous", "on_push"])
def test_a_filter_without_a_wildcard_is_reported(stack: cdk.Stack, frequency: str) -> None:
    PrivateRegistry(stack, "Registry", scanning=Scanning.enhanced(**{frequency: "prod"}))

    (warning,) = warnings(stack)
    assert "scan filter 'prod' has no '*', so it matches every name that contains it" in warning
    assert "write Namespace('prod') for those under 'prod/', or '*prod*' if this is intended" in warning
    assert ScanFilter("prod").matches("production")


@pytest.mark.parametrize("repositories", [Namespace("prod"), "prod/*", "*prod*", "*", ["prod*", "*-base"]])
def test_a_filter_with_a_wildcard_and_a_namespace_are_not_reported(stack: cdk.Stack, repositories: Any) -> None:
    PrivateRegistry(stack, "Registry", scanning=Scanning.basic(on_push=repositories))

    assert warnings(stack) == []


# --- scanning of repositories that are given by name ------------------------------------------------------------------


def registry_of(stack: cdk.Stack, scanning: Scanning | None) -> PrivateRegistry:
    return PrivateRegistry(stack, "Registry", scanning=scanning)


def test_a_repository_that_is_scanned_so_already_changes_nothing(stack: cdk.Stack) -> None:
    registry = registry_of(stack, Scanning.enhanced(continuous=Namespace("prod"), on_push="*"))
    registry.scan("prod/api", "CONTINUOUS_SCAN")
    registry.scan("dev/api", "SCAN_ON_PUSH")

    assert registry.scanning == Scanning.enhanced(continuous=Namespace("prod"), on_push="*")


def test_a_repository_that_is_not_gets_a_filter(stack: cdk.Stack) -> None:
    registry = registry_of(stack, Scanning.enhanced(continuous=Namespace("prod")))
    registry.scan("tools/ci", "SCAN_ON_PUSH")
    registry.scan("tools/cd", "CONTINUOUS_SCAN")

    assert scanning_rules(stack) == {"CONTINUOUS_SCAN": ["prod/*", "tools/cd*"], "SCAN_ON_PUSH": ["tools/ci*"]}


@pytest.mark.parametrize(
    ("scanning", "frequency", "problem"),
    [
        (None, "SCAN_ON_PUSH", "the registry Containers/Registry does not configure scanning; add"),
        (Scanning.enhanced(), "SCAN_ON_PUSH", "is scanned continuously, by the filter '*' of the registry"),
        (Scanning.basic(), "CONTINUOUS_SCAN", "only enhanced scanning is continuous"),
        (Scanning.basic(), "MANUAL", "CloudFormation does not support MANUAL"),
        (Scanning.basic(on_push=[]), "MANUAL", "CloudFormation does not support MANUAL"),
        (Scanning.basic(on_push=[f"t{n}/*" for n in range(100)]), "SCAN_ON_PUSH", "101 filters; ECR allows 100"),
    ],
    ids=["as the account has it", "continuous wins", "basic", "manual", "manual of nothing", "too many"],
)
def test_a_frequency_that_the_registry_cannot_have_is_rejected_with_the_reason(
    stack: cdk.Stack, scanning: Scanning | None, frequency: Any, problem: str
) -> None:
    registry = registry_of(stack, scanning)

    with pytest.raises(InvalidRegistry) as refused:
        registry.scan("api/x", frequency)

    assert [each for each in refused.value.problems if problem in each] == list(refused.value.problems)
    assert refused.value.path == "Containers/Registry"
    assert registry.scanning == scanning


@pytest.mark.parametrize("name", ["a--b", "a__b", "x" * 255])
def test_a_name_that_no_filter_can_have_is_rejected(stack: cdk.Stack, name: str) -> None:
    registry = registry_of(stack, Scanning.basic(on_push=[]))

    with pytest.raises(InvalidRegistry, match="scan filter"):
        registry.scan(name, "SCAN_ON_PUSH")


# Names with the same beginning: a filter for one of them matches the next.
WISHES = [
    ("prod/api", "SCAN_ON_PUSH"),
    ("prod/api-v2", "SCAN_ON_PUSH"),
    ("tools/ci", "CONTINUOUS_SCAN"),
    ("tools/ci-runner", "CONTINUOUS_SCAN"),
    ("base/a", "SCAN_ON_PUSH"),
]


@pytest.mark.parametrize("order", [WISHES, WISHES[::-1], WISHES[2:] + WISHES[:2]], ids=["as is", "backwards", "turned"])
def test_the_order_in_which_repositories_ask_changes_nothing(stack: cdk.Stack, order: Sequence[Any]) -> None:
    registry = registry_of(stack, Scanning.enhanced(on_push=Namespace("base")))
    for name, frequency in order:
        registry.scan(name, frequency)

    assert scanning_rules(stack) == {"CONTINUOUS_SCAN": ["tools/ci*"], "SCAN_ON_PUSH": ["base/*", "prod/api*"]}


CONTRADICTION = [("prod/api", "SCAN_ON_PUSH"), ("prod/a", "CONTINUOUS_SCAN")]


@pytest.mark.parametrize("order", [CONTRADICTION, CONTRADICTION[::-1]], ids=["on push first", "continuous first"])
def test_a_repository_that_would_overrule_another_is_rejected_in_either_order(
    stack: cdk.Stack, order: Sequence[Any]
) -> None:
    registry = registry_of(stack, Scanning.enhanced(on_push="*"))
    registry.scan(*order[0])
    before = registry.scanning

    with pytest.raises(InvalidRegistry, match=r"'prod/api' is scanned continuously, by the filter 'prod/a\*'"):
        registry.scan(*order[1])
    assert registry.scanning == before


def test_a_rejected_repository_does_not_reserve_its_name(stack: cdk.Stack) -> None:
    registry = registry_of(stack, Scanning.enhanced(on_push="*"))
    registry.scan("prod/api", "SCAN_ON_PUSH")
    with pytest.raises(InvalidRegistry):
        registry.scan("prod/a", "CONTINUOUS_SCAN")
    registry.scan("tools/ci", "CONTINUOUS_SCAN")

    assert scanning_rules(stack) == {"CONTINUOUS_SCAN": ["tools/ci*"], "SCAN_ON_PUSH": ["*"]}


# --- contributions after synthesis ------------------------------------------------------------------------------------

# Each way to contribute to a registry.
CONTRIBUTIONS: dict[str, Callable[[PrivateRegistry], object]] = {
    "add_replication": lambda registry: registry.add_replication(Replication.to(THERE)),
    "replicate": lambda registry: registry.replicate("prod/api", [THERE]),
    "scan": lambda registry: registry.scan("prod/api", "SCAN_ON_PUSH"),
    "accept_replication_from": lambda registry: registry.accept_replication_from(OTHER_ACCOUNT),
    "accept_caches_of": lambda registry: registry.accept_caches_of(OTHER_ACCOUNT),
    "accept_cache_consumer": lambda registry: registry.accept_cache_consumer(
        Access.account_pull(OTHER_ACCOUNT), repositories="hub/*"
    ),
    "deny_repository_creation": lambda registry: registry.deny_repository_creation(
        except_for=[f"arn:aws:iam::{ACCOUNT}:role/deployer"]
    ),
    "add_to_resource_policy": lambda registry: registry.add_to_resource_policy(statement()),
}
each_contribution = pytest.mark.parametrize("name", CONTRIBUTIONS)


def test_these_tests_have_every_contribution() -> None:
    methods = {
        name for name in vars(PrivateRegistry) if not name.startswith("_") and callable(getattr(PrivateRegistry, name))
    }

    assert methods - {"of"} == set(CONTRIBUTIONS)


@each_contribution
def test_each_contribution_before_the_end_of_synthesis_is_in_the_template(stack: cdk.Stack, name: str) -> None:
    registry = registry_of(stack, Scanning.basic(on_push=[]))
    CONTRIBUTIONS[name](registry)

    written = [scanning_rules(stack), *types(stack)]
    assert written != [{}, SCANNING]


@pytest.mark.parametrize("options", [{}, every_option()], ids=["of a registry that was empty", "of one that was not"])
@each_contribution
def test_each_contribution_is_rejected_when_the_app_is_synthesized(
    stack: cdk.Stack, app: cdk.App, name: str, options: dict[str, Any]
) -> None:
    if name == "scan":
        options = options | {"scanning": Scanning.basic(on_push=[])}
    registry = PrivateRegistry(stack, "Registry", **options)
    synthesize(app)
    before = stack.node.find_all()

    with pytest.raises(
        InvalidRegistry, match="is already synthesized, so the template would not contain this; declare it before"
    ):
        CONTRIBUTIONS[name](registry)
    assert len(stack.node.find_all()) == len(before)


def test_a_request_without_a_change_is_accepted_after_the_synthesis(stack: cdk.Stack, app: cdk.App) -> None:
    registry = registry_of(stack, Scanning.basic())
    synthesize(app)

    registry.scan("prod/api", "SCAN_ON_PUSH")


def test_contributions_of_an_aspect_are_in_the_template(stack: cdk.Stack, app: cdk.App) -> None:
    import jsii

    registry = registry_of(stack, Scanning.basic(on_push=[]))

    @jsii.implements(cdk.IAspect)
    class Contributing:
        def visit(self, node: Any) -> None:
            if node.node.path == stack.node.path:
                registry.scan("prod/api", "SCAN_ON_PUSH")
                registry.accept_replication_from(OTHER_ACCOUNT)

    cdk.Aspects.of(app).add(Contributing())

    assert scanning_rules(stack) == {"SCAN_ON_PUSH": ["prod/api*"]}
    assert len(registry_statements(stack)) == 1


def test_a_registry_in_a_nested_stack_is_written_there(stack: cdk.Stack) -> None:
    nested = cdk.NestedStack(stack, "Nested")
    PrivateRegistry(nested, "Registry", **every_option())

    assert types(nested) == sorted(EVERY_TYPE)
    assert replication_rules(nested) == [([], [(THERE, {"Ref": "AWS::AccountId"})])]


def test_a_registry_in_a_stage_collects_from_the_other_stacks_of_the_stage(app: cdk.App) -> None:
    stage = cdk.Stage(app, "Prod", env=cdk.Environment(account=ACCOUNT, region=HERE))
    owner, other = cdk.Stack(stage, "Registry"), cdk.Stack(stage, "Team")
    PrivateRegistry(owner, "Registry", scanning=Scanning.basic(on_push=[]))
    PrivateRegistry.of(other).scan("team/api", "SCAN_ON_PUSH")

    assert scanning_rules(owner) == {"SCAN_ON_PUSH": ["team/api*"]}
    assert types(other) == []


# --- changes that are checked before they are made --------------------------------------------------------------------


def part_of(registry: PrivateRegistry, part: RegistryPart) -> Any:
    return environment_of(location_of(registry)).registry_parts()[part]


def test_a_change_of_replication_includes_changes_since_its_check(stack: cdk.Stack) -> None:
    replication = part_of(PrivateRegistry(stack, "Registry"), "replication")
    changes = [replication.requesting(name, [THERE]) for name in ("prod/api", "prod/web")]
    assert [each.node.id for each in stack.node.find_all()] == ["Containers", "Registry"]
    for change in changes:
        change()

    assert replication_rules(stack) == [(["prod/api", "prod/web"], [(THERE, {"Ref": "AWS::AccountId"})])]


def test_a_change_of_scanning_includes_changes_since_its_check(stack: cdk.Stack) -> None:
    scanning = part_of(registry_of(stack, Scanning.basic(on_push=[])), "scanning")
    changes = [scanning.requesting(name, "SCAN_ON_PUSH") for name in ("prod/api", "prod/web")]
    for change in changes:
        change()

    assert scanning_rules(stack) == {"SCAN_ON_PUSH": ["prod/api*", "prod/web*"]}


def test_statements_are_checked_again_if_others_were_added_since(stack: cdk.Stack) -> None:
    policy = policy_of(PrivateRegistry(stack, "Registry"))
    first, second = (
        policy.adding([iam.PolicyStatement.from_json({**statement().to_json(), "Sid": "Same", "Resource": resource})])
        for resource in ("*", "arn:aws:ecr:*:*:repository/prod/*")
    )
    first()

    with pytest.raises(InvalidRegistry, match="Same"):
        second()
    assert len(registry_statements(stack)) == 1
