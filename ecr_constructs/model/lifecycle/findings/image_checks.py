"""Checks of consequences for images that are easily overlooked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.findings.context import CheckContext, rule_label
from ecr_constructs.model.lifecycle.findings.finding_type import Match, finding_type
from ecr_constructs.model.lifecycle.rule import MORE_IMAGES_THAN_FIT, LifecycleRule
from ecr_constructs.model.lifecycle.rule_coverage import matches_all_tags
from ecr_constructs.model.tags import ExclusionFilter, TagPattern, TagPrefix

__all__: list[str] = []

_EVERY_TAG = (TagPattern("*"),)


# --- untagged-age-counts-from-push ------------------------------------------------------------------------------------


@finding_type(
    "untagged-age-counts-from-push",
    severity="warning",
    summary="A rule deletes untagged images by age, and tags are mutable.",
    remedy="{condition}use expire_untagged(keep=...)",
    json_remedy='{condition}use "countType": "imageCountMoreThan"',
    reason="""
        ECR counts the age of an untagged image from its *push*, not from the moment it lost its tag. If the image of
        `latest` was pushed a month ago and another image gets the tag today, the old image is deleted today, and a
        rollback to it is no longer possible. If every tag is immutable, an untagged image never had a tag, and the rule
        is not reported. If the immutability is not known, the rule is reported.
    """,
    fix="""
        Limit the number of untagged images with `expire_untagged(keep=...)`, or make the tags immutable.
    """,
    example="""
        from ecr_constructs import Immutability, LifecyclePolicy, expire_untagged, keep_latest

        policy = LifecyclePolicy.of(keep_latest(10, matching="v*"), expire_untagged(after_days=14))
        finding = policy.findings(immutability=Immutability.all_tags_except("latest"))[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
)
def _untagged_age_counts_from_push(context: CheckContext) -> Iterator[Match]:
    if context.immutability is not None and not context.immutability.has_mutable_tags:
        return
    is_known = context.immutability is not None
    for rule in context.effective_rules():
        if (rule.tag_status, rule.count_type, rule.action) == ("untagged", "sinceImagePushed", "expire"):
            sentence = (
                f"{rule_label(rule)} deletes untagged images by age{', and tags are mutable' if is_known else ''}: ECR "
                "counts the age from the push, so an image can be deleted on the day it loses its tag"
            )
            yield Match(rule, sentence, {"condition": "" if is_known else "if tags are mutable, "})


# --- bound-tags-expire-by-count ---------------------------------------------------------------------------------------


