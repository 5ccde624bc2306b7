"""Policies that repositories have today, as `aws ecr get-lifecycle-policy` printed them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.json_files import JsonDocument, lists_images, read_dumps
from ecr_constructs.cli.sources.texts import policy_of_document, policy_of_text
from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.validation import abbreviate

__all__ = ["read_deployed"]


def read_deployed(sources: Iterable[str]) -> dict[str | None, LifecyclePolicy]:
    """
    Read the policies of today, by repository.

    Args:
        sources: Files with what `aws ecr get-lifecycle-policy` prints, or folders of them; listings of images that lie
            beside them are passed over. An empty text is that of a repository without a policy. A policy file may be
            given too; in a folder it is named after its repository, as listings are.

    Returns:
        The policies. That of no name, from a policy file, is that of every repository that has no other.

    Raises:
        CommandError: if something is not what `aws ecr get-lifecycle-policy` prints, or if there is nothing of it.
        InvalidLifecyclePolicy: for a policy that cannot be read, with the file as the path.

    """
    found: dict[str | None, LifecyclePolicy] = {}
    for source in sources:
        for dump in read_dumps(source):
            for entry in _entries(dump):
                name, policy = _read(entry, dump)
                if found.setdefault(name, policy) != policy:
                    message = f"{name or 'every repository'} has another policy in another file; leave one out"
                    raise CommandError([message], path=dump.where)
        if not found:
            raise CommandError(["no policy in it; give what 'aws ecr get-lifecycle-policy' printed"], path=source)
    return found


def _entries(dump: JsonDocument) -> Iterator[object]:
    document = dump.document
    entries = document if isinstance(document, Sequence) and not isinstance(document, str) else [document]
    for entry in entries:
        if not (dump.is_found and lists_images(entry)):
            yield entry


def _read(entry: object, dump: JsonDocument) -> tuple[str | None, LifecyclePolicy]:
    if isinstance(entry, Mapping) and "rules" in entry:
        return _of_file(entry, dump)
    text = entry.get("lifecyclePolicyText") if isinstance(entry, Mapping) else None
    name = entry.get("repositoryName") if isinstance(entry, Mapping) else None
    if not isinstance(text, str) or not isinstance(name, str):
        message = (
            f"{abbreviate(entry)} is not what `aws ecr get-lifecycle-policy` prints: "
            "an object with repositoryName and lifecyclePolicyText, or a policy"
        )
        raise CommandError([message], path=dump.where)
    try:
        return name, policy_of_text(text) if text else LifecyclePolicy.none()
    except InvalidLifecyclePolicy as error:
        raise InvalidLifecyclePolicy(error.problems, path=f"{dump.where}, {name}") from None


def _of_file(document: Mapping[str, object], dump: JsonDocument) -> tuple[str | None, LifecyclePolicy]:
    try:
        return dump.repository if dump.is_found else None, policy_of_document(document)
    except InvalidLifecyclePolicy as error:
        raise InvalidLifecyclePolicy(error.problems, path=dump.where) from None
