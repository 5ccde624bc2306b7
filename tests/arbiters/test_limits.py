"""docs/limits.md has every limit of the code, with its value and a source that exists."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import NamedTuple

import pytest

from ecr_constructs import model
from ecr_constructs.model import (
    ExclusionFilter,
    Immutability,
    InvalidLifecyclePolicy,
    InvalidName,
    LifecyclePolicy,
    LifecycleRule,
    TagPattern,
    delete_archived,
)
from ecr_constructs.model.registry.replication import EXPECTED_RULES, Destination, ReplicationRule, merged_problems
from ecr_constructs.model.validation import StringConstraint
from tests.arbiters.sources import schema, service_model

pytestmark = pytest.mark.arbiter

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"


class Limit(NamedTuple):
    """A row of the first table."""

    what: str
    value: str
    constant: str
    source: str


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table whose first column has a heading."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    table = []
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return table


LIMITS = [Limit(*cells) for cells in rows("limit")]


def in_code(path: str) -> object:
    """Follow a name such as `validation.TAG_PATTERN.wildcards` from the model."""
    *modules, name = re.split(r"\.(?=_?[A-Z])", path, maxsplit=1)
    return reduce(getattr, name.split("."), importlib.import_module(".".join([model.__name__, *modules])))


def as_written(value: object) -> str:
    if not isinstance(value, StringConstraint):
        assert isinstance(value, int)
        return f"{value:,}"
    if value.minimum == value.maximum:
        return f"{value.maximum:,}"
    return f"{value.minimum:,} to {value.maximum:,}"


def test_each_limit_on_the_page_is_the_value_in_the_code() -> None:
    enforced = {limit.constant: as_written(in_code(limit.constant.strip("`"))) for limit in LIMITS}

    assert enforced == {limit.constant: limit.value for limit in LIMITS}


def test_every_limit_of_the_code_is_on_the_page_once() -> None:
    names = [limit.constant.strip("`") for limit in LIMITS]
    limits = set()
    for found in pkgutil.walk_packages(model.__path__, f"{model.__name__}."):
        module = importlib.import_module(found.name)
        within = found.name.removeprefix(f"{model.__name__}.")
        for name, value in vars(module).items():
            path = f"{within}.{name}"
            if isinstance(value, StringConstraint) and (within == "validation" or name.startswith("_")):
                limits |= {path, f"{path}.wildcards"} if value.wildcards is not None else {path}
            elif (
                re.match(r"_?(MAXIMUM|MINIMUM|EXPECTED)_", name)
                and isinstance(value, int)
                and name in _assigned_in(module.__file__)
            ):
                limits.add(path)

    assert sorted(names) == sorted(limits)


def _assigned_in(file: str | None) -> set[str]:
    """Return the names that a module defines and does not import."""
    assert file is not None
    return set(re.findall(r"^(\w+) = ", Path(file).read_text(encoding="utf-8"), re.MULTILINE))


def test_every_limit_has_a_source_that_exists() -> None:
    assert [(limit.constant, faults) for limit in LIMITS if (faults := list(source_faults(limit)))] == []


def source_faults(limit: Limit) -> Iterator[str]:
    """Yield the shapes and properties in the source of a limit that do not exist."""
    shapes = [name for name in re.findall(r"`([\w:]+)`", limit.source) if not name.startswith("AWS::") and name != ":"]
    properties = re.findall(r"`AWS::ECR::(\w+) (\w+)`", limit.source)
    links = re.findall(r"\]\((https://[^ )]+)\)", limit.source)

    if not shapes and not properties and not links:
        yield "no source"
    yield from (name for name in shapes if name not in service_model()["shapes"])
    yield from (f"{resource} {name}" for resource, name in properties if f"'{name}'" not in str(schema(resource)))


def test_links_have_the_address_of_the_original_page() -> None:
    known = (
        "https://docs.aws.amazon.com/",
        "https://registry.terraform.io/",
        "https://github.com/opencontainers/",
        "https://www.rfc-editor.org/",
        "https://learn.microsoft.com/",
    )

    assert [
        url for url in re.findall(r"https://[^ )]+", PAGE.read_text(encoding="utf-8")) if not url.startswith(known)
    ] == []


def test_every_difference_has_the_source_that_applies_and_the_reason() -> None:
    disagreements = rows("about")

    assert len(disagreements) >= 10
    assert [row for row in disagreements if len(row) != 5 or not all(row)] == []


# --- limits that only the documentation states, so the test has the number -------------------------------------------


def test_a_lifecycle_policy_has_fifty_rules() -> None:
    def of(count: int) -> LifecyclePolicy:
        tagged = [
            LifecycleRule(
                rule_priority=number,
                tag_status="tagged",
                tag_pattern_list=[f"v{number}"],
                count_type="imageCountMoreThan",
                count_number=1,
            )
            for number in range(1, count + 1)
        ]
        return LifecyclePolicy(rules=tagged)

    assert len(of(50).rules) == 50
    with pytest.raises(InvalidLifecyclePolicy):
        of(51)


def test_a_tag_pattern_has_four_wildcards() -> None:
    assert TagPattern("*test*1*2*3").value
    with pytest.raises(InvalidName):
        TagPattern("*test*1*2*3*")


def test_an_exclusion_filter_has_two_wildcards() -> None:
    assert Immutability.all_tags_except("a*b*c").filters == ("a*b*c",)
    with pytest.raises(InvalidName):
        ExclusionFilter("a*b*c*d")


def test_the_archive_is_kept_for_ninety_days() -> None:
    assert delete_archived(after_days=90).rules
    with pytest.raises(InvalidLifecyclePolicy):
        delete_archived(after_days=89)


def test_a_registry_has_twenty_five_destinations_and_a_warning_above_ten_rules() -> None:
    def problems(places: int) -> list[str]:
        everywhere = tuple(Destination(f"eu-west-{number}", None) for number in range(places))
        return [*merged_problems([ReplicationRule(filters=(), destinations=everywhere)])]

    assert problems(25) == []
    assert len(problems(26)) == 1
    assert EXPECTED_RULES == 10
