"""The intents of permissions, and their actions."""

from __future__ import annotations

from collections.abc import Mapping

from ecr_constructs.model.iam.permissions import ADMINISTER, PULL, PUSH, READ_METADATA, SCAN, SIGN

__all__ = ["INTENTS", "INTENTS_OF_ORGANIZATIONS"]

# The actions of `Access` and of grants by intent. `Access` renders them, and `ecr-constructs adopt` recognizes them.
INTENTS: Mapping[str, tuple[str, ...]] = {
    "pull": PULL,
    "push": PUSH,
    "read_metadata": READ_METADATA,
    "scan": SCAN,
    "sign": SIGN,
    "administer": ADMINISTER,
}
# The other intents are not available for all principals of an organization.
INTENTS_OF_ORGANIZATIONS = ("pull", "push", "read_metadata")
