"""Arguments of `ecr.Repository` that have another name, or another kind of value, in `HardenedRepository`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aws_cdk import aws_ecr as ecr

from ecr_constructs._documentation import page
from ecr_constructs.errors import Problems

__all__ = ["is_replaced", "reject_replaced"]

_MIGRATION = f"{page('Migration from ecr.Repository')} describes the change of the class"
_KEYWORDS: Mapping[str, str] = {
    "auto_delete_images": "use empty_on_delete=True and removal_policy=RemovalPolicy.DESTROY, or settings=EPHEMERAL",
    "encryption_key": "use encryption=Encryption.customer_key(key)",
    "image_scan_on_push": "use scan_on_push=",
    "image_tag_mutability": "use immutability=, Immutability.all_tags() for IMMUTABLE, Immutability.off() for MUTABLE",
    "image_tag_mutability_exclusion_filters": "use immutability=, such as Immutability.all_tags_except('latest')",
    "lifecycle_registry_id": "remove it; the registry is that of the account",
    "lifecycle_rules": "use lifecycle=, such as [keep_latest(10, matching='v*'), expire_untagged(after_days=14)]",
}
_ENCRYPTION = (
    "encryption={} is a value of ecr.Repository; use Encryption.aws_managed_key() or .customer_key(key) for KMS, "
    ".dual_layer(key) for KMS_DSSE, or .aes256()"
)


def is_replaced(encryption: object) -> bool:
    """Return whether a value of `encryption=` is a value of `ecr.Repository`."""
    return isinstance(encryption, ecr.RepositoryEncryption)


def reject_replaced(problems: Problems, encryption: object, keywords: Iterable[str]) -> None:
    """
    Add a problem for each argument of `ecr.Repository`, and for each that does not exist.

    Args:
        problems: The collector of problems.
        encryption: The value of `encryption=`.
        keywords: The names of all arguments that `HardenedRepository` does not have.

    """
    found = [_problem(name) for name in keywords]
    if isinstance(encryption, ecr.RepositoryEncryption):
        found.append(_ENCRYPTION.format(encryption.value))
    if found:
        problems.add_wrong_kinds(*found, _MIGRATION)


def _problem(name: str) -> str:
    if name in _KEYWORDS:
        return f"{name}= is an argument of ecr.Repository; {_KEYWORDS[name]}"
    return f"{name}= is not an argument of HardenedRepository; remove it"
