"""The sections of docs/ready-policies.md: the rules of each ready policy, and its evaluation over images."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from ecr_constructs.model import (
    Image,
    LifecyclePolicy,
    audit_retention_policy,
    build_cache_policy,
    cached_repository_policy,
    development_policy,
    lowest_cost_policy,
    production_policy,
)
from ecr_constructs.testing import (
    archived,
    multi_arch,
    pipeline_images,
    pulled,
    release_images,
    tagged,
    untagged_images,
)

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
# The reasons for infos of a ready policy.
ACCEPTED = {
    "any-count-counts-parts": "the rule counts images, and a cache has no platform images",
    "can-empty-repository": "images that are deployed have the tags, or can be pulled from the upstream registry again",
    "last-pull-counts-scanners": "exclude the roles of scanners from the pull time, as the finding describes",
}


class Situation(NamedTuple):
    """A ready policy, and the images of a repository by their kind."""

    policy: Callable[[], LifecyclePolicy]
    history: Mapping[str, Sequence[Image]]


def _deployed() -> dict[str, Sequence[Image]]:
    """Return three years of releases, of which two are deployed."""
    images = release_images("v{n}", count=156, until=NOW)
    current, previous = tagged(images.pop(-3), "production"), tagged(images.pop(20), "production-customer-a")
    return {"releases": images, "deployed images": [previous, current]}


SITUATIONS = (
    Situation(
        development_policy,
        {
            "builds of the main branch, 2 a day for 90 days": pipeline_images("main-{n}", days=90, a_day=2, until=NOW),
            "builds of pull requests, 4 a day for 90 days": pipeline_images("pr-{n}", days=90, a_day=4, until=NOW),
            "builds of a feature branch, 30 days": pipeline_images("feature-x-{n}", days=30, until=NOW),
            "untagged images, 1 a day for 60 days": untagged_images(days=60, until=NOW),
        },
    ),
    Situation(production_policy, {**_deployed(), "untagged images": untagged_images(days=30, until=NOW)}),
    Situation(
        lowest_cost_policy,
        {
            "tagged images, 1 a day for 60 days": pipeline_images("build-{n}", days=60, until=NOW),
            "untagged images, 1 a day for 30 days": untagged_images(days=30, until=NOW),
        },
    ),
    Situation(
        audit_retention_policy,
        {
            **_deployed(),
            "images in the archive for 7 years": archived(
                release_images("old-{n}", count=10, until=NOW - timedelta(days=3000)), at=NOW - timedelta(days=2560)
            ),
            "images in the archive for 1 year": archived(
                release_images("x-{n}", count=10, until=NOW - timedelta(days=800)), at=NOW - timedelta(days=365)
            ),
        },
    ),
    Situation(
        build_cache_policy,
        {
            "tagged caches of 12 branches": release_images("cache-{n}", count=12, every_days=1, until=NOW),
            "untagged caches, 2 a day for 30 days": untagged_images(days=30, a_day=2, until=NOW - timedelta(hours=1)),
        },
    ),
    Situation(
        cached_repository_policy,
        {
            "images that are pulled each day": pulled(
                release_images("3.{n}", count=4, every_days=90, until=NOW), at=NOW
            ),
            "images for two platforms, last pulled 45 days ago": pulled(
                multi_arch(release_images("2.{n}", count=3, until=NOW - timedelta(days=60))),
                at=NOW - timedelta(days=45),
            ),
            "images in the archive for 100 days": archived(
                release_images("1.{n}", count=5, until=NOW - timedelta(days=300)), at=NOW - timedelta(days=100)
            ),
        },
    ),
)


def ready_policies_sections() -> str:
    """Return one section for each ready policy."""
    return "\n" + "\n\n".join(map(_section, SITUATIONS)) + "\n"


def _section(situation: Situation) -> str:
    policy, name = situation.policy(), situation.policy.__name__
    summary, *others = (inspect.getdoc(situation.policy) or "").split("\n\nArgs:")[0].split("\n\n")
    infos = [each.id for each in policy.findings()]
    paragraphs = [
        f"## `{name}`",
        f"`{name}{_signature(situation.policy)}`",
        summary.replace("Return a policy", "A policy", 1),
        *others,
        "\n".join(["**Rules.**", "", *(f"- {sentence}" for sentence in policy.explain())]),
        "**Evaluation.**",
        _table(policy, situation.history),
        *(f"**Info** [`{each}`](findings.md#{each}): {ACCEPTED[each]}." for each in infos),
    ]
    return "\n\n".join(paragraphs)


def _signature(function: Callable[[], LifecyclePolicy]) -> str:
    parameters = inspect.signature(function).parameters.values()
    return f"({', '.join(f'{each.name}={each.default!r}' for each in parameters)})"


def _table(policy: LifecyclePolicy, history: Mapping[str, Sequence[Image]]) -> str:
    everything = [image for images in history.values() for image in images]
    evaluation = policy.evaluate(everything, at=NOW)
    groups = {
        name: {decision.image.digest for decision in getattr(evaluation, name)}
        for name in ("expired", "archived", "kept", "uncertain")
    }
    lines = ["| images | number | deleted | archived | kept | uncertain |", "| --- | --- | --- | --- | --- | --- |"]
    for kind, images in history.items():
        digests = {image.digest for image in images}
        counts = [str(len(digests & group)) for group in groups.values()]
        lines.append(f"| {kind} | {len(digests)} | {' | '.join(counts)} |")
    return "\n".join(lines)
