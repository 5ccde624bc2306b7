"""
Measure `LifecyclePolicy.evaluate` against `json.loads` of the same images: time, growth and memory.

A repository of 100,000 images, which is ECR's quota, under a policy of ten rules. Both are measured in one process, in
turns, with the images in memory and the garbage collector running. The median of the rounds is printed beside its
budget. Reading every decision is part of the measured time.

A second repository has several tags for each image, under 49 patterns of three wildcards: the ratio to `json.loads`,
for ordinary tags and for the tags and patterns that take longest, and the growth for twice as many images, tags or
patterns.
"""

from __future__ import annotations

import argparse
import json
import random
import string
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from statistics import median

from ecr_constructs.model import (
    Image,
    LifecyclePolicy,
    LifecycleRule,
    archive_unpulled,
    expire_older_than,
    expire_untagged,
    keep_forever,
    keep_latest,
)
from ecr_constructs.model.images import read_images

AT = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)
POLICY = LifecyclePolicy.of(
    keep_forever("production-*"),
    keep_latest(30, matching="release-*"),
    expire_older_than(after_days=60, matching=["dev-*", "pr-*"]),
    keep_latest(100, matching="v*"),
    expire_older_than(after_days=300, matching="feature-*-*"),
    expire_older_than(after_days=200, matching="main-*"),
    keep_latest(50, matching="hotfix-*"),
    expire_untagged(after_days=14),
    archive_unpulled(after_days=120),
)
KINDS = ("release-1.{}", "dev-{}", "pr-{}", "v{}", "feature-x-{}", "main-{}", "hotfix-{}", "production-{}")
QUOTA = 100_000
# Of the growth of `json.loads`.
MOST_GROWTH = 1.25
# Of a policy of 50 rules, one is over untagged images.
PATTERNS = 49
TAGS = 4
TEAMS = ("api", "web", "job", "cron")
LETTERS = string.ascii_letters + string.digits


