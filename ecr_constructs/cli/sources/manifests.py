"""
The manifests of image indexes in files: output of `aws ecr batch-get-image`, `oras`, `crane`, `regctl` or `skopeo`.

The digest of a manifest is the SHA-256 of its bytes, so the name of its file has no meaning.
https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from ecr_constructs.assembly.files import MAXIMUM_BYTES, read_file
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.json_files import decode, parse_documents, path_of, read_input
from ecr_constructs.cli.sources.records import Repository
from ecr_constructs.model.images import ATTESTATION, Image
from ecr_constructs.model.template_syntax import mapping
from ecr_constructs.model.validation import IMAGE_DIGEST

__all__ = ["index_entries", "read_manifests", "with_manifests"]

# The digests that each image index references, each with whether it is an attestation.
_References = Mapping[str, Mapping[str, bool]]
# https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
_REFERENCE_TYPE, _ATTESTATION = "vnd.docker.reference.type", "attestation-manifest"


def read_manifests(sources: Iterable[str]) -> dict[str, dict[str, bool]]:
    """
    Return the digests that image indexes reference, by the digest of the index, as `index_entries` does.

    Args:
        sources: Files with manifests or with answers of `aws ecr batch-get-image`, folders of them, or `-`. Manifests
            of single images are skipped, and in a folder also files that are not JSON.

    Raises:
        CommandError: If there is no image index, or if a file is not JSON.

    """
    found: dict[str, dict[str, bool]] = {}
    given = list(sources)
    for source in given:
        for content, where, is_in_folder in _contents(source):
            found |= _indexes(content, where, is_lenient=is_in_folder)
    if given and not found:
        message = "no image index in it; give the manifests of indexes, or the output of 'aws ecr batch-get-image'"
        raise CommandError([message], path=f"--manifests {' '.join(given)}")
    return found


def with_manifests(repository: Repository, references: _References) -> Repository:
    """
    Return a repository whose image indexes have the digests that they reference. Attestations have their media type.

    Args:
        repository: The repository.
        references: The digests that image indexes reference, each with whether it is an attestation.

    """
    if not references:
        return repository
    attestations = {digest for children in references.values() for digest, is_one in children.items() if is_one}

    def described(image: Image) -> Image:
        if image.digest in attestations:
            return replace(image, artifact_media_type=ATTESTATION)
        children = references.get(image.digest)
        return image if children is None else replace(image, referenced_digests=tuple(children))

    return replace(repository, images=tuple(map(described, repository.images)))


def index_entries(manifest: object) -> dict[str, bool] | None:
    """
    Return the digests that an image index references, each with whether it is an attestation.

    BuildKit adds an attestation for the image of each platform, which no workload can run.

    Args:
        manifest: The manifest. The result is None if it is not that of an image index.

    """
    entries = manifest.get("manifests") if isinstance(manifest, Mapping) else None
    if not isinstance(entries, list):
        return None
    described = [(entry.get("digest"), entry) for entry in entries if isinstance(entry, Mapping)]
    return {
        digest: _is_attestation(entry)
        for digest, entry in described
        if isinstance(digest, str) and IMAGE_DIGEST.accepts(digest)
    }


def _is_attestation(entry: Mapping[str, Any]) -> bool:
    return mapping(entry.get("annotations")).get(_REFERENCE_TYPE) == _ATTESTATION


def _contents(source: str) -> Iterator[tuple[bytes, str, bool]]:
    if source != "-" and path_of(source).is_dir():
        for folder, _, names in os.walk(source, onerror=_raise):
            for path in sorted(Path(folder, name) for name in names):
                # A folder of an image also has its layers.
                if path.stat().st_size <= MAXIMUM_BYTES:
                    yield read_file(path, inside=Path(source), maximum=MAXIMUM_BYTES), str(path), True
        return
    try:
        yield read_input(source, maximum=MAXIMUM_BYTES), "standard input" if source == "-" else source, False
    except (FileNotFoundError, NotADirectoryError):
        message = "no such file or folder; give manifests, or the output of 'aws ecr batch-get-image'"
        raise CommandError([message], path=source) from None


def _raise(error: OSError) -> None:
    raise error


def _indexes(content: bytes, where: str, *, is_lenient: bool) -> Iterator[tuple[str, dict[str, bool]]]:
    """Yield the digest of each index in a file, with the digests that it references."""
    try:
        documents = parse_documents(decode(content, where), where)
    except CommandError:
        if is_lenient:
            return
        raise
    for document, text in documents:
        images = document.get("images") if isinstance(document, Mapping) else document
        if isinstance(images, list):
            yield from (index for image in images if isinstance(image, Mapping) for index in _of_answer(image))
        elif not isinstance(document, Mapping):
            continue
        elif isinstance(digest := document.get("digest"), str):
            # The JSON of `oras manifest fetch --format json` and of `docker buildx imagetools inspect`.
            if (children := index_entries(document.get("content", document))) is not None:
                yield digest, children
        elif (children := index_entries(document)) is not None:
            # A program or a shell can end a file with a line break that is not part of the manifest.
            whole = [content] if len(documents) == 1 else []
            for written in [*whole, text.encode()]:
                yield f"sha256:{sha256(written).hexdigest()}", children


def _of_answer(image: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, bool]]]:
    """Yield the index in an entry of the answer of `BatchGetImage`."""
    text, identifier = image.get("imageManifest"), image.get("imageId")
    digest = identifier.get("imageDigest") if isinstance(identifier, Mapping) else None
    if isinstance(text, str) and isinstance(digest, str):
        try:
            children = index_entries(json.loads(text))
        except (ValueError, RecursionError):
            return
        if children is not None:
            yield digest, children
