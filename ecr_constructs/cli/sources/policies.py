"""Lifecycle policies in policy files, output of the AWS CLI, templates and cloud assemblies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ecr_constructs.assembly import (
    AssemblyStack,
    CreationTemplateResource,
    RepositoryResource,
    creation_templates,
    read_assembly,
    repositories,
)
from ecr_constructs.assembly.files import MAXIMUM_BYTES
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.formatting import truncate
from ecr_constructs.cli.sources.json_files import (
    STANDARD_INPUT,
    JsonDocument,
    decode,
    lists_images,
    parse,
    path_of,
    read_input,
    read_json_documents,
)
from ecr_constructs.cli.sources.records import Policy, immutability_of
from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model import wildcards
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.parser import parse_json
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.validation import CONTROL_CHARACTER, abbreviate

__all__ = [
    "PolicySet",
    "UnreadablePolicy",
    "is_selected",
    "parse_policy",
    "read_deployed",
    "read_policies",
    "read_policy",
    "read_stacks",
]

# ECR allows 50 rules in a policy.
_MOST_PROBLEMS = 1_000
# The values of a property that is not set.
_NOT_SET: tuple[object, ...] = (None, {}, {"Ref": "AWS::NoValue"})


@dataclass(frozen=True, kw_only=True, slots=True)
class UnreadablePolicy:
    """
    A lifecycle policy that could not be read.

    Attributes:
        repository: As in `Policy`.
        prefix: As in `Policy`.
        where: As in `Policy`.
        problems: The reasons, one sentence each.
        is_invalid: Whether ECR would reject the policy. Otherwise only CloudFormation can compute its text.

    """

    repository: str | None = None
    prefix: str | None = None
    where: str
    problems: tuple[str, ...]
    is_invalid: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicySet:
    """
    The policies of one source.

    Attributes:
        policies: The policies that could be read, in the order of the source. A repository without a policy has one
            without rules.
        unread: The policies that could not be read.

    """

    policies: tuple[Policy, ...]
    unread: tuple[UnreadablePolicy, ...] = ()

    def require_valid(self, only: Sequence[str] = ()) -> None:
        """
        Raise if ECR would reject a policy.

        Args:
            only: Names of repositories, in which `*` matches any characters. Policies of other repositories are not
                checked. Default: all are checked.

        Raises:
            CommandError: with every problem of every such policy.

        """
        is_alone = len(self.unread) + len(self.policies) == 1
        rejected = [each for each in self.unread if each.is_invalid and (is_alone or is_selected(each, only))]
        if problems := [f"{each.where}: {text}" for each in rejected for text in each.problems]:
            raise CommandError(problems)

    def of(self, repository: str) -> PolicySet:
        """
        Return the policies of a repository. Equal policies in several places count as one.

        Args:
            repository: Its name.

        Raises:
            CommandError: if there is none.

        """
        chosen: dict[LifecyclePolicy, Policy] = {}
        for each in self.policies:
            if each.repository == repository:
                chosen.setdefault(each.policy, each)
        unread = tuple(each for each in self.unread if each.repository == repository)
        if not chosen and not unread:
            everything: list[Policy | UnreadablePolicy] = [*self.policies, *self.unread]
            names = sorted({each.repository for each in everything if each.repository})
            message = f"no policy of it; there are those of {', '.join(names) or 'no repository that has a name'}"
            raise CommandError([message], path=f"--repository {repository}")
        return PolicySet(policies=tuple(chosen.values()), unread=unread)


def is_selected(policy: Policy | UnreadablePolicy, only: Sequence[str]) -> bool:
    """
    Return whether a policy is that of a selected repository.

    Args:
        policy: The policy.
        only: Names of repositories, in which `*` matches any characters. Without names, all are selected.

    """
    name = policy.repository
    return not only or (name is not None and any(wildcards.matches(pattern, name) for pattern in only))


def parse_policy(text: str) -> LifecyclePolicy:
    """
    Return the policy in a text. Control characters in its descriptions become escapes.

    AWS does not document the characters of a description, and a description has no effect on images.

    Args:
        text: The JSON text.

    Raises:
        InvalidLifecyclePolicy: as `LifecyclePolicy.from_json`.

    """
    return _policy_of_document(parse_json(text))


def read_policies(source: str) -> PolicySet:
    """
    Return the policies of a source.

    Args:
        source: A folder that `cdk synth` wrote, a CloudFormation template, a policy file, the output of
            `aws ecr get-lifecycle-policy`, or `-` for standard input.

    Raises:
        CommandError: if it is none of them, or if it has no repository and no creation template.

    """
    policy_set = _read_assembly(source) if path_of(source).is_dir() else _read_file(source)
    if not policy_set.policies and not policy_set.unread:
        raise CommandError(["no repository and no creation template in it; give another source"], path=source)
    return policy_set


def read_policy(source: str, repository: str | None = None) -> Policy:
    """
    Return the one policy of a source.

    Args:
        source: As for `read_policies`.
        repository: The name of its repository. Default: the source has one policy only.

    Raises:
        CommandError: if the source has none, several, or one that cannot be read.

    """
    policy_set = read_policies(source)
    if repository is not None:
        policy_set = policy_set.of(repository)
    found = [each for each in policy_set.policies if each.policy.rules]
    if len(found) + len(policy_set.unread) > 1:
        raise CommandError([_ambiguity(found, policy_set.unread, repository)], path=source)
    for each in policy_set.unread:
        raise CommandError(each.problems, path=each.where)
    if not found:
        raise CommandError(["no lifecycle policy in it; give a source that has one"], path=source)
    return found[0]


def read_stacks(source: str) -> tuple[AssemblyStack, ...]:
    """
    Return the stacks of a cloud assembly.

    Args:
        source: A folder that `cdk synth` wrote.

    Raises:
        CommandError: if it is not such a folder.

    """
    try:
        (path_of(source) / "manifest.json").stat()
    except (FileNotFoundError, NotADirectoryError, UnicodeError):
        message = "no folder with a manifest.json; give one that 'cdk synth' wrote, such as cdk.out"
        raise CommandError([message], path=source) from None
    return read_assembly(Path(source))


def read_deployed(sources: Iterable[str]) -> dict[str | None, LifecyclePolicy]:
    """
    Return the deployed policies, by repository.

    Args:
        sources: Files with the output of `aws ecr get-lifecycle-policy`, or folders of them. Listings of images in such
            a folder are skipped. An empty text stands for a repository without a policy. A policy file is accepted
            too; in a folder it is named after its repository, as listings are.

    Returns:
        The policies. The policy of a policy file has no name, and is that of every repository that has no other.

    Raises:
        CommandError: if a document is not output of `aws ecr get-lifecycle-policy`, or if there is none.
        InvalidLifecyclePolicy: for a policy that cannot be read, with the file as the path.

    """
    found: dict[str | None, LifecyclePolicy] = {}
    for source in sources:
        for document in read_json_documents(source):
            for entry in _deployed_entries(document):
                name, policy = _deployed_policy(entry, document)
                if found.setdefault(name, policy) != policy:
                    message = f"{name or 'every repository'} has another policy in another file; remove one"
                    raise CommandError([message], path=document.where)
        if not found:
            message = "no policy in it; give the output of 'aws ecr get-lifecycle-policy'"
            raise CommandError([message], path=source)
    return found


# --- files and assemblies ---------------------------------------------------------------------------------------------


def _read_file(source: str) -> PolicySet:
    where = "standard input" if source == STANDARD_INPUT else source
    try:
        content = read_input(source, maximum=MAXIMUM_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        message = "no such file or folder; give a policy file, a template or a cdk.out"
        raise CommandError([message], path=source) from None
    return _read_text(decode(content, where=where), where)


def _ambiguity(found: Sequence[Policy], unread: Sequence[UnreadablePolicy], repository: str | None) -> str:
    files = [each.file for each in found if each.file]
    if repository is not None and len(files) == len(found) + len(unread):
        return f"several policies, and they differ; give one of {', '.join(files)}"
    everything: list[Policy | UnreadablePolicy] = [*found, *unread]
    places = ", ".join(f"{each.where}{f' ({each.repository})' if each.repository else ''}" for each in everything)
    return f"several policies; choose the repository with --repository, or give a file with one policy: {places}"


def _read_assembly(source: str) -> PolicySet:
    return _policy_set(
        replace(each, file=str(stack.template_path)) if isinstance(each, Policy) else each
        for stack in read_stacks(source)
        for each in _policies_of_template(stack.template, f"{source}: {stack.name}/")
    )


def _read_text(text: str, where: str) -> PolicySet:
    document = parse(text, where=where)
    if isinstance(document, Mapping) and isinstance(document.get("Resources"), Mapping):
        return _policy_set(_policies_of_template(document, f"{where}: "))
    if isinstance(document, Mapping) and "lifecyclePolicyText" in document:
        name = document.get("repositoryName")
        repository = name if isinstance(name, str) else None
        return _policy_set([_read_property(document["lifecyclePolicyText"], where=where, repository=repository)])
    if isinstance(document, Mapping) and "rules" in document:
        # JSON is parsed again from its text, because the document has lost the keys that are written twice.
        is_json = text.lstrip().startswith("{")
        return _policy_set([_read_property(text if is_json else json.dumps(document), where=where)])
    if lists_images(document):
        message = "a listing of images, not a policy; use: preview POLICY --images LISTING"
        raise CommandError([message], path=where)
    raise CommandError(["neither a lifecycle policy ('rules') nor a CloudFormation template ('Resources')"], path=where)


def _policy_set(found: Iterable[Policy | UnreadablePolicy]) -> PolicySet:
    everything = tuple(found)
    return PolicySet(
        policies=tuple(each for each in everything if isinstance(each, Policy)),
        unread=tuple(each for each in everything if isinstance(each, UnreadablePolicy)),
    )


# --- templates --------------------------------------------------------------------------------------------------------


def _policies_of_template(template: Mapping[str, Any], before: str) -> Iterator[Policy | UnreadablePolicy]:
    for repository in repositories(template):
        where, immutability = f"{before}{repository.logical_id}", _immutability(repository)
        yield _read_property(
            repository.lifecycle_text, where=where, repository=repository.name, immutability=immutability
        )
    for each in creation_templates(template):
        where, immutability = f"{before}{each.logical_id}", _immutability(each)
        yield _read_property(each.lifecycle_text, where=where, prefix=each.prefix, immutability=immutability)
    for name, loop in (template.get("Resources") or {}).items():
        if str(name).startswith("Fn::ForEach") and "AWS::ECR::Repository" in str(loop):
            message = "CloudFormation creates these at deployment; give the processed template to read them"
            yield UnreadablePolicy(where=f"{before}{name}", problems=(message,), is_invalid=False)


def _immutability(resource: RepositoryResource | CreationTemplateResource) -> Immutability | None:
    return immutability_of(resource.mutability, resource.exclusion_filters)


def _read_property(
    text: object,
    *,
    where: str,
    repository: str | None = None,
    prefix: str | None = None,
    immutability: Immutability | None = None,
) -> Policy | UnreadablePolicy:
    text = _without_empty_substitution(text)
    if functions := _functions(text):
        problem = f"CloudFormation computes the text at deployment ({functions}); write the text itself to have it read"
        return UnreadablePolicy(
            repository=repository, prefix=prefix, where=where, problems=(problem,), is_invalid=False
        )
    try:
        policy = _policy_of_property(text)
    except InvalidLifecyclePolicy as error:
        problems = tuple(truncate(error.problems, _MOST_PROBLEMS))
        return UnreadablePolicy(repository=repository, prefix=prefix, where=where, problems=problems, is_invalid=True)
    return Policy(policy=policy, repository=repository, prefix=prefix, where=where, immutability=immutability)


def _policy_of_property(text: object) -> LifecyclePolicy:
    if text in _NOT_SET:
        return LifecyclePolicy.none()
    if not isinstance(text, str):
        raise InvalidLifecyclePolicy(["the policy is not a text; write its JSON as one string"])
    return parse_policy(text)


def _without_empty_substitution(text: object) -> object:
    """Return the text of a substitution that has nothing to substitute; other values as they are."""
    inner = text.get("Fn::Sub") if isinstance(text, Mapping) else None
    return inner if isinstance(inner, str) and "${" not in inner else text


def _functions(text: object) -> str:
    """Return the names of the CloudFormation functions that compute a text, or an empty text."""
    names = [str(name) for name in text] if isinstance(text, Mapping) and text not in _NOT_SET else []
    return ", ".join(name for name in names if name == "Ref" or name.startswith("Fn::"))


# --- descriptions -----------------------------------------------------------------------------------------------------


def _policy_of_document(document: object) -> LifecyclePolicy:
    rules = document.get("rules") if isinstance(document, Mapping) else None
    if isinstance(document, Mapping) and isinstance(rules, list):
        document = {**document, "rules": list(map(_with_escapes, rules))}
    return LifecyclePolicy.from_dict(document)


def _with_escapes(rule: object) -> object:
    description = rule.get("description") if isinstance(rule, Mapping) else None
    if not isinstance(rule, Mapping) or not isinstance(description, str):
        return rule
    escaped = CONTROL_CHARACTER.sub(lambda found: repr(found.group())[1:-1], description)
    return {**rule, "description": escaped}


# --- deployed policies ------------------------------------------------------------------------------------------------


def _deployed_entries(document: JsonDocument) -> Iterator[object]:
    content = document.document
    entries = content if isinstance(content, Sequence) and not isinstance(content, str) else [content]
    for entry in entries:
        if not (document.is_in_folder and lists_images(entry)):
            yield entry


def _deployed_policy(entry: object, document: JsonDocument) -> tuple[str | None, LifecyclePolicy]:
    if isinstance(entry, Mapping) and "rules" in entry:
        return _deployed_policy_file(entry, document)
    text = entry.get("lifecyclePolicyText") if isinstance(entry, Mapping) else None
    name = entry.get("repositoryName") if isinstance(entry, Mapping) else None
    if not isinstance(text, str) or not isinstance(name, str):
        message = (
            f"{abbreviate(entry)} is not output of 'aws ecr get-lifecycle-policy'; "
            "give an object with repositoryName and lifecyclePolicyText, or a policy"
        )
        raise CommandError([message], path=document.where)
    try:
        return name, parse_policy(text) if text else LifecyclePolicy.none()
    except InvalidLifecyclePolicy as error:
        raise InvalidLifecyclePolicy(error.problems, path=f"{document.where}, {name}") from None


def _deployed_policy_file(content: Mapping[str, object], document: JsonDocument) -> tuple[str | None, LifecyclePolicy]:
    try:
        return document.repository if document.is_in_folder else None, _policy_of_document(content)
    except InvalidLifecyclePolicy as error:
        raise InvalidLifecyclePolicy(error.problems, path=document.where) from None
