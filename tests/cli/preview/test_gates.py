"""Gates: a gate passes only if no selected image is affected for certain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.preview.build import build
from ecr_constructs.cli.preview.gates import GateResult, GateViolation, read_gate
from ecr_constructs.cli.preview.result import PreviewReport
from ecr_constructs.cli.sources.policies import UnreadablePolicy
from ecr_constructs.cli.sources.records import AwsDecision, Policy, Repository
from ecr_constructs.model import Image, LifecyclePolicy, archive_older_than, expire_older_than
from ecr_constructs.testing import untagged_images
from tests.cli.listings import HISTORY, NOW, RELEASES, policy

V1, V2, V3, V4 = RELEASES


def report(
    images: list[Image] = HISTORY,
    *,
    of: Policy | None = None,
    aws: tuple[AwsDecision, ...] | None = None,
    runs: tuple[Image, ...] = (),
    **values: Any,
) -> PreviewReport:
    in_use = {image.digest: ("service prod/api",) for image in runs}
    repository = Repository(name="api", images=tuple(images), in_use=in_use, aws_preview=aws)
    preview = build(of or policy(repository="api"), repository, NOW)
    return PreviewReport(at=NOW, previews=(preview,), is_live=True, **values)


def caught(gate: str, seen: PreviewReport) -> list[Image]:
    return decided(read_gate(gate).evaluate(seen))


def decided(result: GateResult) -> list[Image]:
    """Return the images of a gate that is about images."""
    return [catch.decision.image for catch in result.violations if isinstance(catch, GateViolation)]


# --- violations -------------------------------------------------------------------------------------------------------


def test_an_image_in_use_that_would_be_deleted_fails_the_gate() -> None:
    result = read_gate("in-use").evaluate(report(runs=(V1, V4)))

    assert not result.has_passed
    assert [str(catch) for catch in result.violations] == [
        (
            "api: v1 would be deleted by rule 1: it is not among the newest 2 that the rule selects; "
            "in use by service prod/api"
        )
    ]
    assert result.remedy == (
        "keep images in use: tag an image when it is deployed, and put keep_forever for that tag first"
    )


def test_a_gate_passes_if_images_in_use_are_kept() -> None:
    assert read_gate("in-use").evaluate(report(runs=(V3, V4))).has_passed


def test_an_image_in_use_must_not_be_archived_either() -> None:
    archiving = policy(LifecyclePolicy.of(archive_older_than(after_days=5, matching="v*")), repository="api")

    assert caught("in-use", report(of=archiving, runs=(V1, V4))) == [V1]
    assert "would be archived by rule 1" in str(
        read_gate("in-use").evaluate(report(of=archiving, runs=(V1,))).violations[0]
    )


def test_uncertain_images_are_violations_too() -> None:
    index = replace(V4, manifest_media_type="application/vnd.oci.image.index.v1+json")
    child = untagged_images(days=4, until=NOW)[0]
    result = read_gate("in-use").evaluate(report([index, child], runs=(child,)))

    assert decided(result) == [child]
    assert [catch.is_certain for catch in result.violations] == [False]
    assert " might be deleted by rule 2: " in str(result.violations[0])


def test_the_preview_of_ecr_overrides_the_local_evaluation_in_a_gate() -> None:
    takes = (AwsDecision(digest=V4.digest, action="expire", rule_priority=1),)

    assert caught("in-use", report(aws=takes, runs=(V1, V4))) == [V4]


def test_an_image_with_such_a_tag_must_not_be_deleted() -> None:
    cases: list[tuple[str, list[Image]]] = [("expires:v*", [V1, V2]), ("expires:v1", [V1]), ("expires:v3", [])]
    for gate, images in cases:
        result = read_gate(gate).evaluate(report())

        assert decided(result) == images
        assert result.has_passed == (not images)


def test_one_of_several_tags_is_enough() -> None:
    also_stable = replace(V1, tags=["stable", "v1"])

    assert caught("expires:stable", report([also_stable, *HISTORY[1:]])) == [also_stable]


def test_a_gate_for_deletions_passes_if_images_are_archived() -> None:
    archiving = policy(LifecyclePolicy.of(archive_older_than(after_days=5, matching="v*")), repository="api")

    assert read_gate("expires:v*").evaluate(report(of=archiving)).has_passed


def test_a_violation_has_the_tag_that_the_gate_matches() -> None:
    images = [replace(image, tags=(f"main-{image.tags[0]}", *image.tags)) for image in RELEASES]
    violations = read_gate("expires:v*").evaluate(report(images=images)).violations

    assert [str(each).split(" would")[0] for each in violations] == ["api: v1 (+1)", "api: v2 (+1)"]


def test_the_fix_of_a_pattern_names_it() -> None:
    sentence = (
        "keep such images: put keep_forever('v*') first "
        "(in JSON, a first rule for v* with imageCountMoreThan 999999), or keep more of them"
    )

    assert read_gate("expires:v*").evaluate(report()).remedy == sentence


def test_a_pattern_that_matches_no_image_is_a_finding() -> None:
    notes = {gate: read_gate(gate).evaluate(report()).note for gate in ("expires:relaese-*", "expires:v3", "in-use")}

    assert notes == {
        "expires:relaese-*": "no image has a tag that matches relaese-*",
        "expires:v3": None,
        "in-use": None,
    }
    assert read_gate("expires:relaese-*").evaluate(report()).has_passed
    assert read_gate("expires:relaese-*").evaluate(report(problems=("web: access denied",))).note is None


# --- incomplete data --------------------------------------------------------------------------------------------------


def unknown(seen: PreviewReport, gate: str = "expires:stable") -> tuple[str, ...]:
    result = read_gate(gate).evaluate(seen)
    assert result.violations == ()
    assert result.has_passed == (not result.unknown)
    return result.unknown


def test_no_outcome_is_unknown_if_every_repository_is_previewed() -> None:
    assert unknown(report()) == ()


def test_a_problem_fails_every_gate() -> None:
    assert unknown(report(problems=("web: access denied",))) == (
        "1 problem prevented a preview, as reported above; fix it first",
    )


def test_a_creation_template_has_no_effect_on_a_gate() -> None:
    of_template = report(of=policy(prefix="prod"), runs=(V1,))

    (sentence,) = unknown(of_template, "in-use")
    assert sentence == (
        "only creation templates match, and ECR does not apply them to existing repositories; nothing to check"
    )
    assert unknown(of_template, "expires:v*") == (sentence,)


def test_in_listings_a_repository_that_is_missing_may_be_there_all_the_same() -> None:
    missing = policy(repository="web", where="cdk.out: App/Web")
    seen = report(without_images=(missing,))

    assert unknown(replace(seen, is_live=False)) == (
        "the images of web were not given; list them, or choose the repositories to check with --repository",
    )
    assert unknown(seen) == ()


def test_a_few_of_many_missing_repositories_are_named() -> None:
    missing = tuple(policy(repository=name) for name in "abcde")

    assert unknown(replace(report(without_images=missing), is_live=False)) == (
        (
            "the images of a, b, c and 2 more were not given; list "
            "them, or choose the repositories to check with --repository"
        ),
    )


def test_a_policy_of_an_unknown_repository_fails_the_gate() -> None:
    assert unknown(report(without_images=(policy(where="cdk.out: App/Web"),))) == (
        "the repository of cdk.out: App/Web has no known name; choose the repositories to check with --repository",
    )


def test_the_usage_of_images_that_run_in_another_account_is_unknown() -> None:
    assert unknown(report(), "in-use") == (
        (
            "images would be deleted or archived, and no image of these repositories is reported in use; if workloads "
            "run in another account or Region, or outside of Amazon ECS and Amazon Inspector, use expires:PATTERN"
        ),
    )
    assert unknown(report(), "expires:stable") == ()
    assert unknown(report([V3, V4]), "in-use") == ()
    assert unknown(report(runs=(V4,)), "in-use") == ()


def test_missing_templates_and_policies_without_rules_are_accepted() -> None:
    missing = (policy(prefix="web"), policy(LifecyclePolicy.none(), repository="web"))

    assert unknown(replace(report(without_images=missing), is_live=False)) == ()


@pytest.mark.parametrize(
    ("prefix", "sentences"),
    [(None, ("App/Api: worked out later, or choose the repositories to check with --repository",)), ("prod", ())],
)
def test_a_policy_that_cannot_be_read_fails_the_gate(prefix: str | None, sentences: tuple[str, ...]) -> None:
    unread = UnreadablePolicy(where="App/Api", prefix=prefix, problems=("worked out later",), is_invalid=False)

    assert unknown(report(unread=(unread,))) == sentences


def test_unlisted_images_that_ecr_deletes_can_have_any_tag() -> None:
    late = AwsDecision(digest="sha256:" + "9" * 64, action="expire", rule_priority=1)

    assert unknown(report(aws=(late,))) == (
        "api: ECR's preview deletes or archives 1 image pushed after the images were listed; run the command again",
    )
    assert unknown(report(aws=(late,), runs=(V4,)), "in-use") == ()
    assert unknown(report(aws=(replace(late, action="archive"),))) == ()


def test_an_image_in_use_that_is_not_listed_fails_the_gate() -> None:
    late = replace(V4, digest="sha256:" + "9" * 64)
    takes = (AwsDecision(digest=late.digest, action="archive", rule_priority=1),)

    assert len(unknown(report(aws=takes, runs=(late,)), "in-use")) == 1


# --- the syntax of gates ----------------------------------------------------------------------------------------------


def test_only_a_gate_about_images_in_use_needs_an_account() -> None:
    assert read_gate("in-use").needs_account
    assert not read_gate("expires:v*").needs_account


def test_an_unknown_gate_is_rejected() -> None:
    cases: list[str] = ["", "inuse", "IN-USE", "expires", "archives:v*", "expire:v*"]
    for text in cases:
        with pytest.raises(CommandError) as refused:
            read_gate(text)

        assert refused.value.path == "--fail-if"
        assert refused.value.problems == (
            (
                f"{text!r} is unknown; write in-use, empties, newest, loses: and a percentage such as loses:50%, "
                "findings: and a severity such as findings:HIGH, or expires: and a tag pattern such as "
                "expires:release-*"
            ),
        )


@pytest.mark.parametrize("text", ["100%", "150%", "50", "-5%", "half"])
def test_a_percentage_is_less_than_100_and_only_100_has_the_gate_for_all_images(text: str) -> None:
    with pytest.raises(CommandError) as refused:
        read_gate(f"loses:{text}")

    (problem,) = refused.value.problems
    assert problem.startswith(f"'{text}' is not a percentage from 0% to less than 100%; write it as loses:50%")
    assert problem.endswith(", or empties for all images") == (text == "100%")


def test_the_pattern_is_one_of_the_lifecycle_language() -> None:
    cases: list[str] = ["", "a*b*c*d*e*", "a b", "v?"]
    for pattern in cases:
        with pytest.raises(CommandError, match="tag pattern"):
            read_gate(f"expires:{pattern}")


def test_the_policy_decides_nothing_about_how_a_gate_is_read() -> None:
    everything = policy(LifecyclePolicy.of(expire_older_than(after_days=5, matching="v*")), repository="api")

    assert caught("expires:*", report(of=everything)) == [V1, V2, V3]
    assert read_gate("expires:*").text == "expires:*"
