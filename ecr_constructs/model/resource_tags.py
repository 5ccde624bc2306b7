"""
Tags of resources, such as `team=payments`.

The limits are those of AWS::ECR::Repository in the CloudFormation schema, which is stricter than the API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ecr_constructs.model.validation import is_token, text_problem

__all__ = ["resource_tag_problems"]

_MAXIMUM_TAGS = 50
_MAXIMUM_KEY = 127
_MAXIMUM_VALUE = 255
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-using-tags.html
# "UTF-8 letters, spaces and numbers": the spaces are those of Unicode, which a line break and a tab are not.
_TAG_TEXT = re.compile(r"[\w \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+\-=.:/@]*")


def resource_tag_problems(tags: Mapping[str, str]) -> Iterator[str]:
    """
    Yield the reasons why a resource cannot have tags.

    Args:
        tags: The values by key.

    Yields:
        One sentence for each problem, with the value, the limit and the fix.

    """
    if len(tags) > _MAXIMUM_TAGS:
        yield f"{len(tags)} resource tags; ECR allows {_MAXIMUM_TAGS}; remove some"
    for key, value in tags.items():
        yield from _problems("key", key, _MAXIMUM_KEY)
        yield from _problems(f"value of {key!r}:", value, _MAXIMUM_VALUE)
        if key.lower().startswith("aws:"):
            yield f"resource tag key {key!r} begins with 'aws:', which is reserved for AWS; use another"


def _problems(part: str, text: str, maximum: int) -> Iterator[str]:
    if is_token(text):
        yield from (f"resource tag {part} {problem}" for problem in filter(None, [text_problem(text)]))
        return
    if not 1 <= len(text) <= maximum:
        yield f"resource tag {part} {text!r} has {len(text)} characters; CloudFormation allows 1 to {maximum}"
    if not _TAG_TEXT.fullmatch(text):
        yield f"resource tag {part} {text!r} is not well formed; use letters, digits, spaces and + - = . _ : / @"
