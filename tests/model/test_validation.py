"""Constraints of strings: accepted and rejected texts, and messages with the value, the limit and the fix."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.errors import InvalidName
from ecr_constructs.model import validation as grammars
from ecr_constructs.model.validation import StringConstraint, is_token
from tests.model.lifecycle.strategies import TOKENS

GRAMMARS = {name: value for name, value in vars(grammars).items() if isinstance(value, StringConstraint)}
each_grammar = pytest.mark.parametrize("grammar", GRAMMARS.values(), ids=GRAMMARS.keys())

LEGAL = {
    "ACCOUNT_ID": ["111122223333"],
    "CACHE_PREFIX": ["docker-hub", "a/b/", "ROOT"],
    "EXCLUSION_FILTER": ["latest", "dev-*", "*-*", "A.b_c"],
    "IMAGE_DIGEST": [f"sha256:{'0a' * 32}", f"sha512:{'0a' * 64}"],
    "IMAGE_TAG": ["latest", "_1", "V1.2-rc_3"],
    "NAMESPACE": ["a", "prod", "prod/web"],
    "ORGANIZATIONAL_UNIT": ["o-abc1234567/r-ab12", "o-abc1234567/r-ab12/ou-ab12-11111111/ou-ab12-22222222"],
    "ORGANIZATION_ID": ["o-abc1234567", f"o-{'a' * 32}"],
    "REGION": ["eu-west-1", "us-gov-east-1", "ap-southeast-12"],
    "REGISTRY_HOST": ["localhost", "localhost:5000", "public.ecr.aws", "a-b.c--d.example:65535"],
    "REPLICATION_FILTER": ["prod", "prod/", "a--", "ab/cd.e_"],
    "REPOSITORY_NAME": ["ab", "a--b", "a__b/c.d"],
    "REPOSITORY_PATTERN": ["*", "library/*", "a--b", "prod/*-api", "a" * 256],
    "ROLE_ARN": [
        "arn:aws:iam::111122223333:role/builder",
        "arn:aws-cn:iam::111122223333:role/ci/*",
        "arn:aws:iam::111122223333:role/a_b+c=d,e.f@g-h",
    ],
    "SCAN_FILTER": ["*", "prod", "prod/*", "*a.b_c-d"],
    "SIGNING_FILTER": ["*", "prod", "prod/*", "*a.b_c-d/*"],
    "TAG_PATTERN": ["*", "v*", "a*b*c*d*", "-._"],
    "TAG_PREFIX": ["v", "-", "release-1.", "*"],
    "TEMPLATE_PREFIX": ["a", "prod/web/", "ROOT"],
}
ILLEGAL = {
    "ACCOUNT_ID": ["11112222333", "1111222233334", "a11122223333", "٣11122223333"],
    "CACHE_PREFIX": ["a", "root/*", "Root", "a//b", "/a"],
    "EXCLUSION_FILTER": ["", "a*b*c*", "a/b", "ä", "a" * 129],
    "IMAGE_DIGEST": ["", "sha256:", f"sha256:{'0A' * 32}", f"sha256:{'0a' * 33}", f"md5:{'0' * 32}", "0a" * 32],
    "IMAGE_TAG": ["", ".a", "-a", "a b", "a:b", "a" * 129],
    "NAMESPACE": ["", "/", "a//", "ROOT", "a*"],
    "ORGANIZATIONAL_UNIT": ["", "o-abc1234567", "r-ab12/ou-ab12-11111111", "o-abc1234567/r-ab12/", "o-abc1234567/r-*"],
    "ORGANIZATION_ID": ["", "abc1234567", "o-abc123456", f"o-{'a' * 33}", "o-ABC1234567", "r-abc1234567"],
    "REGION": ["", "eu", "eu-west-1a", "EU-WEST-1", "eu west 1", "eu-west-100"],
    "REGISTRY_HOST": ["", "-a", "a-", "a..b", ".a", "a.", "a:", "a:123456", "a_b", "https://a"],
    "REPLICATION_FILTER": ["", "a", "*", "ab*", "/a", "a//b", "AB"],
    "REPOSITORY_NAME": ["", "a", "a//b", "a/", "/a", "a___b", "a..b", "a.-b", "ROOT"],
    "REPOSITORY_PATTERN": ["", "/", "a/", "-a", "A", "a b", "arn:aws:*", "a" * 257],
    "ROLE_ARN": [
        "",
        "builder",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:iam::111122223333:role/*/**",
        "arn:aws:iam::*:role/builder",
        "arn:aws:iam::111122223333:user/builder",
        "arn:aws:sts::111122223333:assumed-role/builder/session",
        "arn:aws:iam::111122223333:role/a//b",
    ],
    "SCAN_FILTER": ["", "-a", "a-", "a--b", "a//b", "/", "A", "a" * 256],
    "SIGNING_FILTER": ["", "-a", "a-", "a--b", "a//b", "/", "A", "a" * 257],
    "TAG_PATTERN": ["", "a b", "a/b", "*****", "a" * 301],
    "TAG_PREFIX": ["", "a?", "a b", "a" * 301],
    "TEMPLATE_PREFIX": ["", "/", "root/*", "ROOTS", "a//", "a" * 257],
}


def test_every_constraint_has_legal_and_illegal_texts_here_and_is_public() -> None:
    assert set(LEGAL) == set(ILLEGAL) == set(GRAMMARS)
    assert set(GRAMMARS) <= set(grammars.__all__)


@pytest.mark.parametrize("name", GRAMMARS)
def test_legal_texts_are_accepted_and_illegal_ones_have_problems(name: str) -> None:
    grammar = GRAMMARS[name]
    for text in LEGAL[name]:
        assert grammar.accepts(text), text
        assert grammar.problems(text) == (), text
        grammar.require(text)
        assert text == "ROOT" or re.fullmatch(f"[{grammar.allowed}]+", text), text
        assert not grammar.accepts(f"{text}\n"), "a trailing line break"
    for text in ILLEGAL[name]:
        assert not grammar.accepts(text), text
        assert grammar.problems(text), text
        with pytest.raises(InvalidName):
            grammar.require(text)


@each_grammar
@given(st.text(max_size=12) | st.text("ab*/.-_:ROT0", max_size=12))
def test_a_text_has_problems_exactly_if_it_is_not_accepted(grammar: StringConstraint, text: str) -> None:
    problems = grammar.problems(text)

    assert bool(problems) is not grammar.accepts(text)
    for problem in problems:
        assert problem.startswith(f"{grammar.noun} ")
        assert not problem.endswith(".")
        assert "\n" not in problem
        # A position is that of the first character that is not allowed anywhere.
        if found := re.search(r" at position (\d+); ", problem):
            at = int(found[1])
            assert f" has {text[at]!r} at position {at}; " in problem
            assert not re.match(f"[{grammar.allowed}]", text[at])
            assert re.fullmatch(f"[{grammar.allowed}]*", text[:at])


@each_grammar
def test_an_empty_text_a_token_and_another_type_have_a_message_of_their_own(grammar: StringConstraint) -> None:
    assert grammar.problems("") == (f"{grammar.noun} is empty; {grammar.shape}",)
    for token in TOKENS:
        assert grammar.problems(token) == (
            (
                f"{grammar.noun} {token!r} is known only at deployment; it must be known at synthesis, so use a "
                "literal value"
            ),
        )
    for value in (None, 7, 1.5, b"ab", ["ab"], object):
        with pytest.raises(TypeError, match=re.escape(f"{grammar.noun} must be a string, got {value!r}")):
            grammar.problems(value)


def test_tokens_are_recognized_by_the_notation_of_the_cdk() -> None:
    assert is_token("${Token[AWS.Region.4]}")
    assert is_token("#{Token[TOKEN.5]}"), "the entry of a list that is known only at deployment"
    assert not is_token("${AWS::Region}")
    assert not is_token("Token[1]")


# Long repetitions with an end that does not match: a pattern that backtracks tries every way to split them.
HOSTILE = """
from ecr_constructs.model import validation
parts = ["a", "a-", "-", "a.", "a/", "a_", "__", "--", "*", "a*", "a/a-", "a-a.a_", "0", "1.", "aa:", "R", "ROOT"]
for part in parts:
    for length in (250, 5000):
        for end in ("!", "/", "-", "\\n", "//", "A", ""):
            for constraint in vars(validation).values():
                if isinstance(constraint, validation.StringConstraint):
                    constraint.problems((part * length)[: length - 1] + end)
