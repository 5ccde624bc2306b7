"""`ecr-constructs pin`, from the first argument to the exit code, against an account."""

from __future__ import annotations

import json
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.main import run
from ecr_constructs.model import ImagePin, read_image_pins
from ecr_constructs.model.pins import pins_document, write_image_pins
from tests.cli.aws.cloud import ACCOUNT, REGION, REGISTRY, Cloud, digest, image

HERE = f"{ACCOUNT}/{REGION}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def registry(cloud: Cloud) -> Cloud:
    cloud.add("prod/api", image(1, "v1"), image(2, "v2", "production"))
    cloud.add("prod/web", image(3, "v1"))
    return cloud


def pins(folder: Path) -> Any:
    return json.loads((folder / "ecr-pins.json").read_text(encoding="utf-8"))["images"]


def write_template(folder: Path, *images: Any) -> None:
    task = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [{"Image": i} for i in images]}}
    content = {"Resources": {"Task": task, "Unnamed": {"Type": "AWS::ECR::Repository"}}}
    (folder / "Shop.template.json").write_text(json.dumps(content), encoding="utf-8")


def write_pins(folder: Path, *entries: tuple[str, int], registry: str = HERE) -> None:
    account, _, region = registry.partition("/")
    found = []
    for name, number in entries:
        repository, _, tag = name.partition(":")
        found.append(ImagePin(account=account, region=region, repository=repository, tag=tag, digest=digest(number)))
    write_image_pins(folder / "ecr-pins.json", found)


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Sequence[str], str]:
    code = run(["pin", *arguments])
    shown = capsys.readouterr()
    return code, shown.out.splitlines(), shown.err


