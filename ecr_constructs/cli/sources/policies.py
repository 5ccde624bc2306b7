"""Where lifecycle policies come from: a policy file, an answer of AWS, a template, a cloud assembly, standard input."""

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
from ecr_constructs.cli.errors import CommandError, truncate
from ecr_constructs.cli.sources.inputs import STANDARD_INPUT, path_of, read_input
from ecr_constructs.cli.sources.json_files import lists_images
from ecr_constructs.cli.sources.records import Policy, immutability_of
from ecr_constructs.cli.sources.templates import parse
from ecr_constructs.cli.sources.texts import policy_of_text
from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model import wildcards
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy

__all__ = ["PolicySet", "UnreadablePolicy", "is_asked_for", "read_policies", "read_policy", "stacks_of"]

# Of one policy; ECR allows it 50 rules.
_MOST_PROBLEMS = 1_000
# A property that is not there, as a template may write it.
_NOTHING: tuple[object, ...] = (None, {}, {"Ref": "AWS::NoValue"})


@dataclass(frozen=True, kw_only=True, slots=True)
class UnreadablePolicy:
    """
    A lifecycle policy that could not be read.

    Attributes:
        repository: As that of a `Policy`.
        prefix: As that of a `Policy`.
        where: Its place, for a person.
        problems: Why it cannot be read, in one sentence each.
        is_invalid: Whether it would be refused when it is deployed. Otherwise it may be right, and only CloudFormation
            will know what it says.

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
        policies: Those that could be read, in the order of the source. A repository without one has the policy without
            rules.
        unread: Those that could not.

    """

    policies: tuple[Policy, ...]
    unread: tuple[UnreadablePolicy, ...] = ()

    def require_valid(self, only: Sequence[str] = ()) -> None:
        """
        Refuse a source that holds a policy which ECR would refuse.

        Args:
            only: Names of repositories, in which `*` stands for anything: policies that are known to be for others may
                be what they are. Default: none may.

        Raises:
            CommandError: with every problem of every such policy.

        """
        is_alone = len(self.unread) + len(self.policies) == 1
        refused = [each for each in self.unread if each.is_invalid and (is_alone or is_asked_for(each, only))]
        if problems := [f"{each.where}: {text}" for each in refused for text in each.problems]:
            raise CommandError(problems)

    def of(self, repository: str) -> PolicySet:
        """
        Choose the policies of a repository; one that stands in several places is one.

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


def is_asked_for(policy: Policy | UnreadablePolicy, only: Sequence[str]) -> bool:
    """
    Tell whether a policy is that of a repository which was asked for.

    Args:
        policy: The policy.
        only: Names of repositories, in which `*` stands for anything; none ask for everything.

    """
    name = policy.repository
    return not only or (name is not None and any(wildcards.matches(pattern, name) for pattern in only))


def read_policies(source: str) -> PolicySet:
    """
    Read the policies of a source.

    Args:
        source: A folder that `cdk synth` wrote, a CloudFormation template, a policy file, what
            `aws ecr get-lifecycle-policy` prints, or `-` for one of these on standard input, except for the folder.

    Raises:
        CommandError: if it is none of them, or if there is no repository in it.

    """
    reading = _read_assembly(source) if path_of(source).is_dir() else _read_file(source)
    if not reading.policies and not reading.unread:
        raise CommandError(["no repository and no creation template in it; give the one that is meant"], path=source)
    return reading


def _read_file(source: str) -> PolicySet:
    where = "standard input" if source == STANDARD_INPUT else source
    try:
        content = read_input(source, maximum=MAXIMUM_BYTES)
        # PowerShell redirects in UTF-16; JSON can tell, and anything else that people write begins like it.
        text = content.decode(json.detect_encoding(content))
    except (FileNotFoundError, NotADirectoryError):
        message = "no such file or folder; give a policy file, a template or a cdk.out"
        raise CommandError([message], path=source) from None
    except UnicodeDecodeError:
        raise CommandError(["not a text in UTF-8; give a policy file or a template"], path=where) from None
    return _read_text(text, where)


def read_policy(source: str, repository: str | None = None) -> Policy:
    """
    Read the one policy of a source.

    Args:
        source: As for `read_policies`.
        repository: The name of its repository. Default: there is one policy only.

    Raises:
        CommandError: if the source has none, several, or one that cannot be read.

    """
    reading = read_policies(source)
    if repository is not None:
        reading = reading.of(repository)
    found = [each for each in reading.policies if each.policy.rules]
    if len(found) + len(reading.unread) > 1:
        raise CommandError([_several(found, reading.unread, repository)], path=source)
    for each in reading.unread:
        raise CommandError(each.problems, path=each.where)
    if not found:
        raise CommandError(["no lifecycle policy in it"], path=source)
    return found[0]


def _several(found: Sequence[Policy], unread: Sequence[UnreadablePolicy], repository: str | None) -> str:
    files = [each.file for each in found if each.file]
    if repository is not None and len(files) == len(found) + len(unread):
        return f"several policies, and they differ; give one of {', '.join(files)}"
    everything: list[Policy | UnreadablePolicy] = [*found, *unread]
    places = ", ".join(f"{each.where}{f' ({each.repository})' if each.repository else ''}" for each in everything)
    return f"several policies, and one is asked for; say with --repository whose, or give a file with one: {places}"


def stacks_of(source: str) -> tuple[AssemblyStack, ...]:
    """
    Read the stacks of a cloud assembly.

    Args:
        source: A folder that `cdk synth` wrote.

    Raises:
        CommandError: if it is none.

    """
    try:
        (path_of(source) / "manifest.json").stat()
    except (FileNotFoundError, NotADirectoryError, UnicodeError):
        message = "no folder with a manifest.json; give one that 'cdk synth' wrote, such as cdk.out"
        raise CommandError([message], path=source) from None
    return read_assembly(Path(source))


def _read_assembly(source: str) -> PolicySet:
    stacks = stacks_of(source)
    return _reading(
        replace(each, file=str(stack.template_path)) if isinstance(each, Policy) else each
        for stack in stacks
        for each in _of_template(stack.template, f"{source}: {stack.name}/")
    )


def _read_text(text: str, where: str) -> PolicySet:
    document = parse(text, where=where)
    if isinstance(document, Mapping) and isinstance(document.get("Resources"), Mapping):
        return _reading(_of_template(document, f"{where}: "))
    if isinstance(document, Mapping) and "lifecyclePolicyText" in document:
        name = document.get("repositoryName")
        repository = name if isinstance(name, str) else None
        return _reading([_of_text(document["lifecyclePolicyText"], where=where, repository=repository)])
    if isinstance(document, Mapping) and "rules" in document:
        # JSON is read once more from its text: a key that is written twice is gone from the document.
        is_json = text.lstrip().startswith("{")
        return _reading([_of_text(text if is_json else json.dumps(document), where=where)])
    if lists_images(document):
        message = "this is a listing of images and no policy; preview takes it with --images, behind a policy"
        raise CommandError([message], path=where)
    raise CommandError(["neither a lifecycle policy ('rules') nor a CloudFormation template ('Resources')"], path=where)


def _reading(found: Iterable[Policy | UnreadablePolicy]) -> PolicySet:
    everything = tuple(found)
    return PolicySet(
        policies=tuple(each for each in everything if isinstance(each, Policy)),
        unread=tuple(each for each in everything if isinstance(each, UnreadablePolicy)),
    )


def _of_template(template: Mapping[str, Any], before: str) -> Iterator[Policy | UnreadablePolicy]:
    for repository in repositories(template):
        where, bound = f"{before}{repository.logical_id}", _immutability(repository)
        yield _of_text(repository.lifecycle_text, where=where, repository=repository.name, immutability=bound)
    for each in creation_templates(template):
        where, bound = f"{before}{each.logical_id}", _immutability(each)
        yield _of_text(each.lifecycle_text, where=where, prefix=each.prefix, immutability=bound)
    for name, loop in (template.get("Resources") or {}).items():
        if str(name).startswith("Fn::ForEach") and "AWS::ECR::Repository" in str(loop):
            message = "CloudFormation makes these at deployment; give the processed template to have them read"
            yield UnreadablePolicy(where=f"{before}{name}", problems=(message,), is_invalid=False)


def _immutability(resource: RepositoryResource | CreationTemplateResource) -> Immutability | None:
    return immutability_of(resource.mutability, resource.exclusion_filters)


def _of_text(
    text: object,
    *,
    where: str,
    repository: str | None = None,
    prefix: str | None = None,
    immutability: Immutability | None = None,
) -> Policy | UnreadablePolicy:
    text = _written_out(text)
    if functions := _functions(text):
        problem = f"CloudFormation works the text out at deployment ({functions}); write it out to have it read"
        return UnreadablePolicy(
            repository=repository, prefix=prefix, where=where, problems=(problem,), is_invalid=False
        )
    try:
        policy = _policy(text)
    except InvalidLifecyclePolicy as error:
        problems = tuple(truncate(error.problems, _MOST_PROBLEMS))
        return UnreadablePolicy(repository=repository, prefix=prefix, where=where, problems=problems, is_invalid=True)
    return Policy(policy=policy, repository=repository, prefix=prefix, where=where, immutability=immutability)


def _policy(text: object) -> LifecyclePolicy:
    if text in _NOTHING:
        return LifecyclePolicy.none()
    if not isinstance(text, str):
        raise InvalidLifecyclePolicy(["the policy is not a text; write its JSON as one string"])
    return policy_of_text(text)


def _written_out(text: object) -> object:
    """Give the text of a substitution in which nothing is to be substituted."""
    inner = text.get("Fn::Sub") if isinstance(text, Mapping) else None
    return inner if isinstance(inner, str) and "${" not in inner else text


def _functions(text: object) -> str:
    """Name the functions of CloudFormation that give a text, if it is not written out."""
    names = [str(name) for name in text] if isinstance(text, Mapping) and text not in _NOTHING else []
    return ", ".join(name for name in names if name == "Ref" or name.startswith("Fn::"))
