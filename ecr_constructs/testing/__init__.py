"""
Assertions for tests of lifecycle policies, stacks and templates, and functions that create lists of images.

The assertions work in any test framework. A failed assertion is an `AssertionError` that lists every difference with
its reason. The package does not import the CDK.
"""

from __future__ import annotations

from ecr_constructs.testing.access import (
    assert_can_pull,
    assert_can_push,
    assert_cannot_pull,
    assert_cannot_push,
    assert_only_can_pull,
    assert_only_can_push,
)
from ecr_constructs.testing.changes import assert_replaces_nothing
from ecr_constructs.testing.lifecycle_policies import (
    archived,
    assert_archives,
    assert_expires,
    assert_keeps,
    multi_arch,
    pipeline_images,
    pulled,
    release_images,
    signed,
    tagged,
    untagged_images,
)
from ecr_constructs.testing.replication import assert_replicated
from ecr_constructs.testing.scanning import assert_not_scanned, assert_scanned

__all__ = [
    "archived",
    "assert_archives",
    "assert_can_pull",
    "assert_can_push",
    "assert_cannot_pull",
    "assert_cannot_push",
    "assert_expires",
    "assert_keeps",
    "assert_not_scanned",
    "assert_only_can_pull",
    "assert_only_can_push",
    "assert_replaces_nothing",
    "assert_replicated",
    "assert_scanned",
    "multi_arch",
    "pipeline_images",
    "pulled",
    "release_images",
    "signed",
    "tagged",
    "untagged_images",
]