def test_tags_of_templates_and_of_the_option_are_pinned(
    registry: Cloud, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_template(
        folder,
        f"{REGISTRY}/prod/api:production",
        f"{ACCOUNT}.dkr-ecr.{REGION}.on.aws/prod/web:v1",
        {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/prod/api:production"},
        f"{REGISTRY}/prod/api@{digest(1)}",
        f"444455556666.dkr.ecr.{REGION}.amazonaws.com/prod/api:v1",
        {"Fn::Sub": "${Unnamed.RepositoryUri}:v1"},
        "nginx:1.27",
        f"{REGISTRY}/cdk-hnb659fds-container-assets-{ACCOUNT}-{REGION}:{'a' * 64}",
    )

    code, lines, error = ran(capsys, "Shop.template.json", "--image", "prod/api:v1", "--live")

    assert (code, error) == (0, "")
    assert pins(folder) == {
        HERE: {"prod/api:production": digest(2), "prod/api:v1": digest(1), "prod/web:v1": digest(3)}
    }
    assert lines == [
        f"pinned: prod/api:production in {HERE}: {digest(2)}",
        f"pinned: prod/api:v1 in {HERE}: {digest(1)}",
        f"pinned: prod/web:v1 in {HERE}: {digest(3)}",
        "not pinned: Shop.template.json/Unnamed:v1: CloudFormation generates its name; give repository_name=",
        "ecr-pins.json has 3 pins",
    ]
    assert registry.called("DescribeImages") == 3
    assert registry.called("BatchGetImage") == 0


@pytest.mark.usefixtures("registry")
def test_existing_pins_change_only_with_update_and_those_of_other_registries_never(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_pins(folder, ("prod/api:production", 1))
    ours = pins(folder)
    other = {"444455556666/eu-west-1": {"prod/api:production": digest(9)}}
    (folder / "ecr-pins.json").write_text(json.dumps({"version": 1, "images": {**ours, **other}}), encoding="utf-8")

    assert ran(capsys, "--image", "prod/api:production", "--live")[:2] == (0, ["ecr-pins.json has 2 pins"])
    assert pins(folder) == {**ours, **other}

    code, lines, _ = ran(capsys, "--update", "--live")

    assert code == 0
    assert lines[0] == f"updated: prod/api:production in {HERE}: {digest(1)} to {digest(2)}"
    assert pins(folder) == {HERE: {"prod/api:production": digest(2)}, **other}


@pytest.mark.usefixtures("registry")
def test_an_image_that_does_not_exist_is_an_error_and_nothing_is_written(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, error = ran(
        capsys, "--image", "prod/api:v9", "--image", "prod/none:v1", "--image", "prod/api:v1", "--live"
    )

    assert code == 2
    assert f"prod/api:v9 does not exist in {HERE}; push it, or correct the name" in error
    assert f"prod/none:v1 does not exist in {HERE}" in error
    assert not (folder / "ecr-pins.json").exists()


def test_a_call_that_fails_is_an_error_with_the_permission(
    registry: Cloud, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.deny("DescribeImages")

    code, _, error = ran(capsys, "--image", "prod/api:v1", "--live")

    assert code == 2
    assert "ecr:DescribeImages" in error
    assert not (folder / "ecr-pins.json").exists()


@pytest.mark.usefixtures("registry")
def test_check_reports_pins_that_are_stale_deleted_or_unused(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_pins(
        folder,
        ("prod/api:production", 1),
        ("prod/api:v0", 8),
        ("prod/api:v1", 1),
        ("prod/api:v2", 2),
        ("prod/web:v1", 3),
    )
    before = (folder / "ecr-pins.json").read_bytes()
    write_template(
        folder,
        f"{REGISTRY}/prod/api@{digest(1)}",
        f"{REGISTRY}/prod/api@{digest(8)}",
        f"{REGISTRY}/prod/api:v2",
    )

    code, lines, _ = ran(capsys, "Shop.template.json", "--live", "--check")

    assert code == 3
    assert lines == [
        f"moved: prod/api:production in {HERE}: the pin is {digest(1)}, the tag has {digest(2)}; run with --update",
        f"gone: prod/api:v0 in {HERE}: the tag no longer exists; delete the pin with --prune, or push the image",
        f"unused: prod/api:v2 in {HERE}: a template deploys its tag; use pinned('v2') there",
        f"unused: prod/web:v1 in {HERE}: no template deploys its digest; delete it with --prune",
    ]
    assert (folder / "ecr-pins.json").read_bytes() == before


@pytest.mark.usefixtures("registry")
def test_check_accepts_pins_that_are_current(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_pins(folder, ("prod/api:v1", 1))
    write_template(folder, {"Fn::Sub": f"${{Unnamed.RepositoryUri}}@{digest(1)}"})

    assert ran(capsys, "Shop.template.json", "--live", "--check") == (0, ["All pins are current."], "")


def test_check_and_prune_without_an_account_compare_with_templates(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pins(folder, ("prod/api:v1", 1), ("prod/api:v2", 2))
    write_template(folder, f"{REGISTRY}/prod/api@{digest(1)}")

    assert ran(capsys, "Shop.template.json", "--check")[0] == 3
    assert ran(capsys, "Shop.template.json", "--prune")[:2] == (
        0,
        [f"removed: prod/api:v2 in {HERE}: {digest(2)}", "ecr-pins.json has 1 pin"],
    )
    assert ran(capsys, "Shop.template.json", "--check")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "add --live"),
        (["--live"], "nothing to pin; give PATH, --image NAME:TAG, or --update"),
        (["--image", "prod/api:v1"], "--image needs an account; add --live"),
        (["--live", "--image", "prod/api"], "write the repository and the tag"),
        (["--live", "--image", "Prod:v1"], "lower-case"),
        (["--live", "--image", f"{REGISTRY}/prod/api:v1"], "write the repository and the tag"),
        (["--region", "eu-west-1", "--check", "x"], "--region needs an account"),
        (["--live", "--check", "--update"], "--check writes nothing; remove --update"),
        (["--live", "--update", "--prune"], "--prune needs the templates; give PATH"),
        (["--live", "--check"], "no such file"),
    ],
)
@pytest.mark.usefixtures("cloud", "folder")
def test_options_that_cannot_be_used_are_errors(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, error = ran(capsys, *arguments)

    assert code == 2
    assert message in error


def test_the_file_is_sorted_and_replaced_as_a_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pins(folder, ("prod/web:v1", 3), ("prod/api:v1", 1))
    path = folder / "ecr-pins.json"
    path.chmod(0o640)
    written = path.read_text(encoding="utf-8")

    assert (
        written
        == json.dumps({"version": 1, "images": {HERE: dict(sorted(pins(folder)[HERE].items()))}}, indent=2) + "\n"
    )
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk")))
    with pytest.raises(OSError, match="disk"):
        write_image_pins(path, [])
    assert path.read_text(encoding="utf-8") == written
    assert [each.name for each in folder.iterdir()] == ["ecr-pins.json"]
    monkeypatch.undo()
    write_image_pins(path, read_image_pins(path))
    assert path.read_text(encoding="utf-8") == written
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[]", "it has no 'images'"),
        ('{"version": 2, "images": {}}', "version 2 is unknown"),
        ('{"version": 1, "images": {"1/x": []}}', "is \\[\\]; write an object"),
        ('{"version": 1, "images": {"1/x": {"api": "sha256:1"}}}', "account '1'"),
        (f'{{"version": 1, "images": {{"{HERE}": {{"api:v1": 1}}}}}}', "image digest must be a string"),
        (f'{{"version": 1, "images": {{"{HERE}": {{"api:v1": "a", "api:v1": "b"}}}}}}', "'api:v1' is there twice"),
    ],
)
def test_a_file_that_is_not_a_file_of_pins_is_an_error(content: str, message: str, folder: Path) -> None:
    from ecr_constructs.errors import EcrConstructsError

    path = folder / "ecr-pins.json"
    path.write_text(content, encoding="utf-8")

    with pytest.raises((EcrConstructsError, TypeError), match=message):
        read_image_pins(path)


def test_no_pins_are_a_file_too() -> None:
    assert pins_document([]) == {"version": 1, "images": {}}