def listing(number: int) -> str:
    """Return the output of `aws ecr describe-images` for so many images, in no particular order."""
    chance = random.Random(number)  # noqa: S311  (images, no secrets)
    details = []
    for each in range(number):
        pushed = AT - timedelta(seconds=chance.randrange(900 * 86_400))
        tags = [chance.choice(KINDS).format(each), *([f"sha-{chance.getrandbits(28):07x}"] if each % 3 == 0 else [])]
        details.append(
            {
                "registryId": "111122223333",
                "repositoryName": "prod/api",
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


def tagged_listing(number: int, tags: int) -> str:
    """Return a listing of images with so many tags each, in which a few parts recur in every order."""
    chance = random.Random(number)  # noqa: S311  (images, no secrets)
    details = [
        {
            "imageDigest": f"sha256:{chance.getrandbits(256):064x}",
            "imageTags": [
                f"{chance.choice(TEAMS)}-{chance.randrange(PATTERNS)}-{chance.choice(TEAMS)}-{each}-{tag}"
                for tag in range(tags)
            ],
            "imageSizeInBytes": chance.randrange(500_000_000),
            "imagePushedAt": (AT - timedelta(seconds=chance.randrange(900 * 86_400))).isoformat(),
            "imageManifestMediaType": "application/vnd.docker.distribution.manifest.v2+json",
        }
        for each in range(number)
    ]
    return json.dumps({"imageDetails": details})


def retagged_listing(number: int, texts: Sequence[str]) -> str:
    """Return a listing in which the tags of every image are these texts, each with the number of the image."""
    details = json.loads(tagged_listing(number, len(texts)))["imageDetails"]
    for each, detail in enumerate(details):
        detail["imageTags"] = [f"{text}{each:06}" for text in texts]
    return json.dumps({"imageDetails": details})


def letters() -> LifecyclePolicy:
    """Return a policy whose patterns have parts that are in many tags."""
    return _policy([f"*{one}*{other}*" for one, other in pairwise(LETTERS[: PATTERNS + 1])])


def repetitive() -> LifecyclePolicy:
    """Return a policy whose patterns have long parts that nearly match repetitive tags everywhere."""
    return _policy([f"*{'a' * (10 + each % 7)}*{'a' * (9 + each // 7)}b{'a' * 9}*" for each in range(PATTERNS)])


def texts() -> LifecyclePolicy:
    """Return a policy whose patterns have long parts of different letters."""
    return _policy(
        [f"*{(LETTERS * 2)[each : each + 21]}*{(LETTERS * 2)[each : each + 20]}*" for each in range(PATTERNS)]
    )


# Repositories and policies for which other ways of matching take longest: 122 characters and the number of the image.
HARD = {
    "parts in the opposite order": ([LETTERS[::-1]] * TAGS, letters),
    "long repetitive parts": (["a" * (122 - each) + "b" * each for each in range(TAGS)], repetitive),
    "every letter at every place": ([(LETTERS[each * 9 :] + LETTERS * 2)[:122] for each in range(TAGS)], texts),
}


def patterned(number: int) -> LifecyclePolicy:
    """Return a policy with so many patterns of three wildcards."""
    return _policy([f"*-{each}-*{TEAMS[each % len(TEAMS)]}*" for each in range(number)])


def _policy(patterns: Sequence[str]) -> LifecyclePolicy:
    return LifecyclePolicy(
        rules=[
            LifecycleRule(
                rule_priority=priority,
                tag_status="tagged",
                tag_pattern_list=[pattern],
                count_type="sinceImagePushed",
                count_number=300,
            )
            for priority, pattern in enumerate(patterns, start=1)
        ]
    )


def evaluate(images: tuple[Image, ...], policy: LifecyclePolicy = POLICY) -> int:
    """Evaluate, and read every decision."""
    evaluation = policy.evaluate(images, at=AT)
    groups = (evaluation.expired, evaluation.archived, evaluation.kept, evaluation.uncertain)
    return sum(len(decision.why) > 0 for group in groups for decision in group)


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of some work, with the time to free its result."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def peak(work: Callable[[], object]) -> int:
    """Return the largest number of bytes that some work allocates."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> int:
    """Measure and print; with `--check`, exit with 1 if a budget is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="how often everything is measured (default: 9)")
    parser.add_argument("--quick", action="store_true", help="small repositories: whether it runs, not how fast")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a budget is missed")
    arguments = parser.parse_args()
    number, rounds = (QUOTA // 100, 1) if arguments.quick else (QUOTA, arguments.rounds)

    text = listing(number)
    images = read_images(json.loads(text))
    pairs = [(seconds(lambda: evaluate(images)), seconds(lambda: json.loads(text))) for _ in range(rounds)]
    ratio = median(ours / theirs for ours, theirs in pairs)
    print(
        f"{number:,} images, {len(POLICY.rules)} rules, {len(text) / 1e6:.0f} MB of text; median of {rounds}, CPU time."
    )
    print(f"  {'json.loads':<44} {1e3 * median(theirs for _, theirs in pairs):6.0f} ms")
    print(f"  {'evaluate, and read every decision':<44} {1e3 * median(ours for ours, _ in pairs):6.0f} ms")
    kept = [line("evaluate / json.loads", f"{ratio:.2f}", "0.50", is_kept=ratio <= 0.5)]

    memory, theirs = peak(lambda: evaluate(images)) / number, peak(lambda: json.loads(text)) / number
    print(f"  {'peak memory of json.loads, for an image':<44} {theirs:6.0f} bytes")
    print(f"  {'peak memory of evaluate, for an image':<44} {memory:6.0f} bytes")

    kept += growth(number, *(median(times) for times in zip(*pairs, strict=True)), rounds=min(rounds, 3))
    kept += patterns(number, min(rounds, 3))
    return 1 if arguments.check and not all(kept) else 0


def growth(number: int, ours: float, theirs: float, *, rounds: int) -> list[bool]:
    """
    Measure how the time grows with the number of images, beside the growth of `json.loads`.

    `json.loads` is linear, and its time also grows more than the number of images where the images do not fit into the
    cache of the processor. Therefore the budget is on the ratio of the two, and not on the growth alone.
    """
    kept = []
    for factor in (4, 10):
        text = listing(factor * number)
        parsing = median(seconds(lambda: json.loads(text)) for _ in range(rounds)) / theirs  # noqa: B023  (called here)
        images = read_images(json.loads(text))
        grown = median(seconds(lambda: evaluate(images)) for _ in range(rounds)) / ours  # noqa: B023  (called here)
        print(f"  {f'{factor * number:,} images / {number:,} images':<44} {grown:6.2f}")
        print(f"  {'the same for json.loads':<44} {parsing:6.2f}")
        ratio = grown / parsing
        kept.append(line("growth / growth of json.loads", f"{ratio:.2f}", "1.25", is_kept=ratio <= MOST_GROWTH))
    return kept


def patterns(number: int, rounds: int) -> list[bool]:
    """Measure a policy of many patterns over images with several tags, and how the time grows."""
    text = tagged_listing(number, TAGS)
    images, many, few = read_images(json.loads(text)), patterned(PATTERNS), patterned(PATTERNS // 2)
    more_tags = read_images(json.loads(tagged_listing(number, 2 * TAGS)))
    evaluate(images, many)
    parsing = median(seconds(lambda: json.loads(text)) for _ in range(rounds))
    whole = median(seconds(lambda: evaluate(images, many)) for _ in range(rounds))
    half = median(seconds(lambda: evaluate(images[: number // 2], many)) for _ in range(rounds))
    wider = median(seconds(lambda: evaluate(more_tags, many)) for _ in range(rounds))
    less = median(seconds(lambda: evaluate(images, few)) for _ in range(rounds))
    print(f"{number:,} images with {TAGS} tags each, {PATTERNS} patterns of three wildcards.")
    return [
        line("evaluate / json.loads", f"{whole / parsing:.2f}", "20.00", is_kept=whole / parsing <= 20),
        *(hard(name, number, rounds) for name in HARD),
        *(
            line(f"twice as many {what}", f"{ratio:.2f}", "2.50", is_kept=ratio <= 2.5)
            for what, ratio in (("images", whole / half), ("tags", wider / whole), ("patterns", whole / less))
        ),
    ]


def hard(name: str, number: int, rounds: int) -> bool:
    """Measure one of the repositories for which matching takes long."""
    tags, policy = HARD[name]
    text = retagged_listing(number, [f"{tag}-{place}-" for place, tag in enumerate(tags)])
    images = read_images(json.loads(text))
    ratio = median(
        seconds(lambda: evaluate(images, policy())) / seconds(lambda: json.loads(text)) for _ in range(rounds)
    )
    return line(f"{name} / json.loads", f"{ratio:.2f}", "20.00", is_kept=ratio <= 20)


def line(what: str, measured: str, budget: str, *, is_kept: bool) -> bool:
    """Print one line of the result."""
    print(f"  {what:<44} {measured:>6}   budget {budget}: {'kept' if is_kept else 'MISSED'}")
    return is_kept


if __name__ == "__main__":
    sys.exit(main())
