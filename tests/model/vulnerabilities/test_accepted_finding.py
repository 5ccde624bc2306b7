"""Accepted findings, the file that has them, and their OpenVEX documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model import AcceptedFinding, read_accepted_findings, read_openvex, render_openvex

ENTRY: Mapping[str, Any] = {
    "vulnerability": "CVE-2024-12345",
    "reason": "the vulnerable function is not used",
    "owner": "team-a",
    "expires": "2027-06-30",
}
LAST_DAY = date(2027, 6, 30)
REGISTRY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
NAMES = ["base", "prod/api", "prod/web"]


def accepted(**changes: object) -> AcceptedFinding:
    return AcceptedFinding(**{**ENTRY, "expires": LAST_DAY, **changes})


def problems_of(**changes: object) -> tuple[str, ...]:
    with pytest.raises(EcrConstructsError) as error:
        accepted(**changes)
    return error.value.problems


def written(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def rendered(*findings: AcceptedFinding, repositories: list[str] = NAMES, **changes: Any) -> Mapping[str, Any]:
    arguments = {
        "id": "https://example.com/vex/1",
        "author": "team-a",
        "timestamp": datetime(2026, 12, 1, tzinfo=timezone.utc),
        "registry": REGISTRY,
        **changes,
    }
    return render_openvex(findings, repositories=repositories, **arguments)


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "finding", "is_covered"),
    [
        ({}, ("CVE-2024-12345", "any/name", None), True),
        ({}, ("CVE-2024-12346", "any/name", None), False),
        ({"repositories": ["prod/*"]}, ("CVE-2024-12345", "prod/api", None), True),
        ({"repositories": ["prod/*"]}, ("CVE-2024-12345", "production", None), False),
        ({"repositories": ["base", "prod/*"]}, ("CVE-2024-12345", "base", None), True),
        ({"package": "openssl"}, ("CVE-2024-12345", "base", "openssl"), True),
        ({"package": "openssl"}, ("CVE-2024-12345", "base", "zlib"), False),
        ({"package": "openssl"}, ("CVE-2024-12345", "base", None), False),
        ({}, ("CVE-2024-12345", "base", "zlib"), True),
    ],
)
def test_a_finding_is_covered_by_its_vulnerability_its_repository_and_its_package(
    changes: Mapping[str, object], finding: tuple[str, str, str | None], *, is_covered: bool
) -> None:
    assert accepted(**changes).covers(*finding) is is_covered


def test_the_last_day_is_included() -> None:
    assert not accepted().is_expired(LAST_DAY)
    assert accepted().is_expired(date(2027, 7, 1))


def test_all_problems_of_a_value_are_reported_together() -> None:
    found = problems_of(vulnerability="CVE 1", reason=" ", repositories=["Prod"], package="", justification="none")

    assert [problem.partition(" ")[0].rstrip(":") for problem in found] == [
        "reason",
        "vulnerability",
        "repositories",
        "package",
        "justification",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"expires": "2027-06-30"},
        {"expires": datetime(2027, 6, 30, tzinfo=timezone.utc)},
        {"repositories": "prod/*"},
        {"owner": None},
    ],
)
def test_a_value_of_the_wrong_kind_is_a_type_error(changes: Mapping[str, object]) -> None:
    with pytest.raises(TypeError, match=next(iter(changes))):
        accepted(**changes)


# --- files ------------------------------------------------------------------------------------------------------------


def test_accepted_findings_are_read_from_a_file(tmp_path: Path) -> None:
    other = {**ENTRY, "repositories": ["prod/*"], "package": "openssl", "justification": "component_not_present"}

    read = read_accepted_findings(written(tmp_path / "accepted.json", [ENTRY, other]))

    assert read == (
        accepted(),
        accepted(repositories=("prod/*",), package="openssl", justification="component_not_present"),
    )


def test_a_file_has_every_problem_in_one_error(tmp_path: Path) -> None:
    entries = [{**ENTRY, "expires": "soon"}, {**ENTRY, "owner": 3}, {"owner": "x"}, {**ENTRY, "until": ""}, 7]
    entries += [ENTRY, ENTRY]

    with pytest.raises((EcrConstructsError, TypeError)) as error:
        read_accepted_findings(written(tmp_path / "accepted.json", entries))

    places = {line.strip(" -").partition(":")[0] for line in str(error.value).splitlines()[1:]}
    assert places == {"[0]", "[1]", "[2]", "[3]", "[4]", "[6]"}


# --- OpenVEX ----------------------------------------------------------------------------------------------------------


def test_a_document_has_the_required_fields_of_openvex() -> None:
    # https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md: fields of the document and of a statement.
    document = rendered(
        accepted(repositories=["prod/*"], package="openssl", justification="component_not_present"), accepted()
    )

    assert list(document) == ["@context", "@id", "author", "timestamp", "version", "statements"]
    assert document["@context"] == "https://openvex.dev/ns/v0.2.0"
    assert document["timestamp"] == "2026-12-01T00:00:00+00:00"
    not_affected, affected = document["statements"]
    assert not_affected["status"] == "not_affected"
    assert not_affected["justification"] == "component_not_present"
    assert [product["@id"] for product in not_affected["products"]] == [
        f"pkg:oci/api?repository_url={REGISTRY}/prod/api",
        f"pkg:oci/web?repository_url={REGISTRY}/prod/web",
    ]
    assert not_affected["products"][0]["subcomponents"] == [{"@id": "pkg:generic/openssl"}]
    assert affected["status"] == "affected"
    assert affected["action_statement"] == ENTRY["reason"]
    assert len(affected["products"]) == len(NAMES)


findings = st.builds(
    AcceptedFinding,
    vulnerability=st.from_regex(r"CVE-20[0-9]{2}-[0-9]{4,6}", fullmatch=True),
    reason=st.text(min_size=1, max_size=40).filter(str.strip),
    owner=st.from_regex(r"[a-z]+[-\n ][a-z.]+", fullmatch=True),
    expires=st.dates(),
    repositories=st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(sorted),
    package=st.none() | st.from_regex(r"[a-z][a-z0-9+.@/ -]{0,9}", fullmatch=True).filter(str.strip),
    justification=st.none() | st.sampled_from(["component_not_present", "inline_mitigations_already_exist"]),
)


@given(st.lists(findings, max_size=4))
def test_a_document_is_read_as_the_findings_that_it_was_rendered_from(written_findings: list[AcceptedFinding]) -> None:
    with TemporaryDirectory() as folder:
        path = written(Path(folder) / "vex.json", rendered(*written_findings))
        assert list(read_openvex(path)) == written_findings


IMAGE = f"pkg:oci/api?repository_url={REGISTRY}/prod/api"


@pytest.mark.parametrize(
    ("product", "packages"),
    [
        (IMAGE, [None]),
        ({"@id": IMAGE, "subcomponents": []}, [None]),
        ({"@id": "image", "identifiers": {"purl": IMAGE}}, [None]),
        ({"@id": IMAGE, "subcomponents": [{"@id": "pkg:deb/debian/openssl@3.0.1?arch=amd64"}]}, ["openssl"]),
        ({"@id": IMAGE, "subcomponents": [{"@id": "pkg:npm/%40babel/traverse@7.0.0"}]}, ["@babel/traverse"]),
        ({"@id": IMAGE, "subcomponents": [{"@id": "pkg:npm/left-pad@1.0.0#lib/x"}]}, ["left-pad"]),
        ({"@id": IMAGE, "subcomponents": [{"@id": "pkg:golang/golang.org/x/net@v0.1.0"}]}, ["golang.org/x/net"]),
        ({"@id": IMAGE, "subcomponents": [{"@id": "pkg:maven/org.slf4j/slf4j-api@2"}]}, ["org.slf4j:slf4j-api"]),
        ({"@id": IMAGE, "subcomponents": [{"identifiers": {"purl": "pkg:apk/alpine/zlib@1"}}]}, ["zlib"]),
        ({"@id": IMAGE, "subcomponents": [{"hashes": {"sha-256": "a"}}]}, []),
    ],
)
def test_the_package_of_a_statement_of_another_tool_is_that_of_its_package_url(
    product: object, packages: list[str | None], tmp_path: Path
) -> None:
    statement = {"vulnerability": {"name": "CVE-2024-1"}, "products": [product], "status": "not_affected"}
    document = {"@context": "https://openvex.dev/ns/v0.2.0", "author": "vendor", "statements": [statement]}

    found = read_openvex(written(tmp_path / "vex.json", document), expires=LAST_DAY)

    assert [each.package for each in found] == packages
    assert {each.repositories for each in found} <= {("prod/api",)}


def test_statements_of_other_tools_need_a_last_day(tmp_path: Path) -> None:
    products = [{"@id": "pkg:oci/api@sha256%3Aabc?repository_url=ghcr.io/prod/api"}, "pkg:npm/left-pad@1.0.0"]
    statement = {
        "vulnerability": {"name": "CVE-2024-1"},
        "products": products,
        "status": "not_affected",
        "justification": "vulnerable_code_not_present",
    }
    left_out = [{**statement, "status": status} for status in ("fixed", "under_investigation", "affected")]
    document = {"@context": "https://openvex.dev/ns/v0.2.0", "author": "vendor", "statements": [statement, *left_out]}
    path = written(tmp_path / "vex.json", document)

    with pytest.raises(EcrConstructsError, match=r"statements\[0\]: OpenVEX has no expiry; give the last day"):
        read_openvex(path)
    assert read_openvex(path, expires=LAST_DAY) == (
        AcceptedFinding(
            vulnerability="CVE-2024-1",
            reason="vulnerable_code_not_present",
            owner="vendor",
            expires=LAST_DAY,
            repositories=["prod/api"],
            justification="vulnerable_code_not_present",
        ),
    )


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"@context": "https://example.com"},
        {"@context": "https://openvex.dev/ns", "statements": 3},
        {"@context": "https://openvex.dev/ns", "statements": [3]},
        {
            "@context": "https://openvex.dev/ns",
            "statements": [{"status": "affected", "status_notes": "Owner: a. Accepted until 2027-99-99."}],
        },
    ],
)
def test_a_malformed_document_is_an_error(document: object, tmp_path: Path) -> None:
    with pytest.raises(EcrConstructsError, match=r"not an OpenVEX document|is not a list|is not an object|not a date"):
        read_openvex(written(tmp_path / "vex.json", document), expires=LAST_DAY)


def test_a_pattern_that_matches_no_repository_and_a_time_without_a_zone_are_errors() -> None:
    with pytest.raises(EcrConstructsError) as error:
        rendered(accepted(repositories=["dev/*"]), timestamp=datetime(2026, 12, 1))  # noqa: DTZ001

    assert [problem.partition(";")[0] for problem in error.value.problems] == [
        "timestamp has no time zone",
        "CVE-2024-12345: 'dev/*' matches no repository in repositories=",
    ]
