"""Findings in the lifecycle policies of an app: errors, annotations and their constructs, and exceptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs import (
    ADOPTED,
    CACHED,
    CREATED,
    EPHEMERAL,
    HARDENED,
    CreationTemplate,
    HardenedRepository,
    Immutability,
    InvalidLifecyclePolicy,
    InvalidRegistry,
    InvalidRepository,
    LifecyclePolicy,
    LifecycleRule,
    Namespace,
    PrivateRegistry,
    PullThroughCache,
    ReplicaRegistry,
    RepositorySettings,
    Upstream,
    archive_older_than,
    archive_unpulled,
    expire_older_than,
    expire_untagged,
    keep_forever,
    keep_latest,
    limit_images,
)
from ecr_constructs.model.lifecycle.findings import FINDING_TYPES
from ecr_constructs.repository.lifecycle_validation import annotation_id
from tests.templates import ACCOUNT, new_app, new_stack


def by_count(priority: int, pattern: str, **values: Any) -> LifecycleRule:
    return LifecycleRule(
        rule_priority=priority,
        tag_status="tagged",
        tag_pattern_list=[pattern],
        count_type="imageCountMoreThan",
        count_number=10,
        **values,
    )


SHADOWED = LifecyclePolicy(rules=[by_count(1, "v*"), by_count(2, "v1*")])
# A deployed policy with two mistakes.
FOREIGN = LifecyclePolicy.from_dict(
    {
        "rules": [
            *SHADOWED.to_dict()["rules"],
            {
                "rulePriority": 3,
                "description": "Remove untagged images",
                "selection": {
                    "tagStatus": "any",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 7,
                },
                "action": {"type": "expire"},
            },
        ]
    }
)
PLAIN = CREATED
NEVER_ACTS = "lifecycle: rule 2 never acts: .* remove the rule, which changes nothing"

Make = Callable[[Construct, RepositorySettings], object]
MAKERS: Mapping[str, Make] = {
    "repository": lambda scope, settings: HardenedRepository(scope, "It", settings=settings),
    "template": lambda scope, settings: CreationTemplate(
        scope, "It", prefix="teams", applied_for=["CREATE_ON_PUSH"], settings=settings
    ),
    "cache": lambda scope, settings: PullThroughCache(scope, "It", upstream=Upstream.ecr_public(), settings=settings),
    "replica": lambda scope, settings: ReplicaRegistry(scope, "It", source_region="eu-west-1", settings=settings),
}
each_maker = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


class Note(NamedTuple):
    """A message that the CDK prints for a construct."""

    kind: str
    path: str
    text: str
    id: str


def notes(stack: cdk.Stack) -> list[Note]:
    """Synthesize, and return the messages for the constructs of a stack and for their resources."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    app.synth()
    return [
        Note(
            entry.type.removeprefix("aws:cdk:"),
            construct.node.path.removesuffix("/Resource"),
            *str(entry.data)[:-1].split(" [ack: "),
        )
        for construct in stack.node.find_all()
        for entry in construct.node.metadata
        if entry.type in ("aws:cdk:warning", "aws:cdk:info")
    ]


def places(stack: cdk.Stack) -> dict[str, list[str]]:
    """Return the kind and the construct of each message by its ID."""
    found: dict[str, list[str]] = {}
    for note in notes(stack):
        found.setdefault(note.id, []).append(f"{note.kind} {note.path}")
    return found


# --- errors -----------------------------------------------------------------------------------------------------------


@each_maker
def test_a_policy_with_an_error_finding_is_rejected_before_anything_is_created(stack: cdk.Stack, make: Make) -> None:
    with pytest.raises(InvalidLifecyclePolicy, match=NEVER_ACTS) as caught:
        make(stack, PLAIN.but(lifecycle=SHADOWED))

    assert caught.value.path == "Containers/It"
    assert len(caught.value.problems) == 1
    assert stack.node.children == []


