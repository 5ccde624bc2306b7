"""The JSON report: its content and its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given

from ecr_constructs.cli.output.json_report import render_json
from ecr_constructs.cli.preview.build import build
from ecr_constructs.cli.preview.costs import with_costs
from ecr_constructs.cli.preview.gates import FindingsGate, read_gate
from ecr_constructs.cli.preview.result import PreviewReport, UnreadPlace
from ecr_constructs.cli.sources.image_findings import ScanResults
from ecr_constructs.cli.sources.policies import UnreadablePolicy
from ecr_constructs.cli.sources.records import AwsDecision, Place, Repository
from ecr_constructs.model import Image, LifecyclePolicy, expire_older_than
from ecr_constructs.model.pricing.prices import PRICES_BY_REGION
from ecr_constructs.model.vulnerabilities.image_finding import ImageFinding
from ecr_constructs.testing import archived, pulled, signed, untagged_images
from tests.cli.listings import GENEROUS, HISTORY, NOW, POLICY, RELEASES, policy
from tests.model.lifecycle.image_strategies import repositories
from tests.model.lifecycle.strategies import policies

SCHEMA: dict[str, Any] = json.loads(
    files("ecr_constructs.cli.output").joinpath("preview.schema.json").read_text("utf-8")
)
POLICY_OF_WEB = policy(LifecyclePolicy.of(expire_older_than(after_days=1)), repository="web")
FOUND = ImageFinding(
    repository="api", digest=RELEASES[0].digest, vulnerability="CVE-2024-1", severity="HIGH", packages=("openssl",)
)
SCANS = ScanResults(findings={(FOUND.repository, FOUND.digest): (FOUND,)}, problems={})
LATE = AwsDecision(digest="sha256:" + "9" * 64, action="expire", rule_priority=1)


def everything() -> PreviewReport:
    """Return a report with an entry in every field."""
    images = (
        *signed(pulled(RELEASES[:2], at=NOW)),
        *archived(RELEASES[2:3], at=NOW),
        *RELEASES[3:],
        *untagged_images(days=4, until=NOW),
    )
    runs = {RELEASES[0].digest: ("service prod/api",)}
    asked = Repository(name="api", images=images, in_use=runs, deployed=GENEROUS, aws_preview=(LATE,))
    evaluated = Repository(name="web", images=images, in_use=runs, deployed=LifecyclePolicy.none())
    report = PreviewReport(
        at=NOW,
        previews=(
            build(policy(repository="api"), asked, NOW),
            build(policy(repository="web"), evaluated, NOW),
            build(policy(prefix="ROOT"), Repository(name="new", images=()), NOW),
        ),
        unread=(
            UnreadablePolicy(where="App/Late", repository="late", problems=("worked out later",), is_invalid=False),
        ),
        without_images=(policy(repository="missing"), policy(prefix="prod")),
        without_policy=("lonely",),
        problems=("db: access denied",),
        notes=("mind this",),
        is_live=True,
        places=(Place(account_id="1" * 12, region="eu-west-1"),),
        unread_places=(UnreadPlace(place=Place(account_id="2" * 12, region="eu-west-1"), problem="no role"),),
    )
    return with_costs(report, PRICES_BY_REGION["us-east-1"], unpulled_days=30, image_quota=None)


def written(report: PreviewReport, *gates: str) -> Any:
    read = map(read_gate, gates)
    scanned = [replace(gate, scans=SCANS) if isinstance(gate, FindingsGate) else gate for gate in read]
    return json.loads(render_json(report, [gate.evaluate(report) for gate in scanned]))


def complaints(document: object) -> list[str]:
    validator = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
    return [error.message for error in validator.iter_errors(document)]


def fields(value: object) -> Iterator[str]:
    """Return the names of all fields of a document, without those of lifecycle policies."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from () if name == "policy" else fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner)


def objects(schema: object) -> Iterator[dict[str, Any]]:
    """Yield every object that a schema describes."""
    inner = list(schema.values()) if isinstance(schema, dict) else schema if isinstance(schema, list) else []
    if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
        yield schema
    for each in inner:
        yield from objects(each)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_report_is_valid_for_the_schema() -> None:
    gates = ("in-use", "expires:v*", "loses:1%", "empties", "newest", "findings:LOW")
    assert complaints(written(everything(), *gates)) == []
    assert complaints(written(PreviewReport(at=NOW, previews=()))) == []


def test_the_schema_has_every_field_that_is_written_and_no_other() -> None:
    described = {name for each in objects(SCHEMA) for name in each["properties"]}

    emptied = build(POLICY_OF_WEB, Repository(name="web", images=tuple(RELEASES[:1])), NOW)
    report = replace(everything(), previews=(*everything().previews, emptied))
    assert set(fields(written(report, "in-use", "expires:v*", "loses:1%", "findings:LOW"))) == described


def test_totals_and_alarms_are_at_the_top() -> None:
    kept = build(policy(repository="api"), Repository(name="api", images=tuple(RELEASES)), NOW)
    emptied = build(POLICY_OF_WEB, Repository(name="web", images=tuple(RELEASES[:1])), NOW)
    template = replace(emptied, prefix="ROOT")
    document = written(PreviewReport(at=NOW, previews=(kept, emptied, template)), "empties", "expires:v1")

    assert document["totals"] == {
        "repositories": 2,
        "images": 5,
        "bytes": 500_000_000,
        "costs": None,
        "unpulled": None,
        "expired": {"images": 3, "bytes": 300_000_000},
        "archived": {"images": 0, "bytes": 0},
        "uncertain": {"images": 0, "bytes": 0},
        "kept": {"images": 2, "bytes": 200_000_000},
    }
    (alarm,) = document["alarms"]
    (caught,) = document["gates"][0]["repositories"]
    assert (alarm["repository"], alarm["alarm"], alarm["is_certain"]) == ("web", "empties", True)
    assert alarm["newest"] == caught["newest"] == [RELEASES[0].digest]
    assert document["gates"][0]["caught"] == document["gates"][1]["repositories"] == []
    assert [each["tag"] for each in document["gates"][1]["caught"]] == ["v1", "v1"]