@finding_type(
    "bound-tags-expire-by-count",
    severity="warning",
    summary="A count rule deletes images with immutable tags, and other tags of the repository are mutable.",
    remedy="add a rule for the immutable tags before it, such as keep_forever(...) or an age rule",
    json_remedy='add a rule for the immutable tags with a smaller "rulePriority", and "countNumber": 999999 or an age',
    reason="""
        Making only some tags immutable marks them as releases. A count rule ignores age: ten builds in one afternoon
        can delete a running release and free its tag for another image. With `Immutability.only_tags`, a count rule
        that deletes images with these tags is reported. With `Immutability.all_tags_except`, a rule that counts
        immutable and mutable tags together is reported, unless a rule before it selects immutable tags only, because
        each push of a mutable tag can delete an image with an immutable tag. If every tag is immutable, or the
        immutability is not known, no rule is reported.
    """,
    fix="""
        Add a rule for the immutable tags before it: `keep_forever(...)`, or an age rule.
    """,
    example="""
        from ecr_constructs import Immutability, LifecyclePolicy, expire_untagged, keep_latest

        policy = LifecyclePolicy.of(keep_latest(50, matching="*"), expire_untagged(keep=100))
        finding = policy.findings(immutability=Immutability.all_tags_except("dev-*"))[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
)
def _immutable_tags_by_count(context: CheckContext) -> Iterator[Match]:
    immutability = context.immutability
    if immutability is None or not immutability.filters:
        return
    filters = tuple(map(ExclusionFilter, immutability.filters))
    fact = _deletes_immutable if immutability.mode == "MUTABLE_WITH_EXCLUSION" else _counts_mutable_together
    for rule in context.effective_rules():
        is_deletion_by_count = (rule.count_type, rule.action) == ("imageCountMoreThan", "expire")
        text = fact(rule, context.preceding_rules(rule), filters)
        if text and is_deletion_by_count and rule.tag_status != "untagged":
            yield Match(rule, f"{rule_label(rule)} {text}")


def _deletes_immutable(
    rule: LifecycleRule, preceding: Sequence[LifecycleRule], filters: Sequence[ExclusionFilter]
) -> str | None:
    """Return the fact if the rule deletes images with tags that match a filter. Only these tags are immutable."""
    for each in filters:
        is_covered = any(
            other.selectors and all(wide.subsumes(each) for wide in other.selectors) for other in preceding
        )
        if not is_covered and any(selector.overlaps(each) for selector in rule.selectors or _EVERY_TAG):
            fact = f"deletes images tagged {each.value!r} by count, and these tags are immutable"
            return f"{fact}: a few pushes in a short time can delete a release"
    return None


def _counts_mutable_together(
    rule: LifecycleRule, preceding: Sequence[LifecycleRule], filters: Sequence[ExclusionFilter]
) -> str | None:
    """Return the fact if the rule counts tags that match a filter with others. Only the others are immutable."""
    selectors = rule.selectors or _EVERY_TAG
    is_mutable_only = any(each.subsumes(selector) for each in filters for selector in selectors)
    immutable_precede = any(other.selectors and not _overlap(other.selectors, filters) for other in preceding)
    if is_mutable_only or immutable_precede:
        return None
    for each in filters:
        # A filter without `*` is one tag, and only one image has it.
        if "*" in each.value and _overlap(selectors, [each]):
            fact = f"counts images with immutable tags together with images tagged {each.value!r}, which are mutable"
            return f"{fact}: each push of these can delete one with an immutable tag"
    return None


def _overlap(selectors: Sequence[TagPattern | TagPrefix], filters: Sequence[ExclusionFilter]) -> bool:
    return any(each.overlaps(selector) for each in filters for selector in selectors)


# --- immutable-tag-is-one-image ---------------------------------------------------------------------------------------


@finding_type(
    "immutable-tag-is-one-image",
    severity="warning",
    summary="A rule limits the number of images with one immutable tag, and there is never more than one.",
    remedy="use a pattern with '*', or Immutability.all_tags_except({tag!r}) if the tag is to be reassigned",
    json_remedy="use a pattern with '*', or exclude the tag from the immutability if it is to be reassigned",
    reason="""
        A pattern without `*` selects one tag. If the tag is immutable, ECR rejects a second push of it, so only one
        image has it, and a rule that deletes images above a number never acts. A rule with the number 999999 keeps the
        image, and is not reported. If the immutability is not known, no rule is reported.
    """,
    fix="""
        Select the tags of all builds with a pattern such as `release-*`. If the tag is to be reassigned, exclude it
        with `Immutability.all_tags_except(...)`.
    """,
    example="""
        from ecr_constructs import Immutability, LifecyclePolicy, keep_latest

        policy = LifecyclePolicy.of(keep_latest(150, matching="latest"))
        finding = policy.findings(immutability=Immutability.all_tags())[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
)
def _immutable_tag_is_one_image(context: CheckContext) -> Iterator[Match]:
    if context.immutability is None:
        return
    for rule in context.effective_rules():
        is_deletion_by_count = (rule.count_type, rule.action) == ("imageCountMoreThan", "expire")
        if not is_deletion_by_count or rule.count_number >= MORE_IMAGES_THAN_FIT:
            continue
        for tag in rule.tag_pattern_list:
            if "*" not in tag and context.immutability.is_immutable(tag):
                sentence = (
                    f"{rule_label(rule)} limits the number of images tagged {tag!r}, which is an immutable tag: one "
                    "image has it, a second push of it fails, and the rule never acts"
                )
                yield Match(rule, sentence, {"tag": tag})


# --- last-pull-counts-scanners ----------------------------------------------------------------------------------------


@finding_type(
    "last-pull-counts-scanners",
    severity="info",
    summary="A rule archives by last pull, and pulls by scanners count.",
    remedy="exclude the roles of scanners with AWS::ECR::PullTimeUpdateExclusion, in each account and Region",
    reason="""
        A scanner, a mirror or a backup that pulls all images every week resets the last pull of every image, and the
        rule archives nothing. ECR ignores the pulls of Amazon Inspector, and those of up to 100 excluded principals in
        an account. A policy does not show whether principals are excluded. An app does: constructs do not report this
        finding if the app has an `AWS::ECR::PullTimeUpdateExclusion` in the same account and Region, for any
        principal. Exclusions that are created elsewhere are not detected.
    """,
    fix="""
        Exclude the roles that pull images and run none:
        `aws_ecr.CfnPullTimeUpdateExclusion(stack, "Scanner", principal_arn=...)`. Acknowledge the finding if they are
        excluded elsewhere.
    """,
    example="""
        from ecr_constructs import LifecyclePolicy, archive_unpulled, delete_archived

        policy = LifecyclePolicy.of(archive_unpulled(after_days=120), delete_archived(after_days=180))
        finding = policy.findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
)
def _last_pull_counts_scanners(context: CheckContext) -> Iterator[Match]:
    for rule in context.effective_rules():
        if rule.count_type == "sinceImagePulled":
            sentence = (
                f"{rule_label(rule)} archives by last pull, and pulls by scanners and mirrors count, so it can keep "
                "images that no workload runs; ECR ignores the pulls of Amazon Inspector"
            )
            yield Match(rule, sentence)


# --- any-count-counts-parts -------------------------------------------------------------------------------------------


@finding_type(
    "any-count-counts-parts",
    severity="info",
    summary="A rule counts all images, including platform images, signatures and SBOMs.",
    remedy="count tagged images only, with keep_latest(..., matching='*'), or use a larger number",
    json_remedy='count tagged images only, with "tagPatternList": ["*"], or use a larger "countNumber"',
    reason="""
        An image for two platforms is three images in ECR: the image index, and one image for each platform. With a
        signature and an SBOM it is five. The newest 500 images are then 100 builds. Rules before it do not change this,
        because ECR counts their images too. With images, a rule is reported only if some are untagged or refer to
        another image; the sentence has their number.
    """,
    fix="""
        Count tagged images: `keep_latest(500, matching="*")`. ECR keeps the images that an image index references as
        long as the index exists. Otherwise use a larger number.
    """,
    example="""
        from ecr_constructs import LifecyclePolicy, limit_images

        finding = LifecyclePolicy.of(limit_images(500)).findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
    reads_images=True,
)
def _any_count_counts_parts(context: CheckContext) -> Iterator[Match]:
    rules = [r for r in context.effective_rules() if (r.tag_status, r.count_type) == ("any", "imageCountMoreThan")]
    fact = "each platform image of an image index, each signature and each SBOM is one image"
    if rules and context.images is not None:
        counted = [image for image in context.present_images() if image.status != "archived"]
        parts = sum(map(_is_part, counted))
        fact = f"of the {len(counted)}, {parts} are untagged or refer to another image, as platform images and SBOMs do"
        if not parts:
            return
    for rule in rules:
        yield Match(rule, f"{rule_label(rule)} counts all images: {fact}")


def _is_part(image: Image) -> bool:
    return not image.tags or image.subject_digest is not None


# --- untagged-images-never-expire, tagged-images-never-expire ---------------------------------------------------------


@finding_type(
    "untagged-images-never-expire",
    severity="info",
    summary="No rule deletes or archives untagged images.",
    remedy="add a rule for them, such as expire_untagged(...)",
    json_remedy='add a rule with "tagStatus": "untagged"',
    reason="""
        Each push of a mutable tag that exists leaves an untagged image, and so does each deleted image index: its
        platform images remain. They are stored, billed and scanned. A rule with a number that no repository reaches
        (100,000 images, or 100 years) keeps images, and deletes and archives none.
    """,
    fix="""
        Add `expire_untagged(keep=...)`, or `expire_untagged(after_days=...)` if every tag is immutable.
    """,
    example="""
        from ecr_constructs import LifecyclePolicy, keep_latest

        finding = LifecyclePolicy.of(keep_latest(10, matching="v*")).findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
)
def _untagged_images_never_expire(context: CheckContext) -> Iterator[Match]:
    rules = (rule for rule in context.rules if rule.storage_class == "standard" and rule.tag_status != "tagged")
    first = next(rules, None)
    if first is None or first.is_keep_rule:
        sentence = "no rule deletes or archives untagged images, and each push of an existing mutable tag leaves one"
        yield Match(None, sentence)


@finding_type(
    "tagged-images-never-expire",
    severity="info",
    summary="No rule deletes or archives tagged images.",
    remedy="add a rule for them, such as keep_latest(...)",
    json_remedy='add a rule with "tagPatternList" and "countType": "imageCountMoreThan"',
    reason="""
        If each build pushes a new tag, the repository grows to its quota of 100,000 images, and the next push fails.
        The finding is not reported if one rule acts on some tagged images.
    """,
    fix="""
        Add `keep_latest(...)` for the tags of builds. Acknowledge the finding if all tagged images are to be kept.
    """,
    example="""
        from ecr_constructs import LifecyclePolicy, expire_untagged

        finding = LifecyclePolicy.of(expire_untagged(keep=20)).findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
)
def _tagged_images_never_expire(context: CheckContext) -> Iterator[Match]:
    if not any(_selects_tagged(rule, context.preceding_rules(rule)) for rule in context.effective_rules()):
        yield Match(None, "no rule deletes or archives tagged images, and each new tag adds one")


def _selects_tagged(rule: LifecycleRule, preceding: Sequence[LifecycleRule]) -> bool:
    if rule.storage_class == "archive" or rule.tag_status == "untagged":
        return False
    return rule.tag_status == "tagged" or not any(map(matches_all_tags, preceding))
