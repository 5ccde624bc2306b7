"""The digests of tags in the file of pins. The file is read when a construct first uses one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from ecr_constructs._cdk.tokens import is_unresolved
from ecr_constructs.errors import EcrConstructsError, expect
from ecr_constructs.model.pins import PINS_FILE, ImagePin, read_image_pins
from ecr_constructs.model.validation import IMAGE_TAG

__all__ = ["PINS_CONTEXT", "pinned_digest"]

# The context key with another path of the file.
PINS_CONTEXT = "ecr-constructs/pins"


def pinned_digest(construct: Construct, repository: str, tag: str) -> str:
    """
    Return the digest of a tag in the file of pins.

    Args:
        construct: The construct, in the account and Region of the registry.
        repository: The name of the repository.
        tag: The tag.

    Raises:
        EcrConstructsError: If the file cannot be read, or has no pin or several pins for the tag.
        InvalidName: If the tag is not well formed.
        TypeError: If the tag is not a string.

    """
    expect("tag", tag, str, "'v1.4.2'", path=construct.node.path)
    IMAGE_TAG.require(tag)
    stack = cdk.Stack.of(construct)
    given = construct.node.try_get_context(PINS_CONTEXT)
    if given is not None and not isinstance(given, str):
        raise EcrConstructsError(
            [f"the context {PINS_CONTEXT} is {given!r}; write the path of a file"], path=construct.node.path
        )
    path = Path(given or PINS_FILE)
    account, region = (None if is_unresolved(each) else each for each in (stack.account, stack.region))
    image = f"{repository}:{tag}"
    command = _command(image, account, region, given)
    if not _is_file(path):
        raise EcrConstructsError([f"there is no file {path} with pins; run {command}"], path=construct.node.path)
    found = [each for each in _pins(path) if each.image == image and _is_of(each, account, region)]
    digests = dict.fromkeys(each.digest for each in found)
    if len(digests) == 1:
        return next(iter(digests))
    where = f" of {account or 'any account'} in {region or 'any Region'}"
    problem = f"{path} has no pin for {image}{where}; run {command}"
    if found:
        registries = ", ".join(each.registry for each in found)
        problem = f"{path} has different pins for {image} in {registries}; give the stack env= with account and Region"
    raise EcrConstructsError([problem], path=construct.node.path)


def _command(image: str, account: str | None, region: str | None, pins: str | None) -> str:
    options = f"{f' --region {region}' if region else ''}{f' --pins {pins}' if pins else ''}"
    credentials = f" with credentials of {account}" if account else ""
    return f"'ecr-constructs pin --image {image} --live{options}'{credentials}"


def _is_of(pin: ImagePin, account: str | None, region: str | None) -> bool:
    return account in (None, pin.account) and region in (None, pin.region)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as for a name that is too long, or a folder that cannot be searched
        return False


def _pins(path: Path) -> Iterable[ImagePin]:
    """Return the pins of a file. The result is cached, because an app can use thousands of pins of one file."""
    status = path.stat()
    return _read_pins(path.resolve(), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _read_pins(path: Path, modified: int, size: int) -> tuple[ImagePin, ...]:  # noqa: ARG001  (a changed file is read again)
    return read_image_pins(path)
