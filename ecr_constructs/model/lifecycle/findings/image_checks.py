"""What becomes of images under a policy that its author may not have thought of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.findings.context import CheckContext, RawFinding, named
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.rule_coverage import matches_all_tags
from ecr_constructs.model.tags import ExclusionFilter, TagPattern, TagPrefix

__all__ = ["remarks_on_images"]

_EVERY_TAG = (TagPattern("*"),)


def remarks_on_images(case: CheckContext) -> Iterator[RawFinding]:
    """
    Say what a policy does to images, or leaves undone.

    Args:
        case: The policy, with what is known of the repository.

    """
    for rule in case.acting():
        yield from _untagged_age(case, rule)
        yield from _bound_by_count(case, rule)
        yield from _last_pull(rule)
        yield from _parts(case, rule)
    yield from _staying(case)


def _untagged_age(case: CheckContext, rule: LifecycleRule) -> Iterator[RawFinding]:
    if (rule.tag_status, rule.count_type, rule.action) != ("untagged", "sinceImagePushed", "expire"):
        return
    if case.immutability is not None and not case.immutability.has_mutable_tags:
        return
    where, remedy = "tags can move, and ", "use expire_untagged(keep=...) instead"
    if case.immutability is None:
        where, remedy = "", "where tags can move, use expire_untagged(keep=...) instead"
    sentence = (
        f"{where}{named(rule)} expires untagged images by age; ECR counts the age from the push, so an image may go on "
        "the day it loses its tag"
    )
    yield RawFinding("untagged-age-counts-from-push", rule, sentence, remedy)


def _bound_by_count(case: CheckContext, rule: LifecycleRule) -> Iterator[RawFinding]:
    if (rule.count_type, rule.action) != ("imageCountMoreThan", "expire") or rule.tag_status == "untagged":
        return
    bound = case.immutability
    if bound is None or not bound.filters:
        return
    filters = tuple(map(ExclusionFilter, bound.filters))
    fate = _bound_by_name if bound.mode == "MUTABLE_WITH_EXCLUSION" else _bound_among_movable
    if what := fate(rule, case.above(rule), filters):
        remedy = "give the bound tags a rule of their own before it, as keep_forever(...) or an age does"
        yield RawFinding("bound-tags-expire-by-count", rule, f"{named(rule)} {what}", remedy)


def _bound_by_name(
    rule: LifecycleRule, above: Sequence[LifecycleRule], filters: Sequence[ExclusionFilter]
) -> str | None:
    """Tell of tags that the repository binds by name, and the rule lets go for the next that are pushed."""
    for each in filters:
        is_taken = any(other.selectors and all(wide.subsumes(each) for wide in other.selectors) for other in above)
        if not is_taken and any(selector.overlaps(each) for selector in rule.selectors or _EVERY_TAG):
            what = f"expires images tagged {each.value!r} by count, and the repository binds these tags"
            return f"{what}: a few pushes in a row, and a release is gone"
    return None


def _bound_among_movable(
    rule: LifecycleRule, above: Sequence[LifecycleRule], filters: Sequence[ExclusionFilter]
) -> str | None:
    """Tell of tags that can move, and whose pushes push out images of bound tags."""
    selectors = rule.selectors or _EVERY_TAG
    is_about_movable = any(each.subsumes(selector) for each in filters for selector in selectors)
    bound_come_first = any(other.selectors and not _overlap(other.selectors, filters) for other in above)
    if is_about_movable or bound_come_first:
        return None
    for each in filters:
        # A filter without `*` is one tag, and one image has it.
        if "*" in each.value and _overlap(selectors, [each]):
            return f"counts images of bound tags together with those tagged {each.value!r}, whose pushes push them out"
    return None


def _overlap(selectors: Sequence[TagPattern | TagPrefix], filters: Sequence[ExclusionFilter]) -> bool:
    return any(each.overlaps(selector) for each in filters for selector in selectors)


def _last_pull(rule: LifecycleRule) -> Iterator[RawFinding]:
    if rule.count_type == "sinceImagePulled":
        sentence = (
            f"{named(rule)} goes by the last pull, and scanners and mirrors pull too, so what nobody runs may look "
            "alive; ECR leaves out Amazon Inspector by itself"
        )
        remedy = "name the roles that do not count in AWS::ECR::PullTimeUpdateExclusion, once for the account"
        yield RawFinding("last-pull-counts-scanners", rule, sentence, remedy)


def _parts(case: CheckContext, rule: LifecycleRule) -> Iterator[RawFinding]:
    if (rule.tag_status, rule.count_type) != ("any", "imageCountMoreThan"):
        return
    what = "each platform of an index, each signature and each SBOM takes one of its places"
    if case.images is not None:
        counted = [image for image in case.images if image.status != "archived"]
        parts = sum(map(_is_part, counted))
        what = f"of the {len(counted)} there are, {parts} are untagged or about others, as platforms and SBOMs are"
        if not parts:
            return
    remedy = "count tagged images only, by the pattern '*', or allow for the parts"
    yield RawFinding("any-count-counts-parts", rule, f"{named(rule)} counts every image: {what}", remedy)


def _is_part(image: Image) -> bool:
    return not image.tags or image.subject_digest is not None


def _staying(case: CheckContext) -> Iterator[RawFinding]:
    standard = [rule for rule in case.rules if rule.storage_class == "standard"]
    first = next((rule for rule in standard if rule.tag_status != "tagged"), None)
    if first is None or first.is_keep_rule:
        sentence = (
            "no rule expires or archives untagged images, and a push over a tag that can move leaves one each time"
        )
        yield RawFinding("untagged-images-never-expire", None, sentence, "add a rule, as expire_untagged(...) does")
    if not any(_takes_tagged(rule, case.above(rule)) for rule in case.acting()):
        sentence = "no rule expires or archives tagged images, and with every new tag there is one more"
        yield RawFinding("tagged-images-never-expire", None, sentence, "add a rule, as keep_latest(...) does")


def _takes_tagged(rule: LifecycleRule, above: Sequence[LifecycleRule]) -> bool:
    if rule.storage_class == "archive" or rule.tag_status == "untagged":
        return False
    return rule.tag_status == "tagged" or not any(map(matches_all_tags, above))
