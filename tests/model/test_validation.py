"""Grammars: they answer at once, and their refusals say what, how much and what to do."""

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
    "ORGANIZATION_ID": ["o-abc1234567", f"o-{'a' * 32}"],
    "REGION": ["eu-west-1", "us-gov-east-1", "ap-southeast-12"],
    "REGISTRY_HOST": ["localhost", "localhost:5000", "public.ecr.aws", "a-b.c--d.example:65535"],
    "REPLICATION_FILTER": ["prod", "prod/", "a--", "ab/cd.e_"],
    "REPOSITORY_NAME": ["ab", "a--b", "a__b/c.d"],
    "REPOSITORY_PATTERN": ["*", "library/*", "a--b", "prod/*-api", "a" * 256],
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
    "ORGANIZATION_ID": ["", "abc1234567", "o-abc123456", f"o-{'a' * 33}", "o-ABC1234567", "r-abc1234567"],
    "REGION": ["", "eu", "eu-west-1a", "EU-WEST-1", "eu west 1", "eu-west-100"],
    "REGISTRY_HOST": ["", "-a", "a-", "a..b", ".a", "a.", "a:", "a:123456", "a_b", "https://a"],
    "REPLICATION_FILTER": ["", "a", "*", "ab*", "/a", "a//b", "AB"],
    "REPOSITORY_NAME": ["", "a", "a//b", "a/", "/a", "a___b", "a..b", "a.-b", "ROOT"],
    "REPOSITORY_PATTERN": ["", "/", "a/", "-a", "A", "a b", "arn:aws:*", "a" * 257],
    "SCAN_FILTER": ["", "-a", "a-", "a--b", "a//b", "/", "A", "a" * 256],
    "SIGNING_FILTER": ["", "-a", "a-", "a--b", "a//b", "/", "A", "a" * 257],
    "TAG_PATTERN": ["", "a b", "a/b", "*****", "a" * 301],
    "TAG_PREFIX": ["", "a?", "a b", "a" * 301],
    "TEMPLATE_PREFIX": ["", "/", "root/*", "ROOTS", "a//", "a" * 257],
}


def test_every_grammar_has_legal_and_illegal_texts_here_and_is_public() -> None:
    assert set(LEGAL) == set(ILLEGAL) == set(GRAMMARS)
    assert set(GRAMMARS) <= set(grammars.__all__)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in LEGAL.items() for text in texts])
def test_legal_texts_have_no_problems(name: str, text: str) -> None:
    assert GRAMMARS[name].accepts(text)
    assert GRAMMARS[name].problems(text) == ()
    GRAMMARS[name].require(text)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in ILLEGAL.items() for text in texts])
def test_illegal_texts_have_problems(name: str, text: str) -> None:
    assert not GRAMMARS[name].accepts(text)
    assert GRAMMARS[name].problems(text)
    with pytest.raises(InvalidName):
        GRAMMARS[name].require(text)


@each_grammar
@given(st.text(max_size=12) | st.text("ab*/.-_:ROT0", max_size=12))
def test_a_text_has_problems_exactly_if_it_is_not_accepted(grammar: StringConstraint, text: str) -> None:
    problems = grammar.problems(text)

    assert bool(problems) is not grammar.accepts(text)
    for problem in problems:
        assert problem.startswith(f"{grammar.noun} ")
        assert not problem.endswith(".")
        assert "\n" not in problem


@each_grammar
@given(st.text(min_size=1, max_size=12))
def test_a_position_is_that_of_the_first_character_that_is_never_allowed(grammar: StringConstraint, text: str) -> None:
    """The allowed characters of a grammar are those its pattern can take anywhere."""
    for problem in grammar.problems(text):
        if found := re.search(r" at position (\d+); ", problem):
            at = int(found[1])

            assert f" has {text[at]!r} at position {at}; " in problem
            assert not re.match(f"[{grammar.allowed}]", text[at])
            assert re.fullmatch(f"[{grammar.allowed}]*", text[:at])


@each_grammar
def test_a_legal_text_holds_allowed_characters_only(grammar: StringConstraint) -> None:
    name = next(name for name, value in GRAMMARS.items() if value is grammar)
    texts = [text for text in LEGAL[name] if text != "ROOT"]

    assert all(re.fullmatch(f"[{grammar.allowed}]+", text) for text in texts)


@each_grammar
def test_an_empty_text_is_refused_with_the_remedy(grammar: StringConstraint) -> None:
    assert grammar.problems("") == (f"{grammar.noun} is empty; {grammar.shape}",)


@each_grammar
@pytest.mark.parametrize("token", TOKENS)
def test_a_token_is_refused_with_a_remedy_of_its_own(grammar: StringConstraint, token: str) -> None:
    assert grammar.problems(token) == (
        f"{grammar.noun} {token!r} is known only at deployment; it is read here, so write the value out",
    )


def test_a_list_token_of_the_cdk_is_recognized_too() -> None:
    """The CDK spells a list that is known only at deployment `["#{Token[TOKEN.5]}"]`."""
    assert is_token("#{Token[TOKEN.5]}")


def test_texts_without_a_token_are_no_tokens() -> None:
    assert is_token("${Token[AWS.Region.4]}")
    assert not is_token("${AWS::Region}")
    assert not is_token("Token[1]")


@each_grammar
@pytest.mark.parametrize("value", [None, 7, 1.5, b"ab", ["ab"], object])
def test_anything_but_a_text_is_a_type_error_that_names_it(grammar: StringConstraint, value: object) -> None:
    with pytest.raises(TypeError, match=re.escape(f"{grammar.noun} must be a string, got {value!r}")):
        grammar.problems(value)


@each_grammar
def test_a_trailing_line_break_is_never_overlooked(grammar: StringConstraint) -> None:
    name = next(name for name, value in GRAMMARS.items() if value is grammar)

    assert not any(grammar.accepts(f"{text}\n") for text in LEGAL[name])


# Long runs, and an end that fits none: they make a careless pattern try every way to split a text.
HOSTILE = """
from ecr_constructs.model import validation
parts = ["a", "a-", "-", "a.", "a/", "a_", "__", "--", "*", "a*", "a/a-", "a-a.a_", "0", "1.", "aa:", "R", "ROOT"]
for part in parts:
    for length in (250, 5000):
        for end in ("!", "/", "-", "\\n", "//", "A", ""):
            validation.{name}.problems((part * length)[: length - 1] + end)
"""


@pytest.mark.parametrize("name", GRAMMARS)
def test_hostile_texts_are_refused_at_once(name: str) -> None:
    """In a process of its own, because a pattern that backtracks would never come back."""
    program = [sys.executable, "-c", HOSTILE.format(name=name)]

    subprocess.run(program, cwd=Path(__file__).parents[2], check=True, timeout=10)


@pytest.mark.parametrize(
    ("grammar", "text", "problem"),
    [
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
                "organization 'o-ABC1234567' has 'A' at position 2; write its id, 'o-' and 10 to 32 lower-case "
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
                "tag pattern 'v?' has '?' at position 1; a tag holds letters, digits, '.', '_' and '-'; "
                "'*' stands for any number of them"
            ),
        ),
    ],
)
def test_a_problem_says_what_how_much_and_what_to_do(grammar: StringConstraint, text: str, problem: str) -> None:
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
