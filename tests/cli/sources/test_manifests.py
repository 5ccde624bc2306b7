"""Manifests in files decide which untagged images belong to an image index."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.errors import CommandError, ExitCode
from ecr_constructs.cli.main import run
from ecr_constructs.cli.sources.manifests import read_manifests
from ecr_constructs.model import LifecyclePolicy, expire_untagged
from tests.cli.aws.cloud import INDEX, digest, image

CHILDREN = (digest(1), digest(2))
MANIFEST = json.dumps(
    {"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"digest": each, "size": 7} for each in CHILDREN]}, indent=3
)
OWN = f"sha256:{hashlib.sha256(MANIFEST.encode()).hexdigest()}"


def answer(name: str = digest(9), manifest: str = MANIFEST) -> dict[str, Any]:
    return {"images": [{"imageId": {"imageDigest": name}, "imageManifest": manifest}], "failures": []}


def preview(tmp_path: Path, capsys: pytest.CaptureFixture[str], index: str, *options: str) -> dict[str, int]:
    """Return the number of images of each outcome, for two untagged images of an index and one of no index."""
    details = [
        {**image(number, *tags, media_type=kind), "imagePushedAt": "2026-01-01T00:00:00Z", "repositoryName": "api"}
        for number, tags, kind in [(1, (), "m"), (2, (), "m"), (3, (), "m"), (9, ("v1",), INDEX)]
    ]
    details[3]["imageDigest"] = index
    (tmp_path / "images.json").write_text(json.dumps({"imageDetails": details}))
    (tmp_path / "policy.json").write_text(LifecyclePolicy.of(expire_untagged(after_days=1)).to_json())
    paths = [str(tmp_path / "policy.json"), "--images", str(tmp_path / "images.json")]
    assert run(["preview", *paths, "--format", "json", *options]) == ExitCode.DONE
    [found] = json.loads(capsys.readouterr().out)["repositories"]
    return {group: entry["images"] for group, entry in found["summary"].items() if entry["images"]}


def test_without_manifests_untagged_images_are_uncertain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert preview(tmp_path, capsys, digest(9)) == {"uncertain": 3, "kept": 1}


def test_an_answer_of_batch_get_image_decides_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.json").write_text(json.dumps(answer()))

    assert preview(tmp_path, capsys, digest(9), "--manifests", str(tmp_path / "m.json")) == {"expired": 1, "kept": 3}


@pytest.mark.parametrize(
    "saved",
    [
        answer()["images"],
        {"reference": "x", "digest": digest(9), "content": json.loads(MANIFEST)},
        {**json.loads(MANIFEST), "digest": digest(9)},
    ],
    ids=["--query images", "oras --format json", "docker buildx imagetools"],
)
def test_a_digest_beside_a_manifest_is_used(tmp_path: Path, capsys: pytest.CaptureFixture[str], saved: object) -> None:
    (tmp_path / "m.json").write_text(json.dumps(saved))

    assert preview(tmp_path, capsys, digest(9), "--manifests", str(tmp_path / "m.json")) == {"expired": 1, "kept": 3}


def test_a_changed_manifest_is_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.json").write_text(json.dumps(json.loads(MANIFEST)))
    preview(tmp_path, capsys, OWN)
    arguments = ["preview", str(tmp_path / "policy.json"), "--images", str(tmp_path / "images.json")]

    assert run([*arguments, "--manifests", str(tmp_path / "m.json")]) == ExitCode.DONE
    assert "note: no manifest of --manifests has the digest of a listed image" in capsys.readouterr().out


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_manifest_is_found_by_the_digest_of_its_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], end: str
) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "v1").write_text(MANIFEST + end)
    (folder / "layer").write_bytes(b"\x1f\x8b\xff\xff")

    assert preview(tmp_path, capsys, OWN, "--manifests", str(folder)) == {"expired": 1, "kept": 3}


def test_manifests_of_other_indexes_decide_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.json").write_text(MANIFEST)

    assert preview(tmp_path, capsys, digest(9), "--manifests", str(tmp_path / "m.json")) == {"uncertain": 3, "kept": 1}


def test_answers_can_follow_each_other_and_single_images_are_skipped(tmp_path: Path) -> None:
    single = json.dumps({"schemaVersion": 2, "config": {}, "layers": []})
    texts = [answer(digest(1)), answer(digest(2), single), answer(digest(3), "{"), answer(digest(4), "[")]
    (tmp_path / "m.json").write_text("\n".join(map(json.dumps, texts)))

    assert read_manifests([str(tmp_path / "m.json")]) == {digest(1): dict.fromkeys(CHILDREN, False)}


@pytest.mark.parametrize("text", ["{}", '{"images": [{}]}', "[1]", '{"layers": []}'])
def test_a_file_without_an_index_is_rejected(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.json").write_text(text)

    with pytest.raises(CommandError, match="no image index in it"):
        read_manifests([str(tmp_path / "m.json")])


def test_manifests_need_listings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["preview", "p.json", "--live", "--manifests", "m.json"]) == ExitCode.REFUSED
    assert "--manifests needs --images; with --live, use --read-indexes" in capsys.readouterr().err
