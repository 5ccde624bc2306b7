"""The answers of one account that are kept in a folder."""

from __future__ import annotations

import gc
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.aws import FetchOptions, FleetOptions, ReadingFolder, connect_fleet
from ecr_constructs.cli.main import run
from ecr_constructs.cli.preview.run import Selection, preview_account
from ecr_constructs.cli.progress import NoProgress
from ecr_constructs.cli.sources.records import Place
from ecr_constructs.model import Image, LifecyclePolicy, limit_images
from tests.cli.aws.cloud import ACCOUNT, REGION, Cloud, Preview, digest, image, results

HERE = Place(account_id=ACCOUNT, region=REGION)
OPTIONS = FetchOptions(aws_preview=False, current=False, in_use=False, read_indexes=False)


def test_the_images_of_few_repositories_are_in_memory(cloud: Cloud, tmp_path: Path) -> None:
    for number in range(8):
        policy = LifecyclePolicy.of(limit_images(10)).to_json()
        cloud.add(f"team/{number}", *(image(each, f"v{each}", days=each) for each in range(1, 101)), policy=policy)
    before = images_in_memory()
    fleet = connect_fleet(FleetOptions(), ReadingFolder(tmp_path))
    report = preview_account(Selection(policy_set=None), fleet.account(HERE), OPTIONS, progress=NoProgress())
    assert sum(len(preview.evaluation.expired) for preview in report.previews) == 8 * 90

    assert 0 < images_in_memory() - before <= 2 * 100


def images_in_memory() -> int:
    gc.collect()
    return sum(isinstance(each, Image) for each in gc.get_objects())


@pytest.fixture
def preview(cloud: Cloud, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    cloud.add("prod/api", *(image(number, f"v{number}", days=10 - number) for number in range(1, 6)))

    def call(policy: LifecyclePolicy, *options: str) -> dict[str, Any]:
        Path("policy.json").write_text(
            json.dumps({"repositoryName": "prod/api", "lifecyclePolicyText": policy.to_json()}), encoding="utf-8"
        )
        code = run(["preview", "policy.json", "--live", "--state-dir", "state", "--format", "json", *options])
        out, err = capsys.readouterr()
        assert (code, err) == (0, "")
        found: dict[str, Any] = json.loads(out)["repositories"][0]
        return found

    return call


def test_all_that_was_read_is_used_again(preview: Any, cloud: Cloud) -> None:
    cloud.repositories["prod/api"].policy = LifecyclePolicy.of(limit_images(4)).to_json()
    cloud.repositories["prod/api"].add_index(9, 5, tag="multi")
    cloud.repositories["prod/api"].next = Preview(results=results([(1, "EXPIRE", 1)]))
    cloud.use(2, repository="prod/api")
    policy = LifecyclePolicy.of(limit_images(3))
    first = preview(policy, "--current", "--read-indexes")
    cloud.calls.clear()
    again = preview(policy, "--current", "--read-indexes")

    assert first["by_aws"]
    assert {key: again[key] for key in ("images", "current", "disagreements", "by_aws")} == {
        key: first[key] for key in ("images", "current", "disagreements", "by_aws")
    }
    assert cloud.calls == [("GetCallerIdentity", None)]


def test_the_preview_of_another_policy_is_read_and_the_images_are_not(preview: Any, cloud: Cloud) -> None:
    for number, keep in ((1, 4), (2, 3)):
        cloud.repositories["prod/api"].next = Preview(results=results([(number, "EXPIRE", 1)]))
        expired = preview(LifecyclePolicy.of(limit_images(keep)), "--no-in-use")["images"]
        assert [each["digest"] for each in expired if each["group"] == "expired"] == [digest(number)]
    assert cloud.called("DescribeImages") == 1
    assert cloud.called("StartLifecyclePolicyPreview") == 2


def test_an_answer_is_complete_while_others_are_written(tmp_path: Path) -> None:
    readings = ReadingFolder(tmp_path / "state").of(HERE)
    value = [{"imageDigest": digest(number)} for number in range(500)]
    threads = [threading.Thread(target=readings.keep, args=("images", "prod/api", value)) for _ in range(8)]
    for thread in threads:
        thread.start()
    found = [readings.find("images", "prod/api") for _ in range(50)]
    for thread in threads:
        thread.join()

    assert all(each in (None, value) for each in found)
    assert readings.find("images", "prod/api") == value
    assert readings.find("images", "prod/ap") is None
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


def test_a_name_can_have_256_characters_and_be_the_folder_of_another(tmp_path: Path) -> None:
    readings = ReadingFolder(tmp_path / "state").of(HERE)
    for name in ("a" * 256, "prod", "prod/api", "prod.json/api", "prod.json"):
        readings.keep("images", name, [name])
    assert readings.find("images", "prod.json") == ["prod.json"]
    assert readings.find("images", "a" * 256) == ["a" * 256]
