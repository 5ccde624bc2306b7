"""
Every example of a lifecycle policy in the documentation of AWS, with its outcome.

The policies are those of the pages. Where a page has a policy and no repository, the test has images for its heading.
The pages:

- https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html
- https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
- https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
- https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html
- https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutLifecyclePolicy.html, whose policy is also the one
  of API_StartLifecyclePolicyPreview.html, of API_GetLifecyclePolicyPreview.html and of the manual of the command line
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ecr_constructs.errors import InvalidName
from ecr_constructs.model import Evaluation, Image, LifecyclePolicy, TagPattern, TagPrefix
from ecr_constructs.model.lifecycle.outcome import UndocumentedBehavior

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
EXPIRE = {"type": "expire"}
ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}


def image(name: str, *tags: str, days: float, **more: Any) -> Image:
    """Return the image that a page names by a letter, pushed a number of days ago."""
    return Image(digest=f"sha256:{name:0>64}", tags=tags, pushed_at=NOW - timedelta(days=days), **more)


def rule(priority: int, description: str, selection: dict[str, Any], action: dict[str, str]) -> dict[str, Any]:
    return {"rulePriority": priority, "description": description, "selection": selection, "action": action}


def newest(count: int, *patterns: str, status: str = "tagged") -> dict[str, Any]:
    tags = {"tagStatus": status, "tagPatternList": list(patterns)} if patterns else {"tagStatus": status}
    return {**tags, "countType": "imageCountMoreThan", "countNumber": count}


def names(images: tuple[Image, ...]) -> str:
    return "".join(sorted(each.digest.removeprefix("sha256:").lstrip("0") for each in images))


def evaluated(document: dict[str, Any], *images: Image) -> Evaluation:
    policy = LifecyclePolicy.from_dict(document)

    assert LifecyclePolicy.from_json(policy.to_json()) == policy
    return policy.evaluate(images, at=NOW)


def by_rule(evaluation: Evaluation) -> dict[int, str]:
    """Return the images that each rule expires or archives."""
    numbers = sorted({decision.rule.rule_priority for decision in evaluation.decisions if decision.rule})
    return {
        number: names(
            tuple(each.image for each in evaluation.decisions if each.rule and each.rule.rule_priority == number)
        )
        for number in numbers
    }


def kept(evaluation: Evaluation) -> dict[str, int | None]:
    """Return the rule that selects each image that is kept."""
    return {
        names((each.image,)): each.rule.rule_priority if each.rule else None
        for each in sorted(evaluation.kept, key=lambda each: each.image.digest)
    }


# --- lifecycle_policy_examples.html: repositories with an outcome -----------------------------------------------------


class Example(NamedTuple):
    """An example of a page, the images that each rule expires, and the rule that selects each other image."""

    name: str
    rules: list[dict[str, Any]]
    images: list[Image]
    taken: dict[int, str]
    kept: dict[str, int | None]


PROD_1 = newest(1, "prod*")
BETA_1 = newest(1, "beta*")
THREE = [
    image("A", "beta-1", "prod-1", days=10),
    image("B", "beta-2", "prod-2", days=9),
    image("C", "beta-3", days=8),
]
OUTCOMES = [
    Example(
        "multiple rules, A: B is seen by rule 1, and nothing goes in its place",
        [rule(1, "Rule 1", PROD_1, EXPIRE), rule(2, "Rule 2", BETA_1, EXPIRE)],
        THREE,
        taken={1: "A"},
        kept={"B": 1, "C": 2},
    ),
    Example(
        "multiple rules, B: rule 2 sees no image that rule 1 left",
        [rule(1, "Rule 1", BETA_1, EXPIRE), rule(2, "Rule 2", PROD_1, EXPIRE)],
        THREE,
        taken={1: "AB"},
        kept={"C": 1},
    ),
    Example(
        "multiple tags, A: an image must match all entries",
        [
            rule(
                1,
                "Rule 1",
                {
                    "tagStatus": "tagged",
                    "tagPatternList": ["alpha*", "beta*"],
                    "countType": "sinceImagePushed",
                    "countNumber": 5,
                    "countUnit": "days",
                },
                EXPIRE,
            )
        ],
        [
            image("A", "alpha-1", days=12),
            image("B", "beta-1", days=11),
            image("C", "alpha-2", "beta-2", days=10),
            image("D", "alpha-3", days=4),
            image("E", "beta-3", days=3),
            image("F", "alpha-4", "beta-4", days=2),
        ],
        taken={1: "C"},
        kept={"A": None, "B": None, "D": None, "E": None, "F": 1},
    ),
    Example(
        "multiple tags, B: further tags do not matter",
        [rule(1, "Rule 1", newest(1, "alpha*", "beta*"), EXPIRE)],
        [
            image("A", "alpha-1", "beta-1", "gamma-1", days=10),
            image("B", "alpha-2", "beta-2", days=9),
            image("C", "alpha-3", "beta-3", "gamma-2", days=8),
        ],
        taken={1: "AB"},
        kept={"C": 1},
    ),
    Example(
        "all images, A: the newest stays, tagged or not",
        [rule(1, "Rule 1", newest(1, status="any"), EXPIRE)],
        [
            image("A", "alpha-1", days=4),
            image("B", "beta-1", days=3),
            image("C", days=2),
            image("D", "alpha-2", days=1),
        ],
        taken={1: "ABC"},
        kept={"D": 1},
    ),
    Example(
        "all images, B: what is one day old is not older than one day; of two of an age the later listed is newer",
        [
            rule(1, "Rule 1", newest(1, "alpha*"), EXPIRE),
            rule(
                2,
                "Rule 2",
                {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 1},
                EXPIRE,
            ),
            rule(3, "Rule 3", newest(1, status="any"), EXPIRE),
        ],
        [
            image("A", "alpha-1", "beta-1", days=4),
            image("B", days=3),
            image("C", "alpha-2", days=2),
            image("D", "git hash", days=1),
            image("E", days=1),
        ],
        taken={1: "A", 2: "B", 3: "D"},
        kept={"C": 1, "E": 2},
    ),
]


@pytest.mark.parametrize("example", OUTCOMES, ids=[example.name for example in OUTCOMES])
def test_an_example_has_the_outcome_of_the_page(example: Example) -> None:
    evaluation = evaluated({"rules": example.rules}, *example.images)

    assert by_rule(evaluation) == example.taken
    assert kept(evaluation) == example.kept
    assert evaluation.uncertain == ()


def test_no_other_tie_gives_the_outcome_of_the_second_example_of_all_images() -> None:
    """
    If D, which is listed first, were the newer one, rule 3 would keep it. Therefore the order of the list is the order
    of age.
    """
    example = OUTCOMES[-1]
    *others, d, e = example.images

    assert by_rule(evaluated({"rules": example.rules}, *others, e, d)) == {1: "A", 2: "B"}


# --- lifecycle_policy_examples.html: policies without a repository ----------------------------------------------------


class Printed(NamedTuple):
    """A policy of a page, and the images that are expired or kept according to its heading."""

    name: str
    rules: list[dict[str, Any]]
    expired: list[Image]
    archived: list[Image]
    kept: list[Image]


NOT_PULLED = rule(
    1,
    "Archive images not pulled in 90 days",
    {"tagStatus": "any", "countType": "sinceImagePulled", "countUnit": "days", "countNumber": 90},
    ARCHIVE,
)
FOURTEEN_DAYS = rule(
    1,
    "Expire images older than 14 days",
    {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14},
    EXPIRE,
)


def archived_for_a_year(priority: int) -> dict[str, Any]:
    return rule(
        priority,
        "Expire images archived for more than 365 days",
        {
            "tagStatus": "any",
            "storageClass": "archive",
            "countType": "sinceImageTransitioned",
            "countUnit": "days",
            "countNumber": 365,
        },
        EXPIRE,
    )


def in_archive(name: str, *tags: str, days: float) -> Image:
    return image(name, *tags, days=days + 100, status="archived", archived_at=NOW - timedelta(days=days))


def pulled(name: str, *tags: str, days: float) -> Image:
    return image(name, *tags, days=days + 100, last_pulled_at=NOW - timedelta(days=days))


PRINTED = [
    Printed(
        "filtering on image age",
        [
            rule(
                1,
                "Expire images older than 14 days",
                {
                    "tagStatus": "tagged",
                    "tagPatternList": ["prod*"],
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 14,
                },
                EXPIRE,
            )
        ],
        expired=[image("A", "prod", days=15), image("B", "production-7", "latest", days=99)],
        archived=[],
        kept=[image("C", "prod-2", days=14), image("D", "test-prod", days=99), image("E", days=99)],
    ),
    Printed(
        "filtering on last pulled time",
        [NOT_PULLED],
        expired=[],
        archived=[pulled("A", "v1", days=91), image("B", days=91)],
        kept=[pulled("C", "v2", days=90), image("D", "v3", days=1)],
    ),
    Printed(
        "filtering on archive transition time",
        [archived_for_a_year(1)],
        expired=[in_archive("A", "v1", days=366), in_archive("B", days=1000)],
        archived=[],
        kept=[in_archive("C", "v2", days=365), image("D", "v3", days=1000)],
    ),
    Printed(
        "filtering on image count",
        [rule(1, "Keep only one untagged image, expire all others", newest(1, status="untagged"), EXPIRE)],
        expired=[image("A", days=3), image("B", days=2)],
        archived=[],
        kept=[image("C", days=1), image("D", "v1", days=4)],
    ),
    Printed(
        "archiving images older than a specified number of days",
        [
            rule(
                1,
                "Archive production images older than 30 days",
                {
                    "tagStatus": "tagged",
                    "tagPatternList": ["prod*"],
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 30,
                },
                ARCHIVE,
            )
        ],
        expired=[],
        archived=[image("A", "prod-1", days=31)],
        kept=[image("B", "prod-2", days=30), image("C", "test-1", days=31), in_archive("D", "prod-0", days=31)],
    ),
    Printed(
        "archiving images not pulled in a specified number of days",
        [NOT_PULLED],
        expired=[],
        archived=[pulled("A", "v1", days=91)],
        kept=[pulled("B", "v2", days=89)],
    ),
    Printed(
        "combining archive and expire rules",
        [
            rule(
                1,
                "Archive images older than 30 days",
                {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 30},
                ARCHIVE,
            ),
            archived_for_a_year(2),
        ],
        expired=[in_archive("A", "v1", days=366)],
        archived=[image("B", "v2", days=31), image("C", days=99)],
        kept=[in_archive("D", "v3", days=365), image("E", "v4", days=30)],
    ),
    Printed(
        "the example of the API and of the command line",
        [FOURTEEN_DAYS],
        expired=[image("A", days=15)],
        archived=[],
        kept=[image("B", days=14), image("C", "v1", days=15)],
    ),
]


@pytest.mark.parametrize("printed", PRINTED, ids=[printed.name for printed in PRINTED])
def test_a_policy_of_the_user_guide_has_the_effect_of_its_heading(printed: Printed) -> None:
    evaluation = evaluated({"rules": printed.rules}, *printed.expired, *printed.archived, *printed.kept)

    assert names(tuple(each.image for each in evaluation.expired)) == names(tuple(printed.expired))
    assert names(tuple(each.image for each in evaluation.archived)) == names(tuple(printed.archived))
    assert names(tuple(each.image for each in evaluation.kept)) == names(tuple(printed.kept))
    assert evaluation.uncertain == ()


def test_the_policy_text_of_ecr_equals_ours() -> None:
    """The answer to PutLifecyclePolicy, as API_PutLifecyclePolicy.html and the manual of the command line print it."""
    answer = (
        '{"rules":[{"rulePriority":1,"description":"Expire images older than 14 days","selection":{"tagStatus":'
        '"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}'
    )

    assert LifecyclePolicy.from_json(json.dumps({"rules": [FOURTEEN_DAYS]}, indent=4)).to_json() == answer


def test_a_preview_over_no_images_expires_none() -> None:
    """API_GetLifecyclePolicyPreview.html prints one: no results, and a total of 0."""
    evaluation = evaluated({"rules": [FOURTEEN_DAYS]})

    assert (evaluation.decisions, evaluation.kept, evaluation.uncertain) == ((), (), ())


# --- the template, and the rules about tags in the documentation ------------------------------------------------------


def test_the_template_names_the_fields_that_a_rule_may_have() -> None:
    """Each alternative of lifecycle_policy_examples.html#lifecycle_policy_syntax is in some policy here."""
    printed = [each for example in PRINTED for each in example.rules] + [each for e in OUTCOMES for each in e.rules]

    assert {each["selection"]["tagStatus"] for each in printed} == {"tagged", "untagged", "any"}
    assert {each["selection"]["countType"] for each in printed} == {
        "imageCountMoreThan",
        "sinceImagePushed",
        "sinceImagePulled",
        "sinceImageTransitioned",
    }
    assert {tuple(each["action"].values()) for each in printed} == {("expire",), ("transition", "archive")}


