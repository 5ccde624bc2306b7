"""
The images that deployed CloudFormation templates name.

The AWS CDK pushes an image asset with its hash as the tag. A template contains the hash as text, also within a join or
a substitution. A template that contains the hash uses the image, as for `cdk gc`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

__all__ = ["is_asset_repository", "names_of_images"]

# The repository of image assets of an environment: https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-customizing.html
_ASSET_REPOSITORY = re.compile(r"cdk-[a-z0-9]{1,10}-container-assets-[0-9]{12}-[a-z0-9-]+")
_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_REFERENCE = re.compile(r"[0-9]{12}\.dkr[.-]ecr[a-z0-9.-]*/[a-z0-9][a-z0-9._/-]*(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?")


def is_asset_repository(name: str) -> bool:
    """
    Return whether a repository is that of the image assets of an environment of the AWS CDK.

    Args:
        name: The name of the repository.

    """
    return bool(_ASSET_REPOSITORY.fullmatch(name))


def names_of_images(template: Mapping[str, object] | str) -> Iterator[str]:
    """
    Yield each reference to an image of Amazon ECR in a template, and each hash, which may be the tag of an image asset.

    Args:
        template: The template, or its text.

    """
    text = template if isinstance(template, str) else json.dumps(template)
    yield from dict.fromkeys([*_REFERENCE.findall(text), *_HASH.findall(text)])