@each_maker
def test_every_problem_of_a_policy_is_reported_at_once(stack: cdk.Stack, make: Make) -> None:
    with pytest.raises(InvalidLifecyclePolicy) as caught:
        make(stack, PLAIN.but(lifecycle=FOREIGN))

    assert [problem.split(":")[1].split(" ")[1:3] for problem in caught.value.problems] == [
        ["rule", "2"],
        ["rule", "3"],
    ]
    assert caught.value.problems[1].endswith("set tag_status='untagged', or correct the description")


@pytest.mark.parametrize(
    ("error", "make"),
    [
        (InvalidRepository, lambda stack: HardenedRepository(stack, "It", repository_name="No", lifecycle=SHADOWED)),
        (
            InvalidRegistry,
            lambda stack: CreationTemplate(
                stack, "It", prefix="No", applied_for=["REPLICATION"], settings=PLAIN.but(lifecycle=SHADOWED)
            ),
        ),
        (
            InvalidRegistry,
            lambda stack: PullThroughCache(
                stack, "It", upstream=Upstream.ecr_public(), prefix="No", settings=CACHED.but(lifecycle=SHADOWED)
            ),
        ),
        (
            InvalidRegistry,
            lambda stack: ReplicaRegistry(stack, "It", source_region="moon", settings=PLAIN.but(lifecycle=SHADOWED)),
        ),
    ],
    ids=MAKERS,
)
def test_with_other_problems_it_is_reported_in_their_error(
    stack: cdk.Stack, error: type[Exception], make: Callable[[cdk.Stack], object]
) -> None:
    with pytest.raises(error, match=f"(?s)(No|moon).*{NEVER_ACTS}"):
        make(stack)

    assert stack.node.children == []


def test_a_rule_that_is_added_later_and_would_never_act_is_rejected(stack: cdk.Stack) -> None:
    policy = LifecyclePolicy.of(keep_latest(10, matching="v*"), expire_untagged(keep=10))
    repository = HardenedRepository(stack, "Api", lifecycle=policy)

    with pytest.raises(
        InvalidLifecyclePolicy, match=r"rule 3 never acts: .*'Keep the newest 10 images tagged v"
    ) as caught:
        repository.add_lifecycle_rule(tag_pattern_list=["v1*"], max_image_count=3)

    assert caught.value.path == "Containers/Api"
    assert repository.lifecycle == policy


