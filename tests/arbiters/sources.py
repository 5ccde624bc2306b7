"""The two sources that the limits are derived from: botocore's model of the ECR API, and the CloudFormation schemas."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import botocore.loaders  # type: ignore[import-untyped]
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from hypothesis import strategies as st

from ecr_constructs.model.validation import StringConstraint

# One letter for each role that a character can play in a name, a filter or a tag; exhaustive to a length of six.
LETTERS = "a-_./*"
LONGEST = 6
# Additional characters for hypothesis: capitals, digits, characters that are never allowed, and the word ROOT.
texts = st.one_of(
    st.text("aZ09-_./*", max_size=9),
    st.text("ab-_./* \n:é", max_size=8),
    st.lists(st.sampled_from(["ROOT", "root", "a", "/", "-", "__", "*", "0"]), max_size=4).map("".join),
)


@cache
def service_model(service: str = "ecr") -> dict[str, Any]:
    """Return the newest model of a service that botocore ships."""
    return dict(botocore.loaders.Loader().load_service_model(service, "service-2"))


def shape(name: str, service: str = "ecr") -> dict[str, Any]:
    """Return a shape of the API: its `min`, `max`, `pattern` or `enum`."""
    return dict(service_model(service)["shapes"][name])


def partitions() -> list[dict[str, Any]]:
    """Return the partitions of botocore, with the Regions and the DNS suffix of each."""
    return list(botocore.loaders.Loader().load_data("endpoints")["partitions"])


@cache
def schema(resource: str) -> dict[str, Any]:
    """Return the schema of an ECR resource type."""
    return dict(PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", f"AWS::ECR::{resource}").schema)


def node(resource: str, path: str) -> dict[str, Any]:
    """Return a node of a schema, such as `properties/Prefix`, with its reference followed."""
    found: dict[str, Any] = schema(resource)
    for step in path.split("/"):
        found = found[step]
        if "$ref" in found:
            found = node(resource, str(found["$ref"]).removeprefix("#/"))
    return found


def every_short_text() -> Iterator[str]:
    """Return every text over the letters, up to the length at which patterns repeat."""
    for size in range(LONGEST + 1):
        for letters in itertools.product(LETTERS, repeat=size):
            yield "".join(letters)


def language_of(pattern: str, shortest: int, longest: int) -> Callable[[str], bool]:
    """Return the language of a pattern of a source, over whole texts as the service matches it."""
    expression = re.compile(pattern)
    return lambda text: shortest <= len(text) <= longest and expression.fullmatch(text) is not None


def ours(grammar: StringConstraint) -> Callable[[str], bool]:
    """Return the language of a grammar without its limit of wildcards, which no pattern states."""
    return lambda text: (
        grammar.accepts(text)
        or (
            grammar.wildcards is not None
            and text.count("*") > grammar.wildcards
            and grammar.accepts(text.replace("*", "a"))
        )
    )
