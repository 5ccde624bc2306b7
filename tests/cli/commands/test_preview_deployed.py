"""`ecr-constructs preview --live` without a source: the deployed policies of an account."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ecr_constructs.cli.main import run
from ecr_constructs.model import LifecyclePolicy, limit_images
from tests.cli.aws.cloud import ACCOUNT, Cloud, image


@pytest.fixture
def fleet(cloud: Cloud) -> Cloud:
    for number, name in enumerate(["prod/api", "prod/web", "dev/x"], start=1):
        stored = cloud.add(name, *(image(each, f"v{each}", days=each) for each in range(1, 6)))
        stored.policy = LifecyclePolicy.of(limit_images(number)).to_json()
        stored.tags = {"team": name.partition("/")[0], "n": str(number)}
    cloud.add("bare", image(1, "v1"))
    return cloud


def preview(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any], str]:
    code = run(["preview", "--live", "--no-aws-preview", "--no-in-use", "--format", "json", *options])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else {}, err


def expired(document: dict[str, Any]) -> dict[str, int]:
    return {each["repository"]: each["summary"]["expired"]["images"] for each in document["repositories"]}


def test_the_deployed_policy_of_each_repository_is_previewed(fleet: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    code, document, _ = preview(capsys)

    assert code == 0
    assert expired(document) == {"prod/api": 4, "prod/web": 3, "dev/x": 2}
    assert document["without_policy"] == ["bare"]
    assert {each["where"] for each in document["repositories"]} == {f"account {ACCOUNT} in eu-central-1"}
    assert fleet.called("GetLifecyclePolicy") == 4


def test_only_selected_repositories_are_read(fleet: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    assert expired(preview(capsys, "--repository", "prod/*")[1]) == {"prod/api": 4, "prod/web": 3}
    assert fleet.called("DescribeImages") == 2


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("team=prod",), {"prod/api", "prod/web"}),
        (("team=prod", "n=2"), {"prod/web"}),
        (("team",), {"prod/api", "prod/web", "dev/x"}),
    ],
)
@pytest.mark.usefixtures("fleet")
def test_repositories_are_selected_by_resource_tags(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], names: set[str]
) -> None:
    flags = [each for option in options for each in ("--resource-tag", option)]

    assert set(expired(preview(capsys, *flags)[1])) == names


def test_tags_that_no_repository_has_or_that_cannot_be_read_are_errors(
    fleet: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = preview(capsys, "--resource-tag", "team=none")
    assert code == 2
    assert "--resource-tag team=none: no repository has the resource tag" in err

    fleet.deny("ListTagsForResource")
    code, _, err = preview(capsys, "--resource-tag", "team=prod")
    assert code == 2
    assert "ecr:ListTagsForResource is not allowed" in err


def test_a_deployed_policy_that_cannot_be_read_is_a_problem_and_the_others_are_previewed(
    fleet: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.deny("GetLifecyclePolicy", repository="prod/web")
    code, document, err = preview(capsys)

    assert code == 2
    assert set(expired(document)) == {"prod/api", "dev/x"}
    assert "prod/web: ecr:GetLifecyclePolicy is not allowed" in err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["preview"], "no policies; give a PATH, or add --live to preview the deployed policies"),
        (["preview", "--live", "--current"], "without a PATH the deployed policies are previewed; remove --current"),
        (["preview", "p", "--images", "i", "--resource-tag", "a"], "--resource-tag needs an account"),
    ],
)
def test_options_that_do_not_fit_are_rejected(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert problem in capsys.readouterr().err
