"""Rules that never act, and rules that do something else than they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations, permutations, product
from typing import TypeAlias

from ecr_constructs.model.lifecycle.findings.context import CheckContext, RawFinding, named
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.rule_coverage import matches_all_tags, shadowing_rules
from ecr_constructs.model.tags import TagPattern, TagPrefix
from ecr_constructs.model.validation import abbreviate

__all__ = ["remarks_on_rules"]

_UNTAGGED = re.compile(
    r"\b(?:(?:all |any )?(?:un-?tagged|dangling)|(?:without|(?:with|has|have|having) no) (?:a |any )?tags?"
    r"|no tags?(?=[.!]?$))\b",
    re.IGNORECASE,
)
_UNTAGGED_BY_NAME = re.compile(r"\b(?:un-?tagged|dangling)\b", re.IGNORECASE)
# What says how many or how old, and nothing of which images.
_PLAIN_WORD = re.compile(
    r"a|after|aged?|an|archives?|are|at|be|been|clean(?:s|up)?|containers?|days?|deletes?|docker|drops?|ecr|expires?|for|"
    r"from|has|have|hours?|if|images?|in|is|keeps?|last|latest|max|maximum|months?|more|most|newest|of|old|older|oldest|"
    r"only|prunes?|purges?|push|pushed|recent|removes?|repository|retains?|since|than|that|the|they|to|up|weeks?|when|"
    r"which|years?|one|two|three|four|five|six|seven|ten|fourteen|thirty",
    re.IGNORECASE,
)
# Words by which a description may be about more than untagged images, or about all but them.
_SAYS_MORE = re.compile(
    r"[/&+]|\b(?:all|also|and|any|both|but|each|every|everything|except|exclud\w+|includ\w+|irrespective|never|not|or|"
    r"other|others|plus|regardless|tagged|too|total|unless|whatever|whether|with)\b",
    re.IGNORECASE,
)
# The words in which intents say that AND is meant.
_TAGGED_AND = re.compile(r"\btagged (\S+(?: and \S+)+)")
_MARKS = ".,;:!'\"`()"
_Selector: TypeAlias = "TagPattern | TagPrefix"


def remarks_on_rules(case: CheckContext) -> Iterator[RawFinding]:
    """
    Say what is odd about the rules by themselves.

    Args:
        case: The policy; images tell of tags that nobody pushes.

    """
    for rule in case.rules:
        yield from _shadowed(case, rule)
        yield from _described_as_untagged(case, rule)
        yield from _never_matching(case, rule)
        yield from _alternatives(case, rule)
        yield from _prefixes(case, rule)


def _shadowed(case: CheckContext, rule: LifecycleRule) -> Iterator[RawFinding]:
    shadow = shadowing_rules(rule, case.above(rule))
    if not shadow:
        return
    if len(shadow) == 1:
        why = f"every image that it selects belongs to {named(shadow[0])}, which comes first"
    else:
        why = "tagged images belong to {} and the others to {}, which come first".format(*map(named, shadow))
    remedy = "leave it out, which changes nothing, or give it a smaller priority"
    yield RawFinding("shadowed-rule", rule, f"{named(rule)} never acts: {why}", remedy)


def _described_as_untagged(case: CheckContext, rule: LifecycleRule) -> Iterator[RawFinding]:
    text, above = rule.description or "", case.above(rule)
    if rule.tag_status != "any" or rule.is_keep_rule or any(map(matches_all_tags, above)):
        return
    verb = "expires" if rule.action == "expire" else "archives"
    sentence = f"{named(rule)} speaks of untagged images, and it selects 'any': it {verb} tagged ones too"
    # Where a rule above takes the untagged ones, a word about them may be about that rule.
    is_single = all(each.tag_status != "untagged" for each in above)
    if _is_about_untagged(text) and is_single:
        remedy = "write tag_status 'untagged', or describe what it does"
        yield RawFinding("any-described-as-untagged", rule, sentence, remedy)
    elif _is_about_untagged(text) or (_may_be_about_untagged(text) and is_single):
        remedy = "write tag_status 'untagged' if only these are meant, or say in the description what else it selects"
        yield RawFinding("any-may-mean-untagged", rule, sentence, remedy)


def _is_about_untagged(text: str) -> bool:
    """Tell whether a description says nothing of which images but that they have no tag."""
    rest, times = _UNTAGGED.subn("", text)
    # After a comma or a colon may come other images: "Keep last 10 images, delete untagged after 1 day".
    is_one_clause = re.fullmatch(r"[\w >='\"]*[.!]?", rest)
    return bool(times and is_one_clause and all(map(_PLAIN_WORD.fullmatch, re.findall(r"[^\W\d_]+", rest))))


def _may_be_about_untagged(text: str) -> bool:
    rest, times = _UNTAGGED_BY_NAME.subn("", text)
    return bool(times and not _SAYS_MORE.search(rest))


def _never_matching(case: CheckContext, rule: LifecycleRule) -> Iterator[RawFinding]:
    if strange := [each.value for each in rule.selectors if each.value[0] in ".-"]:
        sentence = f"{named(rule)} selects tags like {abbreviate(strange[0])}, and no tag begins with {strange[0][0]!r}"
        yield RawFinding("never-matches", rule, sentence, "correct it, or leave the rule out")
    elif case.images and rule.selectors and not _is_matched(case, rule):
        what = " and ".join(abbreviate(each.value) for each in rule.selectors)
        sentence = f"{named(rule)} selects tags like {what}, and no image of the repository has such tags"
        remedy = "correct it if it is misspelled; leave the rule out if nobody pushes such tags any more"
        yield RawFinding("never-matches", rule, sentence, remedy)


def _is_matched(case: CheckContext, rule: LifecycleRule) -> bool:
    if len(rule.selectors) == 1:
        return any(map(rule.selectors[0].matches, case.tags))
    return any(rule.selects_tags(image.tags) for image in case.images or ())


def _alternatives(case: CheckContext, rule: LifecycleRule) -> Iterator[RawFinding]:
    kinds, remedy = "a tag of each kind", "if AND is meant, let the description say 'tagged A and B'"
    pair = next((pair for pair in permutations(rule.selectors, 2) if pair[0].subsumes(pair[1])), None)
    if pair is not None:
        wide, narrow = (abbreviate(each.value) for each in pair)
        kinds, remedy = f"a tag like {narrow}, and {wide} changes nothing", f"if AND is meant, leave {wide} out"
    elif not _says_and(rule):
        pair = _joined_by_or(rule) or (None if _is_matched(case, rule) else _apart(rule))
    if pair is not None:
        lists = "{} lists {} and {}".format(named(rule), *(abbreviate(each.value) for each in pair))
        sentence = f"{lists}, and ECR reads a list as AND: it selects only images that have {kinds}"
        yield RawFinding("list-of-alternatives", rule, sentence, f"write one rule for each; {remedy}")


def _apart(rule: LifecycleRule) -> tuple[_Selector, _Selector] | None:
    """Give two entries that no tag matches together."""
    return next((pair for pair in combinations(rule.selectors, 2) if not pair[0].overlaps(pair[1])), None)


def _says_and(rule: LifecycleRule) -> bool:
    """Tell whether the author says that AND is meant, as intents do; by a mere "and" people mean one as well as two."""
    listed = {each.value.strip(_MARKS) for each in rule.selectors}
    said = _TAGGED_AND.findall(rule.description or "")
    return any({word.strip(_MARKS) for word in words.split(" and ")} == listed for words in said)


def _joined_by_or(rule: LifecycleRule) -> tuple[_Selector, _Selector] | None:
    """Give two entries between which the description has "or" or a slash, and few other words."""
    entries = {_core(each.value): each for each in rule.selectors}
    words = re.findall(r"[\w*.-]+|/", rule.description or "")
    for i, word in enumerate(words):
        if word.lower() in ("or", "/"):
            before, after = map(_core, words[max(0, i - 2) : i]), map(_core, words[i + 1 : i + 4])
            for one, other in product(before, after):
                if one != other and one in entries and other in entries:
                    return entries[one], entries[other]
    return None


def _core(text: str) -> str:
    """Give what people write of a pattern in a sentence."""
    return text.strip("*._-").lower()


def _prefixes(case: CheckContext, rule: LifecycleRule) -> Iterator[RawFinding]:
    for selector in rule.selectors:
        word, star, rest = selector.pattern.partition("*")
        if not star or rest or not word[-1:].isalpha():
            continue
        if found := _other_rule(case, rule, word) or _other_word(case, word):
            sentence = f"{named(rule)} selects every tag that begins with {abbreviate(word)}, and so {found}"
            remedy = f"end it where the word ends, as in {abbreviate(selector.value.replace(word, f'{word}-'))}"
            yield RawFinding("prefix-matches-another", rule, sentence, remedy)


def _other_rule(case: CheckContext, rule: LifecycleRule, word: str) -> str | None:
    """Name a longer word that another rule is about, if that makes a difference."""
    above = case.above(rule)
    for other in case.rules:
        # What belongs to a rule above is safe from an age, but takes places of a count.
        is_harmless = other in above and rule.count_type != "imageCountMoreThan"
        if other is rule or other.storage_class != rule.storage_class or is_harmless:
            continue
        effect = "they take places of its count" if other in above else "they belong to it"
        for selector in other.selectors:
            head = selector.pattern.partition("*")[0]
            if _goes_on(word, head):
                return f"those like {abbreviate(head)} of {named(other)}: {effect}"
    return None


def _other_word(case: CheckContext, word: str) -> str | None:
    """Name a tag in which the word goes on, if there is one in which it ends."""
    begun = {tag for tag in case.tags if tag.startswith(word)}
    longer = {tag for tag in begun if _goes_on(word, tag)}
    return (
        f"both {abbreviate(min(begun - longer))} and {abbreviate(min(longer))}" if longer and longer < begun else None
    )


def _goes_on(word: str, text: str) -> bool:
    return text.startswith(word) and text[len(word) : len(word) + 1].isalpha()
