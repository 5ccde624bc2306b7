"""
Measure the peak memory of `ecr-constructs preview --live` for 2,000 repositories with 1,000 images each.

Each format is a process of its own, with answers of AWS that are generated in it in the place of the network. The first
process reads the account and keeps the answers in a folder, and the others read the folder. The peak of
the resident memory of a process is that of the operating system (`ru_maxrss`). The same is measured for a quarter of
the repositories: the memory does not grow with their number, except for the name, the policy and the totals of each.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

BUDGET = 1024.0  # MiB
REPOSITORIES = 2_000
IMAGES = 1_000
FORMATS = ("table", "json", "csv", "html")
PAGE = 1_000
AT = datetime(2026, 6, 1, tzinfo=timezone.utc)
POLICY = (
    '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"tagged","tagPatternList":["release-*"],'
    '"countType":"imageCountMoreThan","countNumber":300},"action":{"type":"expire"}},'
    '{"rulePriority":2,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days",'
    '"countNumber":14},"action":{"type":"expire"}}]}'
)


def main() -> int:
    """Print the peak memory of each format, and return 1 if the budget is exceeded and `--check` is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repositories", type=int, default=REPOSITORIES)
    parser.add_argument("--images", type=int, default=IMAGES, help="in each repository")
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=FORMATS)
    parser.add_argument("--quick", action="store_true", help="few repositories, to check that the program runs")
    parser.add_argument("--check", action="store_true", help="exit with 1 if the budget is exceeded")
    options = parser.parse_args()
    repositories, images = (40, 100) if options.quick else (options.repositories, options.images)
    print(f"{repositories:,} repositories with {images:,} images each, and a quarter of the repositories")
    print("format      peak  of a quarter   CPU time   budget")
    is_exceeded = False
    with tempfile.TemporaryDirectory() as name:
        for form in options.formats:
            small, _ = measure(form, repositories // 4, images, Path(name, "quarter"))
            peak, seconds = measure(form, repositories, images, Path(name, "whole"))
            is_exceeded |= peak > BUDGET
            print(f"{form:6} {peak:5.0f} MiB  {small:9.0f} MiB  {seconds:7.1f} s  {BUDGET:.0f} MiB", flush=True)
    return int(is_exceeded and options.check)


def measure(form: str, repositories: int, images: int, folder: Path) -> tuple[float, float]:
    """Return the peak memory in MiB and the CPU time in seconds of a preview in a process of its own."""
    folder.mkdir(exist_ok=True)
    output = ["--output", str(folder / "pages")] if form == "html" else []
    arguments = ["--state-dir", str(folder / "state"), "--format", form, *output]
    command = [sys.executable, __file__, "--child", str(repositories), str(images), *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        errors = process.stderr.read() if process.stderr else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(errors)
    kibibytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return kibibytes / 1024, usage.ru_utime + usage.ru_stime


def child(repositories: int, images: int, arguments: list[str]) -> int:
    """Preview a generated account, and return the exit code."""
    import botocore.client  # type: ignore[import-untyped]  # it ships no types

    from ecr_constructs.cli.main import run

    def call(_: object, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return answer(operation, request, repositories, images)

    botocore.client.BaseClient._make_api_call = call  # noqa: SLF001  (botocore has no public place for it)
    os.environ |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_REGION": "eu-central-1"}
    return run(["preview", "--live", "--no-aws-preview", "--no-in-use", *arguments])


def answer(operation: str, request: dict[str, Any], repositories: int, images: int) -> dict[str, Any]:
    """Return the answer of AWS to a call."""
    if operation == "GetCallerIdentity":
        return {"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:role/reader"}
    if operation == "GetLifecyclePolicy":
        return {"lifecyclePolicyText": POLICY}
    if operation == "DescribeRepositories":
        found = [{"repositoryName": f"team-{number % 97}/service-{number}"} for number in range(repositories)]
        return page(found, "repositories", request)
    return page(list(details(request["repositoryName"], images)), "imageDetails", request)


def page(entries: list[dict[str, Any]], member: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return a page of entries."""
    start = int(request.get("nextToken", 0))
    token = {"nextToken": str(start + PAGE)} if start + PAGE < len(entries) else {}
    return {member: entries[start : start + PAGE], **token}


def details(repository: str, images: int) -> Iterator[dict[str, Any]]:
    """Yield images as `DescribeImages` returns them: every third is untagged, the others are releases."""
    for number in range(images):
        yield {
            "registryId": "111122223333",
            "repositoryName": repository,
            "imageDigest": f"sha256:{sha256(f'{repository}:{number}'.encode()).hexdigest()}",
            "imagePushedAt": AT - timedelta(hours=number),
            "lastRecordedPullTime": AT - timedelta(hours=number // 2),
            "imageSizeInBytes": 100_000_000 + number,
            "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
            "imageStatus": "ACTIVE",
            **({"imageTags": [f"release-{number}", f"build-{number}"]} if number % 3 else {}),
        }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        sys.exit(child(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))
    sys.exit(main())
