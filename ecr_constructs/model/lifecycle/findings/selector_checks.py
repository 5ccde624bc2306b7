"""Checks of tag patterns and prefixes that do not select the tags that their author means."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ecr_constructs.model.lifecycle.findings.context import CheckContext, rule_label
from ecr_constructs.model.lifecycle.findings.finding_type import Match, finding_type
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.rule_coverage import matches_all_tags
from ecr_constructs.model.validation import abbreviate

__all__: list[str] = []

# --- wildcard-in-prefix -----------------------------------------------------------------------------------------------


@finding_type(
    "wildcard-in-prefix",
    severity="warning",
    summary="A tag prefix contains `*`, which is not a wildcard there, so no tag matches.",
    remedy="write {python}",
    json_remedy="write {json}",
    reason="""
        Only `tagPatternList` has wildcards. In `tagPrefixList`, `*` is an ordinary character that no tag contains, and
        the rule never acts: `["*"]` does not select every tag.
    """,
    fix="""
        Write the list as patterns: `tag_pattern_list=["*"]`, in a document `"tagPatternList": ["*"]`. Preview the
        policy afterwards, because the rule then acts.
    """,
    example="""
        from ecr_constructs import LifecyclePolicy, LifecycleRule

        rule = LifecycleRule(
            rule_priority=1,
            tag_status="tagged",
            tag_prefix_list=["*"],
            count_type="imageCountMoreThan",
            count_number=30,
        )
        finding = LifecyclePolicy(rules=[rule]).findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
)
def _wildcard_in_prefix(context: CheckContext) -> Iterator[Match]:
    for rule in context.rules:
        if found := next((each for each in rule.tag_prefix_list if "*" in each), None):
            sentence = (
                f"{rule_label(rule)} has the tag prefix {abbreviate(found)}, and '*' is not a wildcard in a prefix: no "
                "tag contains it, so the rule never acts"
            )
            patterns = [each if each.endswith("*") else f"{each}*" for each in rule.tag_prefix_list]
            listed = ", ".join(f'"{each}"' for each in patterns)
            yield Match(
                rule,
                sentence,
                {"python": f"tag_pattern_list=[{listed}]", "json": f'"tagPatternList": [{listed}]'},
            )


# --- pattern-is-no-regular-expression ---------------------------------------------------------------------------------

# In `v1.*` the dot follows a digit, and separates the parts of a version. In `*-beta.*` it follows the name of a
# prerelease, as in the version 1.0.0-beta.1.
_ANY_CHARACTERS = re.compile(
    r"(?<![0-9*.])(?<![-.]rc)(?<![-.]dev)(?<![-.]pre)(?<![-.]beta)(?<![-.]alpha)(?<![-.]next)(?<![-.]canary)"
    r"(?<![-.]preview)(?<![-.]snapshot)\.(?=\*)",
    re.IGNORECASE,
)


