"""Rules that never act, and rules that do something else than they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from ecr_constructs.model.grammar import shown
from ecr_constructs.model.remarks import Case, Remark, named
from ecr_constructs.model.rules import LifecycleRule
from ecr_constructs.model.shadows import rules_that_shadow, takes_every_tag

__all__ = ["remarks_on_rules"]

_SAYS_UNTAGGED = re.compile(r"\buntagged\b|\b(?:without|with no) (?:a |any )?tags?\b", re.IGNORECASE)
# Words by which a description may be about more than untagged images, or about all but them.
_SAYS_MORE = re.compile(
    r"\b(?:all|also|and|any|both|but|each|every|everything|except|exclud\w+|includ\w+|never|not|or|other|others|plus|"
    r"tagged|too|unless)\b",
    re.IGNORECASE,
)


def remarks_on_rules(case: Case) -> Iterator[Remark]:
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


def _shadowed(case: Case, rule: LifecycleRule) -> Iterator[Remark]:
    shadow = rules_that_shadow(rule, case.above(rule))
    if not shadow:
        return
    if len(shadow) == 1:
        why = f"every image that it selects belongs to {named(shadow[0])}, which comes first"
    else:
        why = "tagged images belong to {} and the others to {}, which come first".format(*map(named, shadow))
    remedy = "leave it out, which changes nothing, or give it a smaller priority"
    yield Remark("shadowed-rule", rule, f"{named(rule)} never acts: {why}", remedy)


def _described_as_untagged(case: Case, rule: LifecycleRule) -> Iterator[Remark]:
    text = rule.description or ""
    rest, says_untagged = _SAYS_UNTAGGED.subn("", text)
    if rule.tag_status != "any" or not says_untagged or _SAYS_MORE.search(rest):
        return
    if not any(map(takes_every_tag, case.above(rule))):
        verb = "expires" if rule.action == "expire" else "archives"
        sentence = f"{named(rule)} speaks of untagged images, and it selects 'any': it {verb} tagged ones too"
        remedy = "write tag_status 'untagged', or describe what it does"
        yield Remark("any-described-as-untagged", rule, sentence, remedy)


def _never_matching(case: Case, rule: LifecycleRule) -> Iterator[Remark]:
    if strange := [each.value for each in rule.selectors if each.value[0] in ".-"]:
        sentence = f"{named(rule)} selects tags like {shown(strange[0])}, and no tag begins with {strange[0][0]!r}"
        yield Remark("never-matches", rule, sentence, "correct it, or leave the rule out")
    elif case.images and rule.selectors and not _is_matched(case, rule):
        what = " and ".join(shown(each.value) for each in rule.selectors)
        sentence = f"{named(rule)} selects tags like {what}, and no image of the repository has such tags"
        remedy = "correct it if it is misspelled; leave the rule out if nobody pushes such tags any more"
        yield Remark("never-matches", rule, sentence, remedy)


def _is_matched(case: Case, rule: LifecycleRule) -> bool:
    if len(rule.selectors) == 1:
        return any(map(rule.selectors[0].matches, case.tags))
    return any(rule.selects_tags(image.tags) for image in case.images or ())


def _alternatives(case: Case, rule: LifecycleRule) -> Iterator[Remark]:
    apart = next((pair for pair in combinations(rule.selectors, 2) if not pair[0].overlaps(pair[1])), None)
    if apart is None or _says_and(rule) or _is_matched(case, rule):
        return
    sentence = (
        "{} lists {} and {}, and ECR reads a list as AND: it selects only images that have a tag of each kind"
    ).format(named(rule), *(shown(each.value) for each in apart))
    remedy = "write one rule for each; if AND is meant, let the description say 'tagged A and B'"
    yield Remark("list-of-alternatives", rule, sentence, remedy)


def _says_and(rule: LifecycleRule) -> bool:
    """Tell whether the author says that AND is meant, as the descriptions of intents do."""
    text = rule.description or ""
    return " and " in text and all(each.value in text for each in rule.selectors)


def _prefixes(case: Case, rule: LifecycleRule) -> Iterator[Remark]:
    for selector in rule.selectors:
        word, star, rest = selector.pattern.partition("*")
        if not star or rest or not word[-1:].isalpha():
            continue
        if found := _other_rule(case, rule, word) or _other_word(case, word):
            sentence = f"{named(rule)} selects every tag that begins with {shown(word)}, and so {found}"
            remedy = f"end it where the word ends, as in {shown(selector.value.replace(word, f'{word}-'))}"
            yield Remark("prefix-matches-another", rule, sentence, remedy)


def _other_rule(case: Case, rule: LifecycleRule, word: str) -> str | None:
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
                return f"those like {shown(head)} of {named(other)}: {effect}"
    return None


def _other_word(case: Case, word: str) -> str | None:
    """Name a tag in which the word goes on, if there is one in which it ends."""
    begun = {tag for tag in case.tags if tag.startswith(word)}
    longer = {tag for tag in begun if _goes_on(word, tag)}
    return f"both {shown(min(begun - longer))} and {shown(min(longer))}" if longer and longer < begun else None


def _goes_on(word: str, text: str) -> bool:
    return text.startswith(word) and text[len(word) : len(word) + 1].isalpha()
