"""Descriptions of rules as people write them, each with the verdict of a careful reader: true or contradictory."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from ecr_constructs.model import LifecycleRule


class Described(NamedTuple):
    """A rule with a description, and the verdict."""

    description: str
    rule: LifecycleRule
    verdict: Literal["true", "number", "unit", "images"]


def _described(verdict: Any, description: str, status: str, kind: str, number: int, *patterns: str) -> Described:
    count_type = {"images": "imageCountMoreThan", "days": "sinceImagePushed", "unpulled": "sinceImagePulled"}[kind]
    values: dict[str, Any] = {"action": "transition"} if kind == "unpulled" else {}
    rule = LifecycleRule(
        rule_priority=1,
        tag_status=status,  # type: ignore[arg-type]  # the table has no other words
        tag_pattern_list=patterns,
        count_type=count_type,  # type: ignore[arg-type]
        count_number=number,
        description=description,
        **values,
    )
    return Described(description, rule, verdict)


# Verdict, description, tag status, unit, number, tag patterns.
_ROWS: list[tuple[Any, ...]] = [
    # --- a right number -------------------------------------------------------------------------------------------
    ("true", "Expire untagged images older than 14 days", "untagged", "days", 14),
    ("true", "Expire untagged images after two weeks", "untagged", "days", 14),
    ("true", "Drop dangling layers after a fortnight", "untagged", "days", 14),
    ("true", "Untagged: delete after 1 day", "untagged", "days", 1),
    ("true", "remove untagged images after 24 hours", "untagged", "days", 1),
    ("true", "Expire untagged images older than 1 week", "untagged", "days", 7),
    ("true", "untagged images, 7d", "untagged", "days", 7),
    ("true", "30-day retention", "any", "days", 30),
    ("true", "Delete everything older than one month", "any", "days", 30),
    ("true", "Delete everything after 3 months", "any", "days", 90),
    ("true", "Keep images for one quarter", "any", "days", 90),
    ("true", "Keep images for half a year", "any", "days", 180),
    ("true", "Retain for a year", "any", "days", 365),
    ("true", "Retained for 12 months", "any", "days", 365),
    ("true", "Keep two years of images for the auditors", "any", "days", 730),
    ("true", "Keep last 10 images", "any", "images", 10),
    ("true", "keep last 30", "any", "images", 30),
    ("true", "Limit to 50 images", "any", "images", 50),
    ("true", "Keep the ten most recent images", "any", "images", 10),
    ("true", "Only the newest 5 builds of main", "tagged", "images", 5, "main-*"),
    ("true", "Keep a dozen releases", "tagged", "images", 12, "release-*"),
    ("true", "Expire when more than 100 images exist", "any", "images", 100),
    ("true", "max 1,000 images in this repository", "any", "images", 1000),
    ("true", "Keep at least 5 images", "any", "images", 10),
    ("true", "Expire images that were not pulled for 90 days", "any", "unpulled", 90),
    ("true", "Keep only one untagged image, expire all others", "untagged", "images", 1),
    ("true", "Keep the last twenty-five production images", "tagged", "images", 25, "prod-*"),
    ("true", "imageCountMoreThan 20", "any", "images", 20),
    ("true", "Keep 3 or 4 images", "any", "images", 4),
    # --- several numbers, of which one is right -------------------------------------------------------------------
    ("true", "Keep last 10 images, untagged go after 1 day", "any", "images", 10),
    ("true", "Untagged after 3 days, everything else after 60 days", "untagged", "days", 3),
    ("true", "One year (365 days) for compliance", "any", "days", 365),
    ("true", "Keep 20 images, which is about 2 weeks of builds", "any", "images", 20),
    ("true", "Was 14 days until 2024-05-01, is 30 days now", "any", "days", 30),
    ("true", "90 days (3 sprints of 30 days)", "any", "days", 90),
    # --- numbers of tags, versions, dates, sizes, tickets ---------------------------------------------------------
    ("true", "Keep v1.30 images around", "tagged", "images", 10, "v1.30*"),
    ("true", "r7 builds", "tagged", "images", 3, "r7-*"),
    ("true", "Cleanup for OPS-1234", "any", "days", 30),
    ("true", "See issue #42 for the reason", "any", "images", 20),
    ("true", "Python 3.11 base images", "tagged", "images", 5, "py311-*"),
    ("true", "node18 images of the legacy team", "tagged", "days", 60, "node18*"),
    ("true", "Agreed with security on 2026-03-15", "any", "days", 60),
    ("true", "Repository must stay below 500 GB", "any", "images", 200),
    ("true", "Layers of 10 MB add up", "untagged", "days", 2),
    ("true", "release-10 line is out of support", "tagged", "days", 30, "release-10-*"),
    ("true", "Keeps the cost under 5% of the budget", "any", "images", 40),
    ("true", "Rule 1", "tagged", "images", 7, "prod*"),
    ("true", "Step 2 of the cleanup, see the wiki", "untagged", "days", 5),
    ("true", "k8s 1.31 node images", "tagged", "images", 4, "k8s-1.31*"),
    ("true", "Cleanup job used to run every 3 days", "any", "images", 50),
    ("true", "Approved in Q3 2025 by platform", "any", "days", 30),
    ("true", "CIS 5.1 control", "untagged", "days", 10),
    ("true", "Three environments use this repository", "any", "images", 30),
    ("true", "images for 2 platforms and 4 regions", "any", "images", 100),
    # --- without a number -----------------------------------------------------------------------------------------
    ("true", "Cleanup", "any", "images", 30),
    ("true", "Remove untagged images", "untagged", "days", 7),
    ("true", "Expire old images", "any", "days", 45),
    ("true", "Delete an image when it is too old", "any", "days", 45),
    ("true", "production", "tagged", "images", 30, "prod*"),
    ("true", "Alte Images nach 30 Tagen", "any", "days", 60),
    ("true", "30タグしか保持しない", "any", "images", 20),
    ("true", "Supprimer après 90 jours", "any", "days", 30),
    # --- the right images -----------------------------------------------------------------------------------------
    ("true", "Keep last 30 images, tagged or not", "any", "images", 30),
    ("true", "Tagged and untagged images older than 30 days", "any", "days", 30),
    ("true", "Expire all images older than 60 days tagged dev", "tagged", "days", 60, "dev-*"),
    ("true", "Expire dev images after 10 days, never production", "tagged", "days", 10, "dev-*"),
    ("true", "Images that are no longer tagged", "untagged", "days", 10),
    ("true", "Everything that is not production", "tagged", "days", 30, "dev-*"),
    ("true", "Keep 20 images of any branch", "tagged", "images", 20, "*"),
    ("true", "Keep prd images", "tagged", "images", 20, "production-*"),
    # --- another number -------------------------------------------------------------------------------------------
    ("number", "drop what is older than 90 days", "any", "days", 30),
    ("number", "Expire untagged images older than 14 days", "untagged", "days", 1),
    ("number", "Expire untagged images after two weeks", "untagged", "days", 7),
    ("number", "Keep last 10 images", "any", "images", 100),
    ("number", "Keep last 30 images", "tagged", "images", 3, "v*"),
    ("number", "keep only the last five", "any", "images", 10),
    ("number", "Remove images after one week", "any", "days", 30),
    ("number", "Retain for 6 months", "any", "days", 90),
    ("number", "Delete after a year", "any", "days", 730),
    ("number", "Keep the ten most recent images", "any", "images", 20),
    ("number", "Expire images older than 48 hours", "untagged", "days", 1),
    ("number", "60d retention", "any", "days", 90),
    ("number", "Keep at least 20 images", "any", "images", 10),
    ("number", "max 50 images", "tagged", "images", 500, "release-*"),
    ("number", "Keep thirty images for v1.30", "tagged", "images", 3, "v1.30*"),
    ("number", "More than 1,000 images are too many", "any", "images", 100),
    ("number", "Archive when not pulled for one quarter", "any", "unpulled", 30),
    ("number", "older than 30", "any", "days", 7),
    ("number", "Keep 5 production images (OPS-1234)", "tagged", "images", 50, "prod-*"),
    ("number", "Expire PR images after a fortnight", "tagged", "days", 7, "pr-*"),
    ("number", "Keep the last 30 releases", "tagged", "images", 999_999, "release-*"),
    ("number", "Keep 10 to 15 images", "any", "images", 30),
    # --- another unit ---------------------------------------------------------------------------------------------
    ("unit", "expire after 3 days", "any", "images", 3),
    ("unit", "keep 30 images", "any", "days", 30),
    ("unit", "Delete untagged images older than 7 days", "untagged", "images", 7),
    ("unit", "Keep the last 10 builds", "tagged", "days", 10, "build-*"),
    ("unit", "Keep images of the last 30 days", "any", "images", 30),
    ("unit", "Keep images for two weeks", "any", "images", 14),
    ("unit", "Retain the 90 newest releases", "tagged", "days", 90, "release-*"),
    ("unit", "one month", "any", "images", 30),
    ("unit", "At most 14 images", "untagged", "days", 14),
    # --- other images ---------------------------------------------------------------------------------------------
    ("images", "thirty newest tagged images", "any", "images", 30),
    ("images", "Keep last 10 tagged images", "any", "images", 10),
    ("images", "Expire tagged images after 30 days", "any", "days", 30),
    ("images", "Remove untagged images after 7 days", "tagged", "days", 7, "v*"),
    ("images", "Expire images without tags", "tagged", "days", 7, "*"),
    ("images", "Keep 20 tagged images", "untagged", "images", 20),
    ("images", "Expire all images older than 14 days", "untagged", "days", 14),
    ("images", "Delete any image after 60 days", "tagged", "days", 60, "feature-*"),
    ("images", "Keep 10 production images", "tagged", "images", 10, "dev-*"),
    ("images", "staging: 5 images", "tagged", "images", 5, "prod-*"),
    ("images", "Remove feature branches after 14 days", "tagged", "days", 14, "release-*"),
    ("images", "Keep the last 3 images for testing", "tagged", "images", 3, "prod*"),
]
DESCRIPTIONS = [_described(*row) for row in _ROWS]