def test_the_schema_requires_and_explains_every_field() -> None:
    for each in objects(SCHEMA):
        assert sorted(each["required"]) == sorted(each["properties"])
        assert [name for name, field in each["properties"].items() if not {"description", "$ref"} & field.keys()] == []


def test_the_schema_rejects_members_that_are_never_written() -> None:
    cases: list[dict[str, object]] = [{"at": None}, {"repositories": [{}]}, {"version": 2}, {"gates": [{"gate": 1}]}]
    for change in cases:
        assert complaints(written(everything()) | change)


@given(lifecycle=policies, images=repositories(archive=True, restoration=True, indexes=True, referrers=True))
def test_every_report_is_valid_for_the_schema(lifecycle: LifecyclePolicy, images: list[Image]) -> None:
    shown = build(policy(lifecycle), Repository(name="api", images=tuple(images), deployed=POLICY), NOW)
    (document,) = written(PreviewReport(at=NOW, previews=(shown,)))["repositories"]

    assert complaints(written(PreviewReport(at=NOW, previews=(shown,)))) == []
    assert sorted(each["digest"] for each in document["images"]) == sorted(image.digest for image in images)
    groups = [each["group"] for each in document["images"]]
    assert {group: tally["images"] for group, tally in document["summary"].items()} == {
        group: groups.count(group) for group in ("expired", "archived", "uncertain", "kept")
    }


def test_missing_inputs_are_in_the_report() -> None:
    document = written(everything())

    assert document["is_live"] is True
    assert written(PreviewReport(at=NOW, previews=()))["is_live"] is False
    assert document["unread"] == [
        {"repository": "late", "where": "App/Late", "prefix": None, "problems": ["worked out later"]}
    ]
    assert [each["repository"] or each["prefix"] for each in document["without_images"]] == ["missing", "prod"]
    assert [document[each] for each in ("without_policy", "problems", "notes")] == [
        ["lonely"],
        ["db: access denied"],
        ["mind this"],
    ]


def test_bytes_and_times_are_exact_and_names_are_those_of_python() -> None:
    shown = build(policy(repository="api"), Repository(name="api", images=tuple(HISTORY), deployed=GENEROUS), NOW)
    (document,) = written(PreviewReport(at=NOW, previews=(shown,)))["repositories"]

    assert document["summary"]["expired"] == {"images": 4, "bytes": 400_000_000}
    assert document["policy"] == POLICY.to_dict()
    assert document["current"]["newly_lost"] == [RELEASES[1].digest]
    assert document["images"][0] == {
        "digest": RELEASES[0].digest,
        "tags": ["v1"],
        "pushed_at": "2026-05-11T00:00:00+00:00",
        "last_pulled_at": None,
        "status": "active",
        "size": 100_000_000,
        "action": "expire",
        "rule_priority": 1,
        "why": "it is not among the newest 2 that the rule selects",
        "group": "expired",
        "in_use_by": None,
    }


@pytest.mark.parametrize(("in_use", "written_as"), [(None, None), ({}, [])])
def test_the_report_has_whether_usage_was_read(
    in_use: Mapping[str, tuple[str, ...]] | None, written_as: object
) -> None:
    repository = Repository(name="api", images=tuple(HISTORY), in_use=in_use)
    document = written(
        PreviewReport(at=NOW, previews=(build(policy(repository="api"), repository, NOW),)), "expires:v1"
    )

    assert {str(each["in_use_by"]) for each in document["repositories"][0]["images"]} == {str(written_as)}
    assert [each["in_use_by"] for each in document["gates"][0]["caught"]] == [written_as]
    assert complaints(document) == []


def test_a_gate_lists_its_violations_and_unknown_images() -> None:
    in_use, pattern = written(everything(), "in-use", "expires:v9")["gates"]

    assert (in_use["gate"], in_use["is_open"]) == ("in-use", False)
    assert [(each["repository"], each["digest"], each["in_use_by"]) for each in in_use["caught"]] == [
        ("web", RELEASES[0].digest, ["service prod/api"])
    ]
    assert (pattern["caught"], len(pattern["unknown"])) == ([], 3)


def test_the_note_of_a_gate_that_passes_is_in_the_report() -> None:
    report = PreviewReport(at=NOW, previews=tuple(replace(each, unlisted=()) for each in everything().previews))
    misspelled, plain = written(report, "expires:relaese-*", "in-use")["gates"]

    assert misspelled["note"] == "no image has a tag that matches relaese-*"
    assert plain["note"] is None


def test_the_same_previews_give_the_same_text() -> None:
    assert render_json(everything(), []) == render_json(everything(), [])
    assert render_json(everything(), []).isascii()


def test_an_action_of_the_schedule_is_certain_or_not() -> None:
    index = replace(RELEASES[3], manifest_media_type="application/vnd.oci.image.index.v1+json")
    images = (*RELEASES[:3], index, *untagged_images(days=4, until=NOW))
    report = PreviewReport(at=NOW, previews=(build(policy(), Repository(name="api", images=images), NOW),))

    assert {each["is_certain"] for each in written(report)["repositories"][0]["departures"]} == {True, False}
