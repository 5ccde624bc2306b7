"""What goes wrong between here and AWS, told in one sentence with its remedy."""

from __future__ import annotations

from ecr_constructs.errors import EcrConstructsError

__all__ = ["AccountUnavailable"]


class AccountUnavailable(EcrConstructsError):
    """An account that cannot be asked at all: no credentials, no region, no way there."""