def test_a_rule_that_is_added_above_others_and_selects_all_of_their_images_is_rejected(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", lifecycle=LifecyclePolicy(rules=[by_count(5, "v*")]))

    with pytest.raises(InvalidLifecyclePolicy, match="rule 5 never acts: rule 1 selects all of its images first"):
        repository.add_lifecycle_rule(tag_pattern_list=["*"], max_image_count=3, rule_priority=1)


def test_settings_accept_every_lifecycle_policy_that_ecr_accepts() -> None:
    assert HARDENED.but(lifecycle=FOREIGN).lifecycle == LifecyclePolicy.from_json(FOREIGN.to_json())


# --- annotations and their constructs ---------------------------------------------------------------------------------

BY_PULL = LifecyclePolicy.of(archive_unpulled(after_days=120))
BY_AGE = LifecyclePolicy.of(keep_latest(10, matching="v*"), expire_untagged(after_days=14))
OFF, ONLY_V = Immutability.off(), Immutability.only_tags("v*")
ALTERNATIVES = LifecycleRule(
    rule_priority=1,
    tag_status="tagged",
    tag_prefix_list=["dev-", "pr-"],
    count_type="imageCountMoreThan",
    count_number=10,
)
STAR = LifecycleRule(
    rule_priority=1, tag_status="tagged", tag_prefix_list=["*"], count_type="imageCountMoreThan", count_number=10
)
LEFTOVERS = LifecycleRule(
    rule_priority=1,
    tag_status="any",
    count_type="sinceImagePushed",
    count_number=14,
    description="Expire untagged images of the nightly build",
)
TOLD: Mapping[str, tuple[str, LifecyclePolicy, Immutability | None]] = {
    "any-may-mean-untagged": ("warning", LifecyclePolicy(rules=[LEFTOVERS]), None),
    "never-matches": ("warning", LifecyclePolicy(rules=[by_count(1, "-*")]), None),
    "list-of-alternatives": ("warning", LifecyclePolicy(rules=[ALTERNATIVES]), None),
    "prefix-matches-another": (
        "warning",
        LifecyclePolicy.of(keep_latest(3, matching="production"), keep_latest(2, matching="prod*")),
        None,
    ),
    "age-deletes-newest": ("warning", LifecyclePolicy.of(expire_older_than(after_days=30)), None),
    "age-archives-newest": ("info", LifecyclePolicy.of(archive_older_than(after_days=30)), None),
    "can-empty-repository": (
        "info",
        LifecyclePolicy.of(keep_latest(5, matching="prod*"), expire_older_than(after_days=30)),
        None,
    ),
    "kept-images-fill-count": ("warning", LifecyclePolicy.of(keep_forever("lts-*"), limit_images(4)), None),
    "description-contradicts-rule": (
        "warning",
        LifecyclePolicy(rules=[by_count(1, "v*", description="Keep 30 images")]),
        None,
    ),
    "wildcard-in-prefix": ("warning", LifecyclePolicy(rules=[STAR]), None),
    "pattern-is-no-regular-expression": ("warning", LifecyclePolicy.of(keep_latest(3, matching="v.*")), None),
    "tags-of-a-period": ("info", LifecyclePolicy.of(keep_latest(3, matching="2026-*")), None),
    "untagged-age-counts-from-push": ("warning", BY_AGE, OFF),
    "bound-tags-expire-by-count": ("warning", LifecyclePolicy.of(keep_latest(3, matching="v*")), ONLY_V),
    "immutable-tag-is-one-image": ("warning", LifecyclePolicy.of(keep_latest(3, matching="v1")), ONLY_V),
    "last-pull-counts-scanners": ("info", BY_PULL, None),
    "any-count-counts-parts": ("info", LifecyclePolicy.of(limit_images(500)), None),
    "untagged-images-never-expire": ("info", LifecyclePolicy.of(keep_latest(3, matching="v*")), None),
    "tagged-images-never-expire": ("info", LifecyclePolicy.of(expire_untagged(keep=7)), None),
}


def test_every_finding_that_is_no_error_has_an_annotation_here() -> None:
    assert {id: kind for id, (kind, _, _) in TOLD.items()} == {
        each.id: each.severity for each in FINDING_TYPES if each.severity != "error" and not each.needs_images
    }


@pytest.mark.parametrize("id", TOLD)
def test_a_finding_is_an_annotation_of_its_kind_on_the_repository(stack: cdk.Stack, id: str) -> None:
    kind, policy, immutability = TOLD[id]
    HardenedRepository(stack, "Api", lifecycle=policy, immutability=immutability)

    assert places(stack)[annotation_id(id)] == [f"{kind} Containers/Api"]


def test_the_id_of_an_annotation_is_that_of_the_finding_in_camel_case() -> None:
    assert annotation_id("never-matches") == "ecr-constructs:neverMatches"


@pytest.mark.parametrize("id", TOLD)
def test_an_annotation_can_be_acknowledged(stack: cdk.Stack, id: str) -> None:
    kind, policy, immutability = TOLD[id]
    repository = HardenedRepository(stack, "Api", lifecycle=policy, immutability=immutability)
    answer = cdk.Annotations.of(repository)
    (answer.acknowledge_warning if kind == "warning" else answer.acknowledge_info)(annotation_id(id), "so it is meant")

    assert annotation_id(id) not in places(stack)


def test_an_annotation_gives_the_fact_and_the_remedy(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api", lifecycle=BY_AGE, immutability=OFF)

    (note,) = notes(stack)
    assert note.text == (
        "rule 2 ('Expire untagged images 14 days after push') deletes untagged images by age, and tags are mutable: "
        "ECR counts the age from the push, so an image can be deleted on the day it loses its tag; use "
        "expire_untagged(keep=...)"
    )


@pytest.mark.parametrize(
    ("maker", "place"),
    [("repository", "It"), ("template", "It"), ("cache", "It/Template"), ("replica", "It/Template")],
)
def test_every_construct_with_a_policy_has_its_annotations(stack: cdk.Stack, maker: str, place: str) -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=14), limit_images(50))
    MAKERS[maker](stack, PLAIN.but(lifecycle=policy, immutability=OFF))

    assert places(stack) == {
        "ecr-constructs:untaggedAgeCountsFromPush": [f"warning Containers/{place}"],
        "ecr-constructs:anyCountCountsParts": [f"info Containers/{place}"],
    }


