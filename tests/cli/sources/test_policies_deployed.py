"""Deployed policies, as `aws ecr get-lifecycle-policy` prints them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecr_constructs.cli.sources.policies import read_deployed
from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model import LifecyclePolicy
from tests.cli.listings import GENEROUS, POLICY, RELEASES, listing


def printed(repository: object, text: object) -> dict[str, object]:
    return {"registryId": "111122223333", "repositoryName": repository, "lifecyclePolicyText": text}


def problem(source: Path) -> str:
    with pytest.raises(EcrConstructsError) as caught:
        read_deployed([str(source)])
    return str(caught.value)


def test_each_explanation_names_its_policy(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text(json.dumps(printed("prod/api", POLICY.to_json())))
    (tmp_path / "others.json").write_text(
        json.dumps([printed("prod/web", GENEROUS.to_json()), printed("prod/db", POLICY.to_json())])
    )

    assert read_deployed([str(tmp_path)]) == {"prod/api": POLICY, "prod/web": GENEROUS, "prod/db": POLICY}


def test_an_empty_text_is_that_of_a_repository_without_a_policy(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text(json.dumps(printed("api", "")))

    assert read_deployed([str(tmp_path)]) == {"api": LifecyclePolicy.none()}


def test_listings_of_images_in_the_folder_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text(json.dumps(printed("api", POLICY.to_json())))
    (tmp_path / "images.json").write_text(listing(RELEASES, "api"))
    (tmp_path / "bare.json").write_text(json.dumps(json.loads(listing(RELEASES, "api"))["imageDetails"]))

    assert read_deployed([str(tmp_path)]) == {"api": POLICY}
    assert "is not output of 'aws ecr get-lifecycle-policy'" in problem(tmp_path / "images.json")


def test_a_policy_file_is_of_every_repository_unless_a_folder_has_it_for_one(tmp_path: Path) -> None:
    file = tmp_path / "prod__api.json"
    file.write_text(POLICY.to_json())

    assert read_deployed([str(file)]) == {None: POLICY}
    assert read_deployed([str(tmp_path)]) == {"prod/api": POLICY}
    file.write_text('{"rules": 1}')
    assert problem(file).startswith(f"{file}: rules: 1 is not a list")


def test_two_policy_files_for_every_repository_are_rejected(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.json", "b.json")]
    for file, policy in zip(files, (POLICY, GENEROUS), strict=True):
        file.write_text(policy.to_json())

    with pytest.raises(EcrConstructsError, match="every repository has another policy in another file"):
        read_deployed(map(str, files))


def test_a_folder_without_policies_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "images.json").write_text(listing(RELEASES, "api"))

    assert problem(tmp_path) == f"{tmp_path}: no policy in it; give the output of 'aws ecr get-lifecycle-policy'"


def test_two_different_policies_of_a_repository_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(printed("api", POLICY.to_json())))
    (tmp_path / "b.json").write_text(json.dumps(printed("api", GENEROUS.to_json())))

    assert problem(tmp_path) == f"{tmp_path / 'b.json'}: api has another policy in another file; remove one"


@pytest.mark.parametrize("entry", [{}, [1], "text", printed(1, "{}"), printed("api", None), {"repositoryName": "api"}])
def test_a_document_that_is_not_an_answer_is_rejected(tmp_path: Path, entry: object) -> None:
    (tmp_path / "api.json").write_text(json.dumps(entry))

    assert "is not output of 'aws ecr get-lifecycle-policy'; give an object with repositoryName and" in problem(
        tmp_path
    )


def test_a_policy_that_cannot_be_read_is_reported_with_its_file_and_repository(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text(json.dumps(printed("api", '{"rules": 1}')))

    assert problem(tmp_path).startswith(f"{tmp_path / 'api.json'}, api: rules: 1 is not a list")
