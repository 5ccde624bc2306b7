"""Random arguments of public constructors give a valid template, an error of the library, or a `TypeError`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from cfnlint.jsonschema import StandardValidator
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from constructs import Construct
from hypothesis import given, reject, settings
from hypothesis import strategies as st

import ecr_constructs
from ecr_constructs import (
    ADOPTED,
    CACHED,
    EPHEMERAL,
    HARDENED,
    Access,
    CreationTemplate,
    Credentials,
    EcrConstructsError,
    Encryption,
    HardenedRepository,
    ImageReference,
    Immutability,
    LifecyclePolicy,
    LifecycleRule,
    Namespace,
    PrivateRegistry,
    PullThroughCache,
    ReplicaRegistry,
    Replication,
    ReplicationFilter,
    RepositorySettings,
    ScanFilter,
    Scanning,
    Upstream,
    expire_older_than,
    expire_unmatched,
    expire_untagged,
    keep_latest,
)
from tests.templates import REPOSITORY, new_app, new_stack, template

# The number of examples of calls with many arguments. `make test` runs as many as of the others.
MANY = settings().max_examples * (1 if settings().max_examples < 50 else 3)
# The validation of the CDK takes most of the time, and other tests run it.
QUICK = {"@aws-cdk/core:validateAgainstDefaultRules": False}


@cache
def validator(resource_type: str) -> StandardValidator:
    return StandardValidator(PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema)


# --- arbitrary values -----------------------------------------------------------------------------------------------

WORDS = """
    prod prod/api a--b PROD latest v* a*b*c*d*e* * o-abc1234567 111122223333 eu-west-1 IMMUTABLE ENHANCED tagged any
    untagged sinceImagePushed imageCountMoreThan expire transition organization_pull mycompany.azurecr.io ${Token[
    ${AWS::Region} {"rules":[]}
"""
TEXTS = st.sampled_from(
    [*WORDS.split(), "a" * 300, "sha256:" + "0" * 64, "nginx:1.27@sha256:" + "a" * 64, "\ud800", "\0", "é"]
)
VALUES = st.sampled_from(
    [
        HARDENED,
        ADOPTED,
        EPHEMERAL,
        Immutability.off(),
        Encryption.aes256(),
        Access.account_pull("111122223333"),
        LifecyclePolicy.none(),
        LifecyclePolicy.of(keep_latest(1, matching="v*")),
        LifecyclePolicy.of(keep_latest(1, matching="v*")).rules[0],
        expire_untagged(after_days=1),
        Namespace("prod"),
        cdk.RemovalPolicy.DESTROY,
        cdk.RemovalPolicy.SNAPSHOT,
        ecr.TagStatus.UNTAGGED,
        ecr.Repository,
        Encryption,
        print,
        ...,
        b"bytes",
        range(3),
    ]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 400), st.integers(), st.floats(), st.text(max_size=8), TEXTS, VALUES
)
ANYTHING = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.lists(SCALARS, max_size=3).map(tuple),
    st.dictionaries(st.one_of(st.text(max_size=3), TEXTS, st.integers()), SCALARS, max_size=3),
    st.lists(st.integers(), max_size=2).map(iter),
    st.recursive(st.just([]), lambda inner: st.lists(inner, max_size=2), max_leaves=4),
)


def outcome(call: Callable[[], object]) -> object | None:
    """Return the result, or `None` for an error of the library or a `TypeError`. Other errors are raised."""
    try:
        return call()
    except (EcrConstructsError, TypeError):
        return None


@st.composite
def calls(draw: st.DrawFn, function: Callable[..., Any]) -> tuple[list[Any], dict[str, Any]]:
    """Draw arguments that match the signature; their values are arbitrary."""
    args: list[Any] = []
    options: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            args += draw(st.lists(ANYTHING, max_size=4))
        elif parameter.kind is parameter.KEYWORD_ONLY:
            if parameter.default is parameter.empty or draw(st.booleans()):
                options[name] = draw(ANYTHING)
        else:
            args.append(draw(ANYTHING))
    return args, options


def constructors() -> Iterator[tuple[str, Callable[..., Any]]]:
    """All public callables that create a value: classes, functions and class methods."""
    for name in ecr_constructs.__all__:
        value = getattr(ecr_constructs, name)
        if inspect.isfunction(value):
            yield name, value
        if not inspect.isclass(value) or issubclass(value, (Exception, ecr.Repository)):
            continue
        if not inspect.isabstract(value):
            yield name, value
        for inner, member in vars(value).items():
            if isinstance(member, (classmethod, staticmethod)) and not inner.startswith("_"):
                yield f"{name}.{inner}", getattr(value, inner)
    yield "HARDENED.but", HARDENED.but


CONSTRUCTORS = dict(constructors())


def test_the_random_inputs_cover_every_function_that_creates_a_value() -> None:
    expected = {Access, ImageReference, Immutability, LifecyclePolicy, LifecycleRule, Namespace, Replication, Scanning}

    assert {each.__name__ for each in (*expected, Upstream, RepositorySettings)} <= set(CONSTRUCTORS)
    assert len(CONSTRUCTORS) > 50


@pytest.mark.parametrize("name", CONSTRUCTORS)
@given(data=st.data())
def test_a_value_is_created_or_rejected_with_a_typed_error(name: str, data: st.DataObject) -> None:
    make = CONSTRUCTORS[name]
    args, options = data.draw(calls(make))

    outcome(lambda: make(*args, **options))


# Valid calls, of which one or two arguments are replaced.
FINE: tuple[tuple[Callable[..., Any], dict[str, Any]], ...] = (
    (Access, {"intent": "account_pull", "subject": "111122223333"}),
    (ImageReference, {"repository": "prod/api", "registry": "localhost:5000", "tag": "v1", "digest": None}),
    (Immutability, {"mode": "IMMUTABLE_WITH_EXCLUSION", "filters": ["latest", "dev-*"]}),
    (
        LifecycleRule,
        {
            "rule_priority": 1,
            "tag_status": "tagged",
            "count_type": "sinceImagePushed",
            "count_number": 14,
            "tag_pattern_list": ["v*"],
            "tag_prefix_list": [],
            "action": "expire",
            "description": "Old ones",
        },
    ),
    (Replication, {"region": "eu-west-1", "account": "111122223333", "filters": [ReplicationFilter("prod/")]}),
    (Replication.to, {"region": "eu-west-1", "account": None, "repositories": [Namespace("prod"), "dev"]}),
    (Scanning, {"scan_type": "ENHANCED", "continuous": [ScanFilter("*")], "on_push": []}),
    (Scanning.enhanced, {"continuous": ["prod*"], "on_push": Namespace("dev")}),
    (Upstream.ecr, {"account": "111122223333", "region": "eu-west-1"}),
    (expire_older_than, {"after_days": 30, "matching": ["dev-*"], "matching_all": None}),
    (expire_unmatched, {"after_days": 30, "keeping": ["v*", "latest"]}),
    (
        HARDENED.but,
        {
            "immutability": Immutability.off(),
            "lifecycle": LifecyclePolicy.none(),
            "encryption": Encryption.aes256(),
            "scan_on_push": False,
            "access": [Access.account_pull("111122223333")],
            "resource_tags": {"team": "payments"},
            "removal_policy": cdk.RemovalPolicy.DESTROY,
            "empty_on_delete": True,
        },
    ),
)


@pytest.mark.parametrize(("make", "options"), FINE, ids=[make.__qualname__ for make, _ in FINE])
@given(data=st.data())
def test_a_valid_call_that_is_changed_is_accepted_or_rejected(
    make: Callable[..., Any], options: dict[str, Any], data: st.DataObject
) -> None:
    spoiled = data.draw(st.lists(st.sampled_from(sorted(options)), max_size=2, unique=True))
    made = outcome(lambda: make(**{**options, **{name: data.draw(ANYTHING) for name in spoiled}}))

    assert made is not None or spoiled
    outcome(lambda: [*made.statements()] if isinstance(made, Access) else repr(made))


# --- repositories ---------------------------------------------------------------------------------------------------

PRINCIPALS: list[iam.IPrincipal] = [
    iam.AccountPrincipal("111122223333"),
    iam.AnyPrincipal(),
    iam.StarPrincipal(),
    iam.ArnPrincipal("arn:aws:iam::111122223333:role/puller"),
    iam.OrganizationPrincipal("o-abc1234567"),
    iam.ServicePrincipal("lambda.amazonaws.com"),
]

# For each option a typical value. Otherwise every call would be rejected for its first argument.
MEANT: Mapping[str, st.SearchStrategy[Any]] = {
    "repository_name": st.sampled_from(["ab", "prod/api", "a--b", "a" * 256, cdk.Aws.REGION, "x", "A"]),
    "settings": st.sampled_from([HARDENED, ADOPTED, EPHEMERAL]),
    "immutability": st.sampled_from(
        [Immutability.all_tags(), Immutability.off(), Immutability.only_tags("v*"), Immutability.all_tags_except("x")]
    ),
    "lifecycle": st.sampled_from([LifecyclePolicy.none(), LifecyclePolicy.of(keep_latest(3, matching="v*"))]),
    "encryption": st.sampled_from(
        [Encryption.aes256(), Encryption.aws_managed_key(), Encryption.shared_key(), Encryption.dual_layer()]
    ),
    "scan_on_push": st.booleans(),
    "access": st.lists(
        st.sampled_from([Access.organization_pull("o-abc1234567"), Access.lambda_pull("111122223333")]), max_size=3
    ),
    "policy_statements": st.sampled_from(
        [
            [],
            [iam.PolicyStatement(actions=["ecr:PutImage"], principals=[iam.AccountPrincipal("111122223333")])],
            [iam.PolicyStatement(actions=["ecr:PutImage"], principals=[iam.AnyPrincipal()])],
            [iam.PolicyStatement()],
        ]
    ),
    "resource_tags": st.dictionaries(
        st.sampled_from(["team", "aws:x", "", "k" * 128, "a b", cdk.Aws.REGION]),
        st.sampled_from(["payments", "", "v" * 256, cdk.Aws.REGION, "|"]),
        max_size=2,
    ),
    "removal_policy": st.sampled_from(list(cdk.RemovalPolicy)),
    "empty_on_delete": st.booleans(),
    "replicate_to": st.lists(st.sampled_from(["eu-west-1", "us-east-1", "nowhere", ""]), max_size=2),
    "scanning": st.sampled_from([None, "continuous", "on_push", "manual"]),
}


@st.composite
def repository_options(draw: st.DrawFn) -> dict[str, Any]:
    """Draw options of which most are typical values, and some are arbitrary."""
    names = draw(st.lists(st.sampled_from(sorted(MEANT)), unique=True, max_size=6))
    strange = draw(st.sampled_from([None, None, *names]))
    return {name: draw(ANYTHING if name == strange else MEANT[name]) for name in names}


def test_these_tests_have_every_option_of_a_repository() -> None:
    options = inspect.signature(HardenedRepository.__init__).parameters

    assert set(options) - {"self", "scope", "id", "replaced"} == set(MEANT)


@settings(max_examples=MANY)
@given(options=repository_options())
def test_a_repository_is_valid_or_rejected_before_anything_is_added(options: dict[str, Any]) -> None:
    stack = new_stack(new_app(**QUICK), "Containers")

    if outcome(lambda: HardenedRepository(stack, "Api", **options)) is None:
        assert stack.node.children == []
    else:
        (repository,) = (each for each in template(stack)["Resources"].values() if each["Type"] == REPOSITORY)
        assert schema_errors(repository.get("Properties", {})) == []


@given(id=st.one_of(st.text(max_size=12), TEXTS, SCALARS))
def test_any_id_makes_a_template_or_is_rejected(id: Any) -> None:
    stack = new_stack(new_app(**QUICK), "Containers")

    if outcome(lambda: HardenedRepository(stack, id, settings=ADOPTED)) is None:
        assert stack.node.children == []
    else:
        assert len(template(stack)["Resources"]) == 1


# --- constructs of a registry ----------------------------------------------------------------------------------------

CONSUMERS = st.lists(
    st.sampled_from([Access.organization_pull("o-abc1234567"), Access.account_pull("444455556666")]), max_size=2
)
SETTINGS = st.sampled_from([HARDENED, ADOPTED, EPHEMERAL, CACHED, HARDENED.but(resource_tags={"team": "payments"})])
PREFIXES = st.sampled_from(["prod", "a", "a" * 31, "ROOT", "Prod", Namespace("prod"), "teams/web/"])
DESCRIPTIONS = st.sampled_from(["The repositories of teams", "x" * 257])
TRUST_CONDITIONS = st.sampled_from(
    [
        {"StringEquals": {"aws:SourceAccount": "111122223333"}},
        {"StringEquals": {"sts:ExternalId": "x"}},
        {"ArnLike": {"aws:SourceArn": ["arn:aws:ecr:*:111122223333:*"]}, "Null": {"aws:SourceVpc": True}},
        {"Equals": {}},
        {},
    ]
)
IN_A_REGISTRY: Mapping[type[Construct], Mapping[str, st.SearchStrategy[Any]]] = {
    PrivateRegistry: {
        "scanning": st.sampled_from([Scanning.enhanced(), Scanning.basic(on_push=["prod/*"])]),
        "replication": st.lists(
            st.sampled_from([Replication.to("eu-west-1"), Replication.to("us-east-1", repositories="prod")]), max_size=2
        ),
        "policy_statements": MEANT["policy_statements"],
        "policy_scope": st.sampled_from(["V1", "V2", "V3"]),
    },
    CreationTemplate: {
        "prefix": PREFIXES,
        "applied_for": st.lists(st.sampled_from(["REPLICATION", "CREATE_ON_PUSH", "PUSH"]), max_size=2),
        "settings": SETTINGS,
        **{name: MEANT[name] for name in ("access", "policy_statements")},
        "description": DESCRIPTIONS,
        "trust_conditions": TRUST_CONDITIONS,
    },
    PullThroughCache: {
        "upstream": st.sampled_from(
            [Upstream.quay(), Upstream.docker_hub(), Upstream.ecr(account="444455556666", region="eu-west-1")]
        ),
        "prefix": PREFIXES,
        "upstream_prefix": PREFIXES,
        "credentials": st.sampled_from([Credentials.new_secret("hub"), Credentials.secret_arn("arn:aws:x")]),
        "repositories": st.lists(st.sampled_from(["library/nginx", "nginx", "*", "prod/*", "A"]), max_size=2),
        "consumers": CONSUMERS,
        "settings": SETTINGS,
        **{name: MEANT[name] for name in ("access", "policy_statements")},
        "description": DESCRIPTIONS,
        "template": st.sampled_from([None, False]),
        "template_role": st.none(),
        "trust_conditions": TRUST_CONDITIONS,
    },
    ReplicaRegistry: {
        "source_region": st.sampled_from(["eu-west-1", "us-east-1", "nowhere"]),
        "source_account": st.sampled_from(["111122223333", "444455556666", "1"]),
        "repositories": st.sampled_from([Namespace("prod"), [Namespace("prod"), Namespace("dev")], []]),
        "settings": SETTINGS,
        **{name: MEANT[name] for name in ("access", "policy_statements")},
    },
}


@pytest.mark.parametrize("construct", IN_A_REGISTRY)
@given(data=st.data(), has_registry=st.booleans())
def test_registry_constructs_are_valid_or_rejected_before_anything_is_added(
    construct: Callable[..., Construct], data: st.DataObject, *, has_registry: bool
) -> None:
    meant = IN_A_REGISTRY[construct]  # type: ignore[index]  # parametrized with the keys
    required = [
        name
        for name, each in inspect.signature(construct).parameters.items()
        if each.kind is each.KEYWORD_ONLY and each.default is each.empty
    ]
    names = {*required, *data.draw(st.lists(st.sampled_from(sorted(meant)), unique=True))}
    strange = data.draw(st.sampled_from([None, None, *sorted(names)]))
    options = {name: data.draw(ANYTHING if name == strange else meant[name]) for name in sorted(names)}
    stack = new_stack(new_app(**QUICK), "Containers", region="us-east-1")
    if has_registry and construct is not PrivateRegistry:
        PrivateRegistry(stack, "Registry", scanning=Scanning.enhanced())
    before = len(stack.node.children)

    if outcome(lambda: construct(stack, "It", **options)) is None:
        assert len(stack.node.children) == before
    else:
        for each in template(stack).get("Resources", {}).values():
            assert each["Type"].startswith(("AWS::ECR::", "AWS::IAM::", "AWS::KMS::", "AWS::SecretsManager::"))
            if each["Type"].startswith("AWS::ECR::"):
                assert schema_errors(each.get("Properties", {}), each["Type"]) == []


@pytest.mark.parametrize("construct", [CreationTemplate, PullThroughCache, ReplicaRegistry])
@given(role=ANYTHING)
def test_a_role_is_a_role_or_a_type_error(construct: Callable[..., Construct], role: Any) -> None:
    needs: dict[str, Any] = {"upstream": Upstream.ecr(account="444455556666", region="eu-west-1")}
    if construct is CreationTemplate:
        needs = {"prefix": "teams", "applied_for": ["REPLICATION"]}
    if construct is ReplicaRegistry:
        needs = {"source_region": "us-east-1", "repositories": [Namespace("prod")]}
    stack = new_stack(new_app(**QUICK), "Containers")

    if outcome(lambda: construct(stack, "It", role=role, **needs)) is None:
        assert stack.node.children == []
    else:
        assert role is None


@given(
    arn=st.builds(
        lambda text, at, stray: text[:at] + stray + text[at + 1 :],
        st.just("arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub-a1B2c3"),
        st.integers(0, 90),
        st.one_of(st.text(max_size=2), st.sampled_from([":", "/", "\n", "${Token[TOKEN.1]}"])),
    )
)
def test_a_valid_arn_of_a_secret_that_is_changed_is_accepted_or_rejected(arn: str) -> None:
    stack = new_stack(new_app(**QUICK), "Containers", region="eu-west-1")
    needs = {"upstream": Upstream.docker_hub(), "credentials": Credentials.secret_arn(arn)}

    if outcome(lambda: PullThroughCache(stack, "It", **needs)) is None:  # type: ignore[arg-type]  # they are mixed
        assert stack.node.children == []
    elif "Token[" not in arn:
        for each in template(stack)["Resources"].values():
            assert schema_errors(each["Properties"], each["Type"]) == []


def test_the_tests_have_every_option_of_the_registry_constructs() -> None:
    for construct, meant in IN_A_REGISTRY.items():
        # The test above is about roles.
        named = set(inspect.signature(construct.__init__).parameters) - {"self", "scope", "id", "role"}
        assert named == set(meant)


@given(scope=ANYTHING)
def test_a_scope_that_is_none_is_a_type_error(scope: Any) -> None:
    with pytest.raises(TypeError, match="scope must be a Construct such as "):
        HardenedRepository(scope, "Api")


@settings(max_examples=MANY)
@given(data=st.data())
def test_a_rule_added_later_is_valid_or_rejected(data: st.DataObject) -> None:
    _, options = data.draw(calls(HardenedRepository.add_lifecycle_rule))
    before = REUSED.lifecycle

    def add() -> bool:
        REUSED.add_lifecycle_rule(**options)
        return True

    if outcome(add) is None:
        assert REUSED.lifecycle == before
    else:
        assert len(REUSED.lifecycle.rules) == len(before.rules) + 1
        REUSED.lifecycle = before


@given(
    parts=st.fixed_dictionaries(
        {},
        optional={
            "actions": st.lists(
                st.sampled_from(["ecr:PutImage", "ecr:*", "*", "s3:GetObject", "ecr:", "ECR:x"]), max_size=2
            ),
            "not_actions": st.just(["ecr:PutImage"]),
            "principals": st.lists(st.sampled_from(PRINCIPALS), max_size=2),
            "not_principals": st.lists(st.sampled_from(PRINCIPALS), max_size=1),
            "resources": st.lists(st.sampled_from(["*", "arn:aws:ecr:*:*:repository/*"]), max_size=1),
            "conditions": st.dictionaries(
                st.sampled_from(["StringEquals", "Bool"]),
                st.dictionaries(st.sampled_from(["aws:PrincipalOrgID", "x"]), st.text(max_size=3), max_size=1),
                max_size=1,
            ),
            "effect": st.sampled_from(list(iam.Effect)),
            "sid": st.one_of(st.text("Aa1", max_size=3), st.text(max_size=3)),
        },
    ),
    added=st.booleans(),
)
def test_a_statement_is_in_the_template_or_rejected(parts: dict[str, Any], added: bool) -> None:  # noqa: FBT001
    try:
        statement = iam.PolicyStatement(**parts)
    except (RuntimeError, TypeError):
        reject()  # the CDK rejects it before
    stack = new_stack(new_app(**QUICK), "Containers")

    def add() -> HardenedRepository:
        repository = HardenedRepository(stack, "Api", settings=ADOPTED, policy_statements=[] if added else [statement])
        if added:
            repository.add_to_resource_policy(statement)
        return repository

    repository = outcome(add)
    if repository is not None:
        (resource,) = template(stack)["Resources"].values()
        (written,) = resource["Properties"]["RepositoryPolicyText"]["Statement"]
        assert {"Effect"} < set(written)
        assert schema_errors(resource["Properties"]) == []


@given(image=ANYTHING)
def test_an_image_is_a_reference_or_rejected(image: Any) -> None:
    reference = outcome(lambda: REUSED.image(image))

    assert reference is None or str(reference).endswith((f":{image}", f"@{image}"))


@given(key=ANYTHING)
def test_a_key_is_accepted_or_rejected(key: Any) -> None:
    for choose in (Encryption.customer_key, Encryption.dual_layer):
        assert outcome(lambda choose=choose: choose(key)) is None or key is None  # type: ignore[misc]


# One repository for the calls of all methods. It is never synthesized.
REUSED = HardenedRepository(new_stack(new_app(**QUICK), "Reused"), "Api", settings=ADOPTED)


def schema_errors(properties: Mapping[str, Any], resource_type: str = REPOSITORY) -> list[str]:
    """Check properties against the schema, without values that are known only at deployment."""
    return [
        f"{list(error.path)}: {error.message}"
        for error in validator(resource_type).iter_errors(properties)
        if not (isinstance(error.instance, Mapping) and {*error.instance} & {"Ref", "Fn::GetAtt", "Fn::Join"})
    ]