"""


def test_long_texts_are_rejected_without_backtracking() -> None:
    """The process is another one, because a pattern that backtracks cannot be interrupted."""
    subprocess.run([sys.executable, "-c", HOSTILE], cwd=Path(__file__).parents[2], check=True, timeout=30)


def test_a_problem_has_the_value_the_limit_and_the_fix() -> None:
    cases: list[tuple[StringConstraint, str, str]] = [
        (
            grammars.SCAN_FILTER,
            "prod/",
            (
                "scan filter 'prod/' is not well formed; use lower-case letters, digits and '*', "
                "separated by single '.', '_', '-' or '/', with none of those at the end"
            ),
        ),
        (
            grammars.ORGANIZATION_ID,
            "o-ABC1234567",
            (
                "organization 'o-ABC1234567' has 'A' at position 2; write its ID, 'o-' and 10 to 32 lower-case "
                "letters or digits, as in 'o-abc1234567'"
            ),
        ),
        (
            grammars.IMAGE_TAG,
            "-v1",
            (
                "image tag '-v1' is not well formed; use letters, digits, '.', '_' and '-', "
                "beginning with a letter, a digit or '_'"
            ),
        ),
        (
            grammars.TAG_PATTERN,
            "v?",
            (
                "tag pattern 'v?' has '?' at position 1; a tag contains letters, digits, '.', '_' and '-'; "
                "'*' matches any number of them"
            ),
        ),
    ]
    for grammar, text, problem in cases:
        assert grammar.problems(text) == (problem,)


def test_the_lower_case_spelling_is_offered_only_if_it_is_legal() -> None:
    assert grammars.REPOSITORY_NAME.problems("MyApp")[0].endswith(", as in 'myapp'")
    assert ", as in" not in grammars.REPOSITORY_NAME.problems("My App")[0]
    assert ", as in" not in grammars.REPOSITORY_NAME.problems("B" + "a" * 256)[1]


def test_a_long_text_is_cut_in_the_message() -> None:
    (problem,) = grammars.REPOSITORY_NAME.problems("a" * 10_000)

    assert problem == f"repository name {'a' * 60!r}... has 10000 characters; ECR allows 2 to 256"


def test_both_ends_of_a_length_are_inside() -> None:
    grammar = StringConstraint(noun="word", pattern="a+", allowed="a", shape="write a", minimum=2, maximum=4)

    assert [grammar.accepts("a" * length) for length in range(6)] == [False, False, True, True, True, False]
