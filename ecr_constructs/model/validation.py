"""
Constraints on strings: their characters, length and number of wildcards.

Each constraint is declared once. Its bounds and language are those of the ECR service model and of the CloudFormation
schemas, and a test compares them. Patterns that differ from theirs cannot backtrack.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

from ecr_constructs.errors import ArgumentTypeError, InvalidName, abbreviate

__all__ = [
    "ACCOUNT_ID",
    "CACHE_PREFIX",
    "CONTROL_CHARACTER",
    "EXCLUSION_FILTER",
    "IMAGE_DIGEST",
    "IMAGE_TAG",
    "NAMESPACE",
    "ORGANIZATIONAL_UNIT",
    "ORGANIZATION_ID",
    "REGION",
    "REGISTRY_HOST",
    "REPLICATION_FILTER",
    "REPOSITORY_NAME",
    "REPOSITORY_PATTERN",
    "ROLE_ARN",
    "SCAN_FILTER",
    "SIGNING_FILTER",
    "TAG_PATTERN",
    "TAG_PREFIX",
    "TEMPLATE_PREFIX",
    "StringConstraint",
    "ValidatedString",
    "abbreviate",
    "is_token",
    "text_problem",
]

# The tokens of the CDK for a string, and for a list of strings.
_TOKENS = ("${Token[", "#{Token[")
# Also surrogates, which JSON can contain and UTF-8 cannot.
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_token(text: str) -> bool:
    """Return whether a text contains a CDK token, a value that is known only at deployment."""
    return any(marker in text for marker in _TOKENS)


def text_problem(text: str) -> str | None:
    """
    Return the reason why a description cannot be in a template. None if it can.

    Args:
        text: The text.

    """
    if found := CONTROL_CHARACTER.search(text):
        return (
            f"{abbreviate(text)} has {found.group()!r} at position {found.start()}; "
            "write it without line breaks and other control characters"
        )
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class StringConstraint:
    """
    The form of one kind of string.

    Attributes:
        noun: The kind, for error messages.
        pattern: The regular expression that the whole string must match.
        allowed: The characters that may occur, as the inside of a character class.
        shape: The fix, for error messages.
        minimum: The least number of characters. Default: 1.
        maximum: The greatest number of characters.
        wildcards: The greatest number of `*`. Default: no limit.

    """

    noun: str
    pattern: str
    allowed: str
    shape: str
    minimum: int = 1
    maximum: int
    wildcards: int | None = None
    _compiled: re.Pattern[str] | None = field(default=None, init=False, repr=False, compare=False)

    def accepts(self, text: str) -> bool:
        """Return whether a text is well formed, and not too short or too long."""
        return (
            self.minimum <= len(text) <= self.maximum
            and self._is_match(text)
            and (self.wildcards is None or text.count("*") <= self.wildcards)
        )

    def _is_match(self, text: str) -> bool:
        # Compiled on first use, because an app uses few of the constraints, and once, because it has many names.
        compiled = self._compiled
        if compiled is None:
            compiled = re.compile(self.pattern)
            object.__setattr__(self, "_compiled", compiled)
        return compiled.fullmatch(text) is not None

    def problems(self, text: object) -> tuple[str, ...]:
        """
        Return all problems of a text.

        Args:
            text: The text.

        Returns:
            One sentence for each problem. A well-formed text has none.

        Raises:
            TypeError: If it is not a string.

        """
        if not isinstance(text, str):
            raise ArgumentTypeError([f"{self.noun} must be a string, got {abbreviate(text)}"])
        if self.accepts(text):
            return ()
        if is_token(text):
            fact = f"{self.noun} {abbreviate(text)} is known only at deployment"
            return (f"{fact}; it must be known at synthesis, so use a literal value",)
        return (*self._length(text), *self._wildcards(text), *self._form(text))

    def require(self, text: str) -> None:
        """Raise `InvalidName` with all problems of a text, if it has any."""
        if problems := self.problems(text):
            raise InvalidName(problems)

    def _length(self, text: str) -> tuple[str, ...]:
        if not text:
            return (f"{self.noun} is empty; {self.shape}",)
        if self.minimum <= len(text) <= self.maximum or self.minimum == self.maximum:
            return ()
        characters = "1 character" if len(text) == 1 else f"{len(text)} characters"
        return (f"{self.noun} {abbreviate(text)} has {characters}; ECR allows {self.minimum} to {self.maximum}",)

    def _wildcards(self, text: str) -> tuple[str, ...]:
        stars = text.count("*")
        if self.wildcards is None or stars <= self.wildcards:
            return ()
        return (f"{self.noun} {abbreviate(text)} has {stars} wildcards; ECR allows {self.wildcards}",)

    def _form(self, text: str) -> tuple[str, ...]:
        if not text or self._is_match(text):
            return ()
        stray = re.search(rf"[^{self.allowed}]", text)
        where = f" has {stray.group()!r} at position {stray.start()}" if stray else " is not well formed"
        return (f"{self.noun} {abbreviate(text)}{where}; {self.shape}{self._hint(text)}",)

    def _hint(self, text: str) -> str:
        lowered = text.lower()
        return f", as in {lowered!r}" if len(text) <= self.maximum and lowered != text and self.accepts(lowered) else ""


@dataclass(frozen=True, slots=True)
class ValidatedString:
    """A validated text. Subclasses have the grammar, and methods that match names or tags."""

    value: str
    grammar: ClassVar[StringConstraint]

    def __post_init__(self) -> None:
        """Raise an error with all problems of the text."""
        self.grammar.require(self.value)

    def __str__(self) -> str:
        """Return the text for ECR."""
        return self.value


_GROUP = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_PATH = rf"{_GROUP}(?:/{_GROUP})*"
_PATH_SHAPE = (
    "use lower-case letters and digits, separated by one '.', one or two '_' or any number of '-', "
    "in groups separated by '/'"
)
_PREFIX = rf"{_PATH}/?|ROOT"
_PREFIX_SHAPE = f"{_PATH_SHAPE}, or ROOT for every repository that no other prefix matches"
_FILTER_SHAPE = (
    "use lower-case letters, digits and '*', separated by single '.', '_', '-' or '/', with none of those at the end"
)

REPOSITORY_NAME = StringConstraint(
    noun="repository name", pattern=_PATH, allowed="a-z0-9._/-", shape=_PATH_SHAPE, minimum=2, maximum=256
)
# Repositories in the ARN of a policy statement, where `*` stands for anything.
REPOSITORY_PATTERN = StringConstraint(
    noun="repository pattern",
    pattern=r"[a-z0-9*]+(?:[._/-]+[a-z0-9*]+)*",
    allowed="a-z0-9*._/-",
    shape="write a repository name in which '*' matches any characters, such as 'library/*'",
    maximum=256,
)
NAMESPACE = StringConstraint(noun="namespace", pattern=_PATH, allowed="a-z0-9._/-", shape=_PATH_SHAPE, maximum=254)
TEMPLATE_PREFIX = StringConstraint(
    noun="template prefix",
    pattern=_PREFIX,
    allowed="a-z0-9._/-",
    shape=_PREFIX_SHAPE,
    maximum=256,
)
CACHE_PREFIX = StringConstraint(
    noun="cache prefix",
    pattern=_PREFIX,
    allowed="a-z0-9._/-",
    shape=_PREFIX_SHAPE,
    minimum=2,
    maximum=30,
)
SCAN_FILTER = StringConstraint(
    noun="scan filter",
    pattern=r"[a-z0-9*]+(?:[._/-][a-z0-9*]+)*",
    allowed="a-z0-9*._/-",
    shape=_FILTER_SHAPE,
    maximum=255,
)
REPLICATION_FILTER = StringConstraint(
    noun="replication filter",
    pattern=r"(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*",
    allowed="a-z0-9._/-",
    shape="it is how names begin: lower-case letters, digits, '.', '_', '-' and '/', without wildcards",
    minimum=2,
    maximum=256,
)
SIGNING_FILTER = StringConstraint(
    noun="signing filter",
    pattern=r"(?:[a-z0-9*]+(?:[._-][a-z0-9*]+)*/)*[a-z0-9*]+(?:[._-][a-z0-9*]+)*",
    allowed="a-z0-9*._/-",
    shape=_FILTER_SHAPE,
    maximum=256,
)
# At most two wildcards: stated by the Terraform provider's documentation and tests, by no AWS page.
EXCLUSION_FILTER = StringConstraint(
    noun="exclusion filter",
    pattern=r"[0-9a-zA-Z._*-]+",
    allowed="0-9a-zA-Z._*-",
    shape="use letters, digits, '.', '_', '-' and '*'",
    maximum=128,
    wildcards=2,
)
# Four wildcards: https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
# The length is that of a tag in the service model. With characters that no tag can contain, a rule would never act.
TAG_PATTERN = StringConstraint(
    noun="tag pattern",
    pattern=r"[0-9a-zA-Z._*-]+",
    allowed="0-9a-zA-Z._*-",
    shape="a tag contains letters, digits, '.', '_' and '-'; '*' matches any number of them",
    maximum=300,
    wildcards=4,
)
# `*` is an ordinary character of a prefix, and no tag has it. No source states that ECR rejects it.
TAG_PREFIX = StringConstraint(
    noun="tag prefix",
    pattern=r"[0-9a-zA-Z._*-]+",
    allowed="0-9a-zA-Z._*-",
    shape="a tag holds letters, digits, '.', '_' and '-'; wildcards belong in a tag pattern",
    maximum=300,
)
# The OCI distribution specification, which is stricter than ECR's 300 characters.
IMAGE_TAG = StringConstraint(
    noun="image tag",
    pattern=r"[0-9a-zA-Z_][0-9a-zA-Z._-]*",
    allowed="0-9a-zA-Z._-",
    shape="use letters, digits, '.', '_' and '-', beginning with a letter, a digit or '_'",
    maximum=128,
)
IMAGE_DIGEST = StringConstraint(
    noun="image digest",
    pattern=r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}",
    allowed="0-9a-z:",
    shape="write 'sha256:' and 64 hexadecimal digits",
    maximum=135,
)
# Plain host names with an optional port, as the first part of an image reference.
REGISTRY_HOST = StringConstraint(
    noun="registry",
    pattern=r"[0-9a-zA-Z]+(?:-+[0-9a-zA-Z]+)*(?:\.[0-9a-zA-Z]+(?:-+[0-9a-zA-Z]+)*)*(?::[0-9]{1,5})?",
    allowed="0-9a-zA-Z.:-",
    shape="write a host name such as '111122223333.dkr.ecr.eu-west-1.amazonaws.com'",
    maximum=261,
)
ACCOUNT_ID = StringConstraint(
    noun="account", pattern=r"[0-9]{12}", allowed="0-9", shape="write its 12 digits as a string", minimum=12, maximum=12
)
REGION = StringConstraint(
    noun="Region",
    pattern=r"[a-z]{2,4}(?:-[a-z]+){1,2}-[0-9]{1,2}",
    allowed="a-z0-9-",
    shape="write a Region such as 'eu-west-1'",
    minimum=2,
    maximum=25,
)
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
ORGANIZATION_ID = StringConstraint(
    noun="organization",
    pattern=r"o-[a-z0-9]{10,32}",
    allowed="a-z0-9-",
    shape="write its ID, 'o-' and 10 to 32 lower-case letters or digits",
    maximum=34,
)
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgpaths
ORGANIZATIONAL_UNIT = StringConstraint(
    noun="organizational unit",
    pattern=r"o-[a-z0-9]{10,32}/r-[a-z0-9]{4,32}(?:/ou-[a-z0-9]{4,32}-[a-z0-9]{8,32})*",
    allowed="a-z0-9/-",
    shape="write its path from the organization, such as 'o-abc1234567/r-ab12/ou-ab12-11111111'",
    maximum=512,
)
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
ROLE_ARN = StringConstraint(
    noun="role",
    pattern=r"arn:aws[a-z-]*:iam::[0-9]{12}:role/(?![*/]+\Z)(?:[\w+=,.@*-]+/)*[\w+=,.@*-]+",
    allowed=r"\w+=,.@*:/-",
    shape="write the ARN of a role, such as 'arn:aws:iam::111122223333:role/deployer'; '*' can be a part of its name",
    maximum=2048,
)