def test_a_warning_stands_on_each_repository_and_an_info_once_in_a_stack(app: cdk.App) -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=14), limit_images(50))
    here, in_environment = new_stack(app, "Here"), new_stack(app, "Elsewhere")
    for stack, names in ((here, ("A", "B", "C", "D", "E", "F")), (in_environment, ("A", "B"))):
        for name in names:
            HardenedRepository(stack, name, lifecycle=policy, immutability=OFF)

    assert places(here) == {
        "ecr-constructs:untaggedAgeCountsFromPush": [f"warning Here/{name}" for name in "ABCDEF"],
        "ecr-constructs:anyCountCountsParts": ["info Here/A"],
    }
    assert notes(here)[1].text.endswith(
        "(the same finding: Here/B, Here/C, Here/D and 2 more; 'ecr-constructs lint' lists all)"
    )
    assert notes(in_environment)[1].text.endswith("(the same finding: Elsewhere/B)")


def test_policies_that_differ_have_infos_of_their_own(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Few", lifecycle=LifecyclePolicy.of(limit_images(5)))
    HardenedRepository(stack, "Many", lifecycle=LifecyclePolicy.of(limit_images(500)))

    assert places(stack) == {"ecr-constructs:anyCountCountsParts": ["info Containers/Few", "info Containers/Many"]}


def test_repositories_of_nested_stacks_and_of_stages_are_reported(app: cdk.App) -> None:
    policy = LifecyclePolicy.of(limit_images(5))
    outer = new_stack(app, "Outer")
    HardenedRepository(cdk.NestedStack(outer, "Inner"), "Api", lifecycle=policy)
    staged = new_stack(cdk.Stage(app, "Prod"), "Containers")
    HardenedRepository(staged, "Api", lifecycle=policy)

    assert places(outer) == {"ecr-constructs:anyCountCountsParts": ["info Outer/Inner/Api"]}
    assert places(staged) == {"ecr-constructs:anyCountCountsParts": ["info Prod/Containers/Api"]}


# --- rules that are added before synthesis ----------------------------------------------------------------------------


def test_a_finding_that_an_added_rule_resolves_is_not_reported(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", lifecycle=LifecyclePolicy.none())
    repository.add_lifecycle_rule(tag_pattern_list=["v*"], max_image_count=10)
    repository.add_lifecycle_rule(tag_status=ecr.TagStatus.UNTAGGED, max_image_count=10)

    assert places(stack) == {}


def test_a_finding_about_an_added_rule_is_reported(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", immutability=OFF, lifecycle=LifecyclePolicy.none())
    repository.add_lifecycle_rule(tag_status=ecr.TagStatus.UNTAGGED, max_image_age=cdk.Duration.days(3))

    assert places(stack) == {
        "ecr-constructs:untaggedAgeCountsFromPush": ["warning Containers/Api"],
        "ecr-constructs:taggedImagesNeverExpire": ["info Containers/Api"],
    }


# --- pulls of scanners ------------------------------------------------------------------------------------------------

SCANNER = f"arn:aws:iam::{ACCOUNT}:role/scanner"


def exclude(scope: Construct) -> None:
    cdk.CfnResource(scope, "Exclusion", type="AWS::ECR::PullTimeUpdateExclusion", properties={"PrincipalArn": SCANNER})


def test_an_app_that_excludes_pulls_in_the_account_and_region_has_no_info(app: cdk.App) -> None:
    here, platform = (new_stack(app, name, region="eu-west-1") for name in ("Here", "Platform"))
    HardenedRepository(here, "Api", lifecycle=BY_PULL)
    exclude(platform)

    assert places(here) == {}


def test_pulls_that_are_excluded_in_another_region_or_account_are_reported(app: cdk.App) -> None:
    here, unknown = new_stack(app, "Here", region="eu-west-1"), new_stack(app, "Unknown")
    HardenedRepository(here, "Api", lifecycle=BY_PULL)
    HardenedRepository(unknown, "Api", lifecycle=BY_PULL)
    exclude(new_stack(app, "Elsewhere", region="eu-central-1"))

    assert places(here) == {"ecr-constructs:lastPullCountsScanners": ["info Here/Api"]}
    assert places(unknown) == {"ecr-constructs:lastPullCountsScanners": ["info Unknown/Api"]}


def test_a_stack_without_an_environment_is_compared_with_its_own_exclusions(stack: cdk.Stack) -> None:
    exclude(stack)
    HardenedRepository(stack, "Api", lifecycle=BY_PULL)

    assert places(stack) == {}


# --- policies that are not checked ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [HARDENED, ADOPTED, EPHEMERAL, CREATED, CACHED],
    ids=["HARDENED", "ADOPTED", "EPHEMERAL", "CREATED", "CACHED"],
)
@pytest.mark.parametrize(
    "immutability",
    [None, Immutability.all_tags(), OFF, ONLY_V, Immutability.all_tags_except("dev-*")],
    ids=["as it is", "all", "off", "some", "all but some"],
)
def test_a_default_policy_has_no_annotation(
    stack: cdk.Stack, settings: RepositorySettings, immutability: Immutability | None
) -> None:
    HardenedRepository(stack, "Api", settings=settings, immutability=immutability)

    assert places(stack) == {}


def test_a_repository_with_the_defaults_has_no_annotation(app: cdk.App) -> None:
    stack = new_stack(app, "Containers", region="eu-central-1")
    PrivateRegistry(stack, "Registry")
    PullThroughCache(stack, "Cache", upstream=Upstream.ecr_public())
    CreationTemplate(stack, "Teams", prefix=Namespace("teams"), applied_for=["CREATE_ON_PUSH"])
    ReplicaRegistry(stack, "Replica", source_region="eu-west-1")

    assert places(stack) == {}


@pytest.mark.parametrize(
    "policy",
    [
        LifecyclePolicy.none(),
        LifecyclePolicy.of(keep_latest(10, matching="release-*"), expire_untagged(after_days=1)),
        LifecyclePolicy.of(expire_older_than(after_days=14, matching="pr-*"), expire_untagged(after_days=1)),
    ],
    ids=["none", "releases", "previews"],
)
def test_a_policy_without_findings_has_no_annotation(stack: cdk.Stack, policy: LifecyclePolicy) -> None:
    HardenedRepository(stack, "Api", lifecycle=policy)

    assert places(stack) == {}


def test_a_finding_is_reported_once_in_several_syntheses() -> None:
    app = new_app()
    stack = new_stack(app, "Containers")
    HardenedRepository(stack, "Api", lifecycle=LifecyclePolicy.of(limit_images(5)))
    app.synth()
    app.synth(force=True)

    assert places(stack) == {"ecr-constructs:anyCountCountsParts": ["info Containers/Api"]}