@finding_type(
    "pattern-is-no-regular-expression",
    severity="warning",
    summary="A tag pattern is written like a regular expression, and its dot matches only a dot.",
    remedy="write {pattern}",
    reason="""
        In a tag pattern, only `*` is special. The pattern `v.*` matches `v.1`, and not `v1`. A pattern is reported if
        `.*` is at its beginning, or after a letter, `-` or `_`. A dot that separates the parts of a version, as in
        `v1.*` and `*-beta.*`, is not reported. With images, a pattern that matches a tag of the repository is not
        reported.
    """,
    fix="""
        Write `v*` for every tag that begins with `v`. Preview the policy afterwards, because the rule then selects more
        images.
    """,
    example="""
        from ecr_constructs import LifecyclePolicy, expire_untagged, keep_latest

        policy = LifecyclePolicy.of(keep_latest(10, matching="v.*"), expire_untagged(keep=20))
        finding = policy.findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
    reads_images=True,
)
def _pattern_is_no_regular_expression(context: CheckContext) -> Iterator[Match]:
    for rule in context.rules:
        for selector in rule.selectors:
            meant = _ANY_CHARACTERS.sub("", selector.value)
            if meant != selector.value and not any(map(selector.matches, context.tags)):
                sentence = (
                    f"{rule_label(rule)} has the tag pattern {abbreviate(selector.value)}, in which '.' matches only a "
                    "dot: a pattern is not a regular expression"
                )
                yield Match(rule, sentence, {"pattern": abbreviate(meant)})


# --- tags-of-a-period -------------------------------------------------------------------------------------------------

_MONTHS = (
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec"
)
_YEAR = re.compile(
    r"(?<!\d)20[1-9]\d(?:[-_.]?(?:q[1-4]|(?:0[1-9]|1[0-2])(?:[-_.]?(?:0[1-9]|[12]\d|3[01]))?)(?!\d))?(?!\d)"
    r"|(?<![a-z])[cf]y[-_.]?[2-9]\d(?!\d)",
    re.IGNORECASE,
)
# Before a number like a year: a hash, a pull request, a version, or a product that is named after a year.
_NO_YEAR_BEFORE = re.compile(
    r"(?:\d\.|(?<![a-z])(?:sha|commit|git|hash|pr|mr|pull|issue|ticket|ltsc|windows|win|server|sql|mssql|vs|al|"
    r"amazonlinux|amazon-linux|oracle|oneapi|matlab|texlive|es)[-_.]?)$",
    re.IGNORECASE,
)
# Of the names of months, these are also other words.
_MONTH = re.compile(
    rf"(?<![a-z])(?:{'|'.join(_MONTHS.split())})(?![a-z])(?=.*20[1-9]\d)|"
    r"(?<![a-z])(?:january|february|april|june|july|august|september|october|november|december)(?![a-z])|"
    r"(?<![a-z])(?:feb|aug|sept|oct|nov)(?=[-_.])",
    re.IGNORECASE,
)
# A year of two digits: beside the name of a month, as in `nov26-*`, or at the begin with a month of two digits, as in
# `26.11.*`. A version such as `1.2.*`, `v24.04.*` or `ubuntu-24.04-*` is none.
_SHORT_YEAR = re.compile(
    rf"(?<![a-z0-9])(?P<named>(?:{'|'.join(_MONTHS.split())})[-_.]?(?:2[4-9]|3\d)"
    rf"|(?:2[4-9]|3\d)[-_.]?(?:{'|'.join(_MONTHS.split())}))(?![a-z0-9])"
    r"|^(?:(?:build|nightly|rel|release|snapshot)[-_.]?)?(?P<numbers>(?:2[4-9]|3\d)[-_.](?:0[1-9]|1[0-2]))(?!\d)",
    re.IGNORECASE,
)
_SPRINT = re.compile(
    r"(?<![a-z])(?:(?:sprint|iteration|milestone|quarter|week)[-_.]?\d{1,4}|q[1-4](?![a-z0-9]))", re.IGNORECASE
)


@finding_type(
    "tags-of-a-period",
    severity="info",
    summary="A rule selects tags of a year, a month or a sprint, and newer images have other tags.",
    remedy="select the tags of every period, or change the rule before the period ends",
    reason="""
        A pattern such as `2026-*`, `release-2026.11.*`, `nov26-*` or `sprint-12-*` stops matching new images when the
        year, the month or the sprint ends. From then on the rule does not apply to the images that are pushed. They are
        kept without limit, or another rule of the policy applies to them.
    """,
    fix="""
        Select the tags of every period, such as `20*` or `release-*`. If only this period is intended, acknowledge the
        finding.
    """,
    example="""
        from ecr_constructs import LifecyclePolicy, expire_untagged, keep_latest

        policy = LifecyclePolicy.of(keep_latest(10, matching="release-2026-*"), expire_untagged(keep=20))
        finding = policy.findings()[0]
        print(f"{finding.severity} {finding.id}: {finding.sentence}")
    """,
)
def _tags_of_a_period(context: CheckContext) -> Iterator[Match]:
    for rule in context.rules:
        for selector in rule.selectors:
            if found := _period(selector.pattern):
                sentence = (
                    f"{rule_label(rule)} selects tags of {found!r}: when this period ends, it does not apply to newer "
                    f"images{_other_rule(context, rule)}"
                )
                yield Match(rule, sentence)
                break


def _period(pattern: str) -> str | None:
    """Return the year, month or sprint that an open pattern names. A pattern without `*` is one tag."""
    if "*" not in pattern:
        return None
    if short := _SHORT_YEAR.search(pattern):
        return short["named"] or short["numbers"]
    years = (match for match in _YEAR.finditer(pattern) if not _NO_YEAR_BEFORE.search(pattern[: match.start()]))
    found = next(years, None) or _MONTH.search(pattern) or _SPRINT.search(pattern)
    return found.group() if found else None


def _other_rule(context: CheckContext, rule: LifecycleRule) -> str:
    """Return the rule that applies to the newer images, as the end of a sentence."""
    for each in context.rules:
        selects_all = each.tag_status == "any" or matches_all_tags(each)
        if each is not rule and each.storage_class == rule.storage_class and selects_all:
            return f", to which rule {each.rule_priority} applies instead"
    return ", which no rule for all tags deletes or archives" if not rule.is_keep_rule else ", which it does not keep"