def test_patterns_and_prefixes_match_the_tags_that_the_pages_name() -> None:
    """LifecyclePolicies.html, and the properties page for the last."""
    cases: list[tuple[TagPattern | TagPrefix, list[str]]] = [
        (TagPattern("prod*"), ["prod", "prod1", "production-team1", "prod2"]),
        (TagPattern("*prod*"), ["repo-production", "prod-team"]),
        (TagPrefix("prod"), ["prod", "prod1", "prod2"]),
    ]
    for selector, matching in cases:
        assert [tag for tag in matching if not selector.matches(tag)] == []


def test_four_wildcards_are_the_most() -> None:
    """LifecyclePolicies.html and lifecycle_policy_parameters.html print one valid list, and one invalid list."""
    assert [TagPattern(text).value for text in ("*test*1*2*3", "test*1*2*3*")] == ["*test*1*2*3", "test*1*2*3*"]
    with pytest.raises(InvalidName, match="ECR allows 4"):
        TagPattern("test*1*2*3*4*5*6")


# --- a run of a policy, as CloudTrail records it ----------------------------------------------------------------------


def test_an_image_of_an_index_is_selected_and_kept() -> None:
    """
    The record of a run in logging-using-cloudtrail.html#cloudtrail-examples-lcp.

    One rule keeps the newest 2 of all images. It deleted two tagged images, and failed for an untagged one that was
    pushed after them, because an index refers to it. So the rule counted that image, which was not among the newest 2.
    """
    record = {"rulePriority": 1, "description": "remove all images > 2", "action": EXPIRE}
    record["selection"] = newest(2, status="any")

    def pushed(name: str, *tags: str, milliseconds: int, **more: Any) -> Image:
        then = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=milliseconds)
        return Image(digest=f"sha256:{name:0>64}", tags=tags, pushed_at=then, **more)

    alpine = pushed("A", "alpine", milliseconds=1584042813000)
    centos = pushed("B", "centos", milliseconds=1584042842000)
    failed = pushed("C", milliseconds=1584042844000)
    # The record does not list the kept images. The index itself fits if it has one more image for another platform.
    other = pushed("D", milliseconds=1584042845000)
    index = pushed("E", milliseconds=1584042846000, referenced_digests=[failed.digest, other.digest])
    evaluation = LifecyclePolicy.from_dict({"rules": [record]}).evaluate(
        [alpine, centos, failed, other, index], at=datetime(2020, 3, 12, 20, 22, 12, tzinfo=timezone.utc)
    )

    assert names(tuple(each.image for each in (*evaluation.expired, *evaluation.uncertain))) == "AB"
    assert kept(evaluation) == {"C": 1, "D": 1, "E": 1}


# --- docs/lifecycle.md ------------------------------------------------------------------------------------------------

PAGE = (Path(__file__).parents[3] / "docs" / "lifecycle.md").read_text(encoding="utf-8")


def test_the_page_lists_every_reason_for_uncertainty() -> None:
    _, _, table = PAGE.partition("| reason | why it is not known | uncertain images |\n| --- | --- | --- |\n")
    rows = table.partition("\n\n")[0].splitlines()

    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [each.value for each in UndocumentedBehavior]


def test_the_page_links_every_page_that_the_examples_come_from() -> None:
    assert __doc__ is not None
    guide = re.findall(r"https://\S+/userguide/\S+", __doc__)

    assert len(guide) == 4
    assert [url for url in guide if url not in PAGE] == []
