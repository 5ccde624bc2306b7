"""The assertions about scanning, and the registry of another stack."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs import HardenedRepository, Namespace, PrivateRegistry, Replication, Scanning
from ecr_constructs.testing import assert_not_scanned, assert_replicated, assert_scanned
from tests.testing.apps import OWN, message_of, repository, template


def scanning(kind: str, *rules: tuple[str, str]) -> dict[str, Any]:
    written = [
        {"ScanFrequency": frequency, "RepositoryFilters": [{"Filter": text, "FilterType": "WILDCARD"}]}
        for frequency, text in rules
    ]
    properties = {"ScanType": kind, "Rules": written}
    return {"Type": "AWS::ECR::RegistryScanningConfiguration", "Properties": properties}


ON_PUSH = {"ImageScanningConfiguration": {"ScanOnPush": True}}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, None),
        ({"Api": repository(**ON_PUSH)}, ("BASIC", "SCAN_ON_PUSH")),
        ({"Scanning": scanning("BASIC", ("SCAN_ON_PUSH", "prod/*"))}, ("BASIC", "SCAN_ON_PUSH")),
        ({"Scanning": scanning("BASIC", ("MANUAL", "prod/*"))}, None),
        # A filter without `*` matches every name that contains it.
        ({"Scanning": scanning("ENHANCED", ("CONTINUOUS_SCAN", "api"))}, ("ENHANCED", "CONTINUOUS_SCAN")),
        ({"Scanning": scanning("ENHANCED", ("CONTINUOUS_SCAN", "api/*"))}, None),
        (
            {"Scanning": scanning("ENHANCED", ("SCAN_ON_PUSH", "*"), ("CONTINUOUS_SCAN", "prod/*"))},
            ("ENHANCED", "CONTINUOUS_SCAN"),
        ),
        # With enhanced scanning, a repository that no filter matches is not scanned.
        ({"Api": repository(**ON_PUSH), "Scanning": scanning("ENHANCED", ("SCAN_ON_PUSH", "x/*"))}, None),
        (
            {"Api": repository(**ON_PUSH), "Scanning": scanning("BASIC", ("SCAN_ON_PUSH", "x/*"))},
            ("BASIC", "SCAN_ON_PUSH"),
        ),
    ],
)
def test_the_scanning_of_a_repository_is_that_of_the_rules(
    resources: dict[str, Any], expected: tuple[str, str] | None
) -> None:
    subject = template(**{"Api": repository(), **resources})
    if expected is None:
        assert_not_scanned(subject)
        [first, line] = message_of(lambda: assert_scanned(subject))
        assert first == "1 of 1 repositories are not scanned as expected:"
        assert line.startswith("  prod/api is not scanned; add it to PrivateRegistry(scanning=...)")
        return
    kind, frequency = expected
    assert_scanned(subject, "prod/api", scan_type=kind, frequency=frequency)  # type: ignore[arg-type]
    assert message_of(lambda: assert_not_scanned(subject))[1].startswith("  prod/api is scanned ")
    other = {"BASIC": "ENHANCED", "ENHANCED": "BASIC"}[kind]
    assert f"with {kind.lower()} scanning" in message_of(lambda: assert_scanned(subject, scan_type=other))[1]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "resources",
    [
        {"Api": repository({"Ref": "Name"}), "Scanning": scanning("BASIC", ("SCAN_ON_PUSH", "prod/*"))},
        {"Api": repository(None), "Scanning": scanning("BASIC", ("SCAN_ON_PUSH", "prod/*"))},
        {"Scanning": scanning("ENHANCED")},
        {"Scanning": {**scanning("BASIC"), "Properties": {"ScanType": "BASIC", "Rules": {"Ref": "Rules"}}}},
        {"Scanning": {**scanning("BASIC"), "Properties": {"ScanType": {"Ref": "Type"}, "Rules": []}}},
    ],
)
def test_scanning_that_cloudformation_decides_is_not_decidable(resources: dict[str, Any]) -> None:
    subject = template(**{"Api": repository(), **resources})

    for assertion in (assert_scanned, assert_not_scanned):
        assert message_of(lambda a=assertion: a(subject))[1].startswith("  not decidable: ")  # type: ignore[misc]


def test_the_registry_of_another_stack_is_found_in_the_app() -> None:
    app = cdk.App()
    environment = cdk.Environment(account=OWN, region="eu-west-1")
    PrivateRegistry(
        cdk.Stack(app, "Registry", env=environment),
        "Registry",
        scanning=Scanning.enhanced(),
        replication=[Replication.to("eu-central-1", repositories=Namespace("prod"))],
    )
    stack = cdk.Stack(app, "Containers", env=environment)
    HardenedRepository(stack, "Api", repository_name="prod/api")

    assert_scanned(app, "prod/api", scan_type="ENHANCED", frequency="CONTINUOUS_SCAN")
    assert_replicated(app, "prod/api", to=["eu-central-1"])
    assert_replicated(app, "prod/api", to=[f"{OWN}/eu-central-1"])
    # The stack alone does not have the registry.
    assert_replicated(stack, "prod/api", to=[])
