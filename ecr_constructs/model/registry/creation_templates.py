"""
The properties of repository creation templates.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, get_args

from ecr_constructs.model.validation import is_token, text_problem

__all__ = ["Purpose", "description_problems", "is_key_arn", "key_arn_problems", "purpose_problems", "role_arn_problems"]

Purpose = Literal["PULL_THROUGH_CACHE", "REPLICATION", "CREATE_ON_PUSH"]

_PURPOSES: Sequence[str] = get_args(Purpose)
# Description and KmsKeyForRepositoryCreationTemplate in the service model.
_MAXIMUM_DESCRIPTION = 256
_KEY_ARN = re.compile(r"arn:aws[a-z0-9-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+")
# CustomRoleArn in the CloudFormation schema: no path between `role/` and the name.
_ROLE_ARN = re.compile(r"arn:aws[a-z0-9-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_-]+")
_PATH = "role: {!r} is rejected by CloudFormation, which accepts no path here; use a role without one"


def purpose_problems(applied_for: Sequence[str]) -> Iterator[str]:
    """
    Yield the problems of the purposes of a template.

    Args:
        applied_for: The purposes.

    """
    if not applied_for:
        yield f"applied_for is empty, so the template is never used; use one of {', '.join(_PURPOSES)}"
    for purpose in applied_for:
        if purpose not in _PURPOSES:
            yield f"applied_for: {purpose!r} is unknown; use {', '.join(_PURPOSES)}"
    if len(set(applied_for)) < len(applied_for):
        yield "applied_for contains a purpose twice; remove one"


def description_problems(description: str) -> Iterator[str]:
    """
    Yield the problems of the description of a template.

    Args:
        description: The description.

    """
    if len(description) > _MAXIMUM_DESCRIPTION and not is_token(description):
        yield f"description has {len(description)} characters; ECR allows {_MAXIMUM_DESCRIPTION}; shorten it"
    if problem := text_problem(description):
        yield f"description {problem}"


def is_key_arn(text: str) -> bool:
    """
    Return whether a text is the ARN of a key, which a template requires, and not an alias or an ID.

    Args:
        text: The text.

    """
    return bool(_KEY_ARN.fullmatch(text))


def key_arn_problems(text: str, *, is_arn: bool | None = None) -> Iterator[str]:
    """
    Yield the problem of a key that is not given as the ARN of a key.

    Args:
        text: The key.
        is_arn: Whether it is an ARN, for a text with tokens. Default: by its grammar.

    """
    if not (is_key_arn(text) if is_arn is None else is_arn):
        yield f"key {text!r} is not a key ARN, which a template requires; use 'arn:aws:kms:...:key/...'"


def role_arn_problems(arn: str, *, is_complete: bool = True) -> Iterator[str]:
    """
    Yield the problem of the ARN of a role that ECR assumes, for a template or a cache.

    Args:
        arn: The ARN.
        is_complete: Whether no part of it is known only at deployment. Default: all parts are known.

    """
    if "/" in arn.partition(":role/")[2]:
        yield _PATH.format(arn)
    elif is_complete and not _ROLE_ARN.fullmatch(arn):
        yield f"role: {arn!r} is not the ARN of a role; use one such as 'arn:aws:iam::111122223333:role/ecr'"
