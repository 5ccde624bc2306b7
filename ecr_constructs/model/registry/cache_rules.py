"""
The properties of pull-through cache rules.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-rule.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ecr_constructs.model.names import ROOT
from ecr_constructs.model.registry.upstreams import Upstream
from ecr_constructs.model.validation import CACHE_PREFIX

__all__ = ["NAME_PREFIX", "SECRET_ARN", "credential_problems", "prefix_problems", "secret_arn_problems"]

NAME_PREFIX = "ecr-pullthroughcache/"
# CredentialArn in the service model.
SECRET_ARN = re.compile(
    r"arn:aws(-\w+)*:secretsmanager:(?P<region>[a-zA-Z0-9-:]+):(?P<account>[0-9]{12}):"
    r"secret:ecr-pullthroughcache/[a-zA-Z0-9/_+=.@-]+-[a-zA-Z0-9]{6}"
)
_LONGEST_ARN = 612


def prefix_problems(here: str, there: str) -> Iterator[str]:
    """
    Yield the problems of the prefixes of a cache.

    Args:
        here: The prefix of the repositories in this registry, or `ROOT`.
        there: The prefix of the repositories in the upstream registry, or `ROOT`.

    """
    for name, prefix in (("prefix", here), ("upstream_prefix", there)):
        yield from (f"{name}: {problem}" for problem in CACHE_PREFIX.problems(prefix))
    if here == ROOT and there != ROOT:
        yield f"upstream_prefix {there!r} requires a prefix, and prefix is {ROOT}; use another prefix="


def credential_problems(upstream: Upstream, *, has_credentials: bool) -> Iterator[str]:
    """
    Yield the problem of a cache with missing or needless credentials.

    Args:
        upstream: The upstream registry.
        has_credentials: Whether the cache has credentials.

    """
    if upstream.credentials == "secret" and not has_credentials:
        yield (
            f"credentials: {upstream.url} requires a user name and a token; use Credentials.new_secret() and set its "
            "value after the deployment, or Credentials.secret_arn(...)"
        )
    elif upstream.credentials != "secret" and has_credentials:
        yield f"credentials: {upstream.url} accepts none; remove credentials="


def secret_arn_problems(arn: str) -> Iterator[str]:
    """
    Yield the problems of the ARN of a secret.

    Args:
        arn: The ARN, without tokens.

    """
    if len(arn) > _LONGEST_ARN:
        yield f"credentials: the ARN of the secret has {len(arn)} characters; ECR allows {_LONGEST_ARN}, rename it"
    if SECRET_ARN.fullmatch(arn) is None:
        yield (
            f"credentials: {arn!r} is not the ARN of a secret for caches; write the complete ARN, such as "
            f"'arn:aws:secretsmanager:eu-west-1:111122223333:secret:{NAME_PREFIX}docker-hub-a1B2c3'"
        )
