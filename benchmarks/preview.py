"""
Measure `ecr-constructs preview` against `json.loads` of the same listing: CPU time, size of the page and peak memory.

2,000 repositories with 100,000 images in one listing, under one policy of six rules. Each run is a process of its own:
the time of Python, of the imports and of all files is part of it. A second listing has 500,000 images.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median

from ecr_constructs.model import (
    LifecyclePolicy,
    archive_unpulled,
    expire_older_than,
    expire_untagged,
    keep_forever,
    keep_latest,
)

AT = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)
POLICY = LifecyclePolicy.of(
    keep_forever("production-*"),
    keep_latest(30, matching="release-*"),
    expire_older_than(after_days=60, matching=["dev-*", "pr-*"]),
    expire_untagged(after_days=14),
    archive_unpulled(after_days=120),
)
KINDS = ("release-1.{}", "dev-{}", "pr-{}", "production-{}", "main-{}")
REPOSITORIES, IMAGES, MANY_IMAGES = 2_000, 100_000, 500_000
FORMATS = {"table": 5.0, "json": 5.0, "html": 6.0}
MOST_BYTES, MOST_MEMORY = 3_000_000, 4 * 2**30
# The bytecode of this run, as in imports.py.
_bytecode = tempfile.TemporaryDirectory()


def listing(images: int, repositories: int) -> str:
    """Return the output of `aws ecr describe-images` for so many images of so many repositories."""
    chance = random.Random(images)  # noqa: S311  (images, no secrets)
    details = []
    for each in range(images):
        pushed = AT - timedelta(seconds=chance.randrange(900 * 86_400))
        tags = [chance.choice(KINDS).format(each), *([f"sha-{chance.getrandbits(28):07x}"] if each % 3 == 0 else [])]
        details.append(
            {
                "registryId": "111122223333",
                "repositoryName": f"team-{each % repositories % 40}/service-{each % repositories}",
                "imageDigest": f"sha256:{chance.getrandbits(256):064x}",
                **({"imageTags": tags} if each % 10 else {}),
                "imageSizeInBytes": chance.randrange(500_000_000),
                "imagePushedAt": pushed.isoformat(),
                "imageManifestMediaType": "application/vnd.docker.distribution.manifest.v2+json",
                "artifactMediaType": "application/vnd.docker.container.image.v1+json",
                "lastRecordedPullTime": (pushed + (AT - pushed) * chance.random()).isoformat(timespec="seconds"),
                "imageStatus": "ACTIVE",
            }
        )
    return json.dumps({"imageDetails": details})


def line(what: str, measured: str, budget: str, *, is_kept: bool) -> bool:
    """Print one line of the result."""
    print(f"  {what:<44} {measured:>10}   budget {budget}: {'kept' if is_kept else 'MISSED'}")
    return is_kept


def write(folder: Path, text: str) -> None:
    """Write the policy and a listing."""
    (folder / "policy.json").write_text(POLICY.to_json(), encoding="utf-8")
    (folder / "images.json").write_text(text, encoding="utf-8")


def run(folder: Path, images: Path, *options: str) -> tuple[float, int]:
    """Return the CPU time of a preview in seconds, and its peak memory in bytes."""
    command = [sys.executable, "-m", "ecr_constructs", "preview", str(folder / "policy.json"), "--repository", "*"]
    command += ["--images", str(images), "--at", AT.isoformat(), *options]
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    measure = "import os, resource, subprocess, sys; code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, "
    measure += "stderr=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); exit(code)"
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": _bytecode.name, "PYTHONDONTWRITEBYTECODE": ""}
    program = [sys.executable, "-c", measure, *command]
    found = subprocess.run(program, capture_output=True, text=True, check=True, env=environment)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime, int(found.stdout) * 1024


def parsing(text: str) -> float:
    """Return the CPU time of `json.loads` in seconds."""
    begin = time.process_time()
    json.loads(text)
    return time.process_time() - begin


def formats(folder: Path, images: Path, text: str, rounds: int) -> list[bool]:
    """Measure each format, and print its ratio to `json.loads` after one second is subtracted."""
    kept = []
    for name, budget in FORMATS.items():
        pairs = [(run(folder, images, "--format", name), parsing(text)) for _ in range(rounds)]
        seconds, theirs = median(ours[0] for ours, _ in pairs), median(theirs for _, theirs in pairs)
        ratio = median((ours[0] - 1) / theirs for ours, theirs in pairs)
        print(f"  {name:<44} {seconds:6.2f} s, json.loads {theirs:.2f} s, {pairs[0][0][1] / 2**20:,.0f} MiB")
        what = f"({name} - 1 s) / json.loads"
        kept.append(line(what, f"{ratio:.1f}", f"{budget:.0f}", is_kept=ratio <= budget))
    return kept


def pages(folder: Path, images: Path) -> bool:
    """Measure the index of a folder of pages."""
    output = folder / "pages"
    seconds, _ = run(folder, images, "--format", "html", "--output", str(output))
    size = (output / "index.html").stat().st_size
    print(f"  {'index and pages':<44} {seconds:6.2f} s")
    return line("bytes of index.html", f"{size:,}", f"{MOST_BYTES:,}", is_kept=size <= MOST_BYTES)


def memory(folder: Path, images: Path, names: Sequence[str]) -> list[bool]:
    """Measure the peak memory of each format for a listing of many images."""
    kept = []
    for name in names:
        seconds, peak = run(folder, images, "--format", name)
        what = f"MiB of {name}, in {seconds:.0f} s"
        kept.append(line(what, f"{peak >> 20:,}", f"{MOST_MEMORY >> 20:,}", is_kept=peak <= MOST_MEMORY))
    return kept


def main() -> int:
    """Measure and print; with `--check`, exit with 1 if a budget is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured (default: 3)")
    parser.add_argument("--quick", action="store_true", help="small listings: whether it runs, not how fast")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a budget is missed")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write the policy and the listing, and exit")
    arguments = parser.parse_args()
    if arguments.write:
        write(arguments.write, listing(IMAGES, REPOSITORIES))
        return 0
    scale, rounds = (100, 1) if arguments.quick else (1, arguments.rounds)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images, text = folder / "images.json", listing(IMAGES // scale, REPOSITORIES // scale)
        write(folder, text)
        print(
            f"{IMAGES // scale:,} images of {REPOSITORIES // scale:,} repositories, {len(text) / 1e6:.0f} MB of text."
        )
        kept = [*formats(folder, images, text, rounds), pages(folder, images)]
        images.write_text(listing(MANY_IMAGES // scale, REPOSITORIES // scale), encoding="utf-8")
        print(f"{MANY_IMAGES // scale:,} images of {REPOSITORIES // scale:,} repositories: peak memory.")
        kept += memory(folder, images, list(FORMATS))
    return 1 if arguments.check and not all(kept) else 0


if __name__ == "__main__":
    sys.exit(main())
