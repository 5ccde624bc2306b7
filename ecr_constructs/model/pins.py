"""
Pins: the digests of tags at the time of a decision, in a file that is committed.

A deployment with the digest of a pin is reproducible. `ecr-constructs pin` writes the file, and
`repository.pinned(tag)` reads it. The synthesis makes no call to AWS.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from ecr_constructs.errors import EcrConstructsError, InvalidName, Problems
from ecr_constructs.model.json_documents import read_json_file
from ecr_constructs.model.validation import ACCOUNT_ID, IMAGE_DIGEST, IMAGE_TAG, REGION, REPOSITORY_NAME, abbreviate

__all__ = ["PINS_FILE", "ImagePin", "pins_document", "read_image_pins", "write_image_pins"]

# The file in the current directory.
PINS_FILE = "ecr-pins.json"
_VERSION = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class ImagePin:
    """
    The digest of the image that had a tag when the pin was written.

    Args:
        account: The account of the registry.
        region: The Region of the registry.
        repository: The name of the repository.
        tag: The tag.
        digest: The digest.

    Raises:
        InvalidName: With all problems.
        TypeError: If arguments are of the wrong kind.

    >>> ImagePin(
    ...     account="111122223333", region="eu-west-1", repository="prod/api", tag="v1", digest=f"sha256:{'a' * 64}"
    ... ).registry
    '111122223333/eu-west-1'

    """

    account: str
    region: str
    repository: str
    tag: str
    digest: str

    def __post_init__(self) -> None:
        """Raise an error with the problems of all parts."""
        problems = Problems()
        for grammar, text in (
            (ACCOUNT_ID, self.account),
            (REGION, self.region),
            (REPOSITORY_NAME, self.repository),
            (IMAGE_TAG, self.tag),
            (IMAGE_DIGEST, self.digest),
        ):
            with problems.collect():
                grammar.require(text)
        problems.raise_if_any(InvalidName)

    @property
    def registry(self) -> str:
        """The account and the Region, such as `111122223333/eu-west-1`."""
        return f"{self.account}/{self.region}"

    @property
    def image(self) -> str:
        """The repository and the tag, such as `prod/api:v1`."""
        return f"{self.repository}:{self.tag}"


def read_image_pins(path: str | Path) -> tuple[ImagePin, ...]:
    """
    Return the pins of a file, sorted.

    Args:
        path: The file that `ecr-constructs pin` wrote.

    Raises:
        EcrConstructsError: If the file cannot be read, or is not such a file. It has every problem.
        TypeError: If the path is neither a string nor a `Path`.

    >>> from tempfile import mkdtemp
    >>> file = Path(mkdtemp(), "ecr-pins.json")
    >>> _ = file.write_text(
    ...     '{"version": 1, "images": {"111122223333/eu-west-1": {"prod/api:v1": "sha256:' + "a" * 64 + '"}}}'
    ... )
    >>> read_image_pins(file)[0].image
    'prod/api:v1'

    """
    fix = "write it with 'ecr-constructs pin --image REPOSITORY:TAG --live'"
    document = read_json_file(path, f"'{PINS_FILE}'", fix=fix)
    problems = Problems()
    found = []
    for registry, images in _digests_by_image(document, problems).items():
        account, _, region = registry.partition("/")
        for image, digest in images.items():
            repository, _, tag = image.rpartition(":")
            with problems.collect(f"images[{registry!r}][{image!r}]: "):
                found.append(ImagePin(account=account, region=region, repository=repository, tag=tag, digest=digest))
    problems.raise_if_any(EcrConstructsError, str(path))
    return tuple(sorted(found, key=lambda each: (each.registry, each.image)))


def write_image_pins(path: str | Path, pins: Iterable[ImagePin]) -> None:
    """
    Write sorted pins to a file, one in each line. The file is replaced as a whole.

    Args:
        path: The file.
        pins: The pins. There is one for each tag.

    Raises:
        OSError: If the file cannot be written. The previous file is then unchanged.

    """
    target = Path(path)
    text = json.dumps(pins_document(pins), indent=2) + "\n"
    # A link is not replaced. Another process reads the previous or the new file, never a part of it.
    target = target.resolve() if target.is_symlink() else target
    with NamedTemporaryFile("w", encoding="utf-8", dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
            temporary.replace(target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise


def pins_document(pins: Iterable[ImagePin]) -> dict[str, Any]:
    """
    Return the content of a file of pins.

    Args:
        pins: The pins.

    """
    images: dict[str, dict[str, str]] = {}
    for each in sorted(pins, key=lambda each: (each.registry, each.image)):
        images.setdefault(each.registry, {})[each.image] = each.digest
    return {"version": _VERSION, "images": images}


def _umask() -> int:
    # The file mode mask can only be read by setting it.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _digests_by_image(document: object, problems: Problems) -> dict[str, dict[str, Any]]:
    """Return the digests by image and registry."""
    if not isinstance(document, Mapping) or not isinstance(document.get("images"), Mapping):
        problems.add("not a file of pins: it has no 'images'; write it with 'ecr-constructs pin'")
        return {}
    if document.get("version") != _VERSION:
        problems.add(f"version {abbreviate(document.get('version'))} is unknown; this library reads version {_VERSION}")
        return {}
    found: dict[str, dict[str, Any]] = {}
    for registry, images in document["images"].items():
        if isinstance(images, Mapping):
            found[registry] = dict(images)
        else:
            problems.add(f"images[{registry!r}] is {abbreviate(images)}; write an object of tags and digests")
    return found
