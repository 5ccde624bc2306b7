"""Checks that a value is a principal of the CDK: imported ones are not instances of a class in Python."""

from __future__ import annotations

__all__ = ["is_role", "require_grantee"]


def is_role(value: object) -> bool:
    """Return whether a value is a role, of the app or imported."""
    return not isinstance(value, type) and hasattr(value, "role_arn")


def require_grantee(grantee: object) -> None:
    """Raise a `TypeError` for a grantee without a principal, which JavaScript would report as an error of its own."""
    # The class is checked first: reading the object takes a call to JavaScript.
    has_principal = hasattr(type(grantee), "grant_principal") or hasattr(grantee, "grant_principal")
    if isinstance(grantee, type) or not has_principal:
        raise TypeError(f"grantee must be an IGrantable such as an iam.Role, got {grantee!r}")
