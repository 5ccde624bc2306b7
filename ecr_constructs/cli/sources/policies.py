"""Lifecycle policies in policy files, output of the AWS CLI, templates, cloud assemblies and Terraform."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecr_constructs.assembly import AssemblyStack, read_assembly
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.json_files import (
    JsonDocument,
    lists_images,
    path_of,
    read_json_documents,
)
from ecr_constructs.cli.sources.parameters import Parameters
from ecr_constructs.cli.sources.policy_files import PolicyFile, policy_files
from ecr_constructs.cli.sources.policy_texts import (
    PolicyPlace,
    parse_policy,
    policy_of_document,
    read_text,
    saved_policies,
)
from ecr_constructs.cli.sources.records import Policy, UnreadablePolicy
from ecr_constructs.cli.sources.template_policies import policies_of_template
from ecr_constructs.cli.sources.templates import (
    SourceTemplate,
    assembly_templates,
    is_assembly,
    is_template,
    with_nested,
)
from ecr_constructs.cli.sources.terraform import is_terraform, policies_of_terraform
from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model import wildcards
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.validation import abbreviate

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
        Raise an error if ECR would reject a policy.

        Args:
            only: Names of repositories, in which `*` matches any characters. Policies of other repositories are not
                checked. Default: all are checked.

        Raises:
            CommandError: With every problem of every such policy.

        """
        is_alone = len(self.unread) + len(self.policies) == 1
        rejected = [each for each in self.unread if each.is_invalid and (is_alone or is_selected(each, only))]
        if problems := [f"{each.where}: {text}" for each in rejected for text in each.problems]:
            raise CommandError(problems)

    def by_default(self) -> PolicySet:
        """
        Return the policies whose conditions hold with the defaults of their templates.

        A repository of which no combination holds by default keeps all its policies.
        """
        everything: list[Policy | UnreadablePolicy] = [*self.policies, *self.unread]
        by_default = {_owner(each) for each in everything if each.is_default}
        return PolicySet(
            policies=tuple(each for each in self.policies if each.is_default or _owner(each) not in by_default),
            unread=tuple(each for each in self.unread if each.is_default or _owner(each) not in by_default),
        )

    def of(self, repository: str) -> PolicySet:
        """
        Return the policies of a repository. Equal policies in several places count as one.

        Args:
            repository: Its name.

        Raises:
            CommandError: If there is none.

        """
        chosen: dict[LifecyclePolicy, Policy] = {}
        for each in self.policies:
            if each.repository == repository:
                chosen.setdefault(each.policy, each)
        unread = tuple(each for each in self.unread if each.repository == repository)
        if not chosen and not unread:
            everything: list[Policy | UnreadablePolicy] = [*self.policies, *self.unread]
            names = sorted({each.repository for each in everything if each.repository})
            known = f"the policies are those of {', '.join(names)}" if names else "no policy has a repository name"
            message = f"it has no policy; {known}"
            raise CommandError([message], path=f"--repository {repository}")
        return PolicySet(policies=tuple(chosen.values()), unread=unread)


def _owner(policy: Policy | UnreadablePolicy) -> tuple[str | None, str | None]:
    return policy.repository, policy.prefix


def is_selected(policy: Policy | UnreadablePolicy, only: Sequence[str]) -> bool:
    """
    Return whether a policy is that of a selected repository.

    Args:
        policy: The policy.
        only: Names of repositories, in which `*` matches any characters. Without names, all are selected.

    """
    name = policy.repository
    return not only or (name is not None and any(wildcards.matches(pattern, name) for pattern in only))


def read_policies(source: str, parameters: Parameters | None = None) -> PolicySet:
    """
    Return the policies of a source.

    Args:
        source: A policy file, the output of `aws ecr get-lifecycle-policy` for one or many repositories, a template of
            CloudFormation or SAM, the output of `terraform show -json`, a folder of any of them, a folder that
            `cdk synth` wrote, or `-` for standard input.
        parameters: The values of parameters of templates. Default: none.

    Raises:
        CommandError: If it is none of them, if it has no repository and no creation template, or if a template does not
            have or does not allow the value of a parameter.

    """
    given = parameters or Parameters()
    if path_of(source).is_dir() and is_assembly(source):
        found = list(_of_templates(assembly_templates(source), given))
    else:
        found = [policy for each in _without_nested(policy_files(source), given) for policy in _of_file(each, given)]
    policy_set = _policy_set(found)
    if not policy_set.policies and not policy_set.unread:
        raise CommandError(["no repository and no creation template in it; give another source"], path=source)
    given.require_used(source)
    return policy_set


def read_policy(source: str, repository: str | None = None, parameters: Parameters | None = None) -> Policy:
    """
    Return the one policy of a source.

    Args:
        source: As for `read_policies`.
        repository: The name of its repository. Default: the source has one policy only.
        parameters: As for `read_policies`.

    Raises:
        CommandError: If the source has none, several, or one that cannot be read.

    """
    policy_set = read_policies(source, parameters)
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
    Return the stacks of a source.

    Args:
        source: A folder that `cdk synth` wrote, a CloudFormation or SAM template, a folder of them, or `-`.

    Returns:
        The stacks. One that is not in a cloud assembly is named after its place.

    Raises:
        CommandError: If it has no template.

    """
    if path_of(source).is_dir() and is_assembly(source):
        return read_assembly(Path(source))
    given = Parameters()
    files = [file for file in _without_nested(policy_files(source), given) if is_template(file.document)]
    if not files:
        raise CommandError(["no template in it; give a CloudFormation template or a cdk.out"], path=source)
    return tuple(
        AssemblyStack(name=each.name, template_path=Path(each.file or file.where), template=each.template)
        for file in files
        for each in _templates(file, given)
    )


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
        CommandError: If a document is not output of `aws ecr get-lifecycle-policy`, or if there is none.
        InvalidLifecyclePolicy: For a policy that cannot be read, with the file as the path.

    """
    found: dict[str | None, LifecyclePolicy] = {}
    for source in sources:
        for document in read_json_documents(source):
            for entry in _deployed_entries(document):
                for name, policy in _deployed_policies(entry, document):
                    if found.setdefault(name, policy) != policy:
                        message = f"{name or 'every repository'} has another policy in another file; remove one"
                        raise CommandError([message], path=document.where)
        if not found:
            message = "no policy in it; give the output of 'aws ecr get-lifecycle-policy'"
            raise CommandError([message], path=source)
    return found


# --- files ------------------------------------------------------------------------------------------------------------


def _without_nested(files: Iterable[PolicyFile], parameters: Parameters) -> list[PolicyFile]:
    """Return files without the templates that are nested in others, which are read with their parameters."""
    found = list(files)
    nested = {
        str(each.file)
        for file in found
        if file.folder and is_template(file.document)
        for each in list(_templates(file, parameters))[1:]
    }
    return [file for file in found if file.where not in nested]


def _templates(file: PolicyFile, parameters: Parameters) -> Iterator[SourceTemplate]:
    document = file.document
    if not isinstance(document, Mapping):  # the callers have checked it
        return
    root = SourceTemplate(
        template=document,
        before=f"{file.where}: ",
        file=file.where if file.folder else None,
        given=parameters.of_all_templates,
    )
    if file.path is None:
        yield root
    else:
        yield from with_nested(root, file.path, inside=file.folder or file.path.parent)


def _of_templates(templates: Iterable[SourceTemplate], parameters: Parameters) -> Iterator[Policy | UnreadablePolicy]:
    for template in templates:
        yield from policies_of_template(template, parameters)


def _of_file(file: PolicyFile, parameters: Parameters) -> Iterator[Policy | UnreadablePolicy]:
    document = file.document
    if is_template(document):
        yield from _of_templates(_templates(file, parameters), parameters)
    elif isinstance(document, Mapping) and is_terraform(document):
        yield from policies_of_terraform(document, f"{file.where}: ")
    elif file.is_empty:
        message = (
            "an empty file: the AWS CLI printed no policy, because the repository has none or because the call failed; "
            "remove the file if it has none"
        )
        yield PolicyPlace(where=file.where, repository=file.repository).unread(message)
    elif isinstance(document, list) and document and not lists_images(document):
        for number, entry in enumerate(document, start=1):
            yield from _of_document(entry, None, f"{file.where}, entry {number}", file)
    else:
        yield from _of_document(document, file.text, file.where, file)


def _of_document(
    document: object, text: str | None, where: str, file: PolicyFile
) -> Iterator[Policy | UnreadablePolicy]:
    """Yield the policy of a policy document, or those of an answer of `GetLifecyclePolicy`."""
    if saved := list(saved_policies(document)):
        for name, saved_text in saved:
            yield read_text(saved_text, PolicyPlace(where=where, repository=name or file.repository))
    elif isinstance(document, Mapping) and (_is_policy(document) if file.folder else "rules" in document):
        # JSON is parsed again from its text, because a parsed document has no duplicate keys.
        content = json.dumps(document) if text is None else text
        yield read_text(content, PolicyPlace(where=where, repository=file.repository))
    elif not file.folder:
        raise CommandError([_not_a_policy(document)], path=where)


def _is_policy(document: Mapping[str, object]) -> bool:
    """Return whether a document of a folder is a policy. Other programs have files with rules too."""
    rules = document.get("rules")
    return isinstance(rules, list) and (
        document.keys() == {"rules"} or any(isinstance(rule, Mapping) and "rulePriority" in rule for rule in rules)
    )


def _not_a_policy(document: object) -> str:
    if lists_images(document):
        return "a listing of images, not a policy; use: preview POLICY --images LISTING"
    if isinstance(document, Mapping) and "rulePriority" in document:
        return 'a rule, not a policy; write {"rules": [...]} around the rules'
    if isinstance(document, Mapping) and "@message" in document:
        return "the log of a Terraform command; give the output of 'terraform show -json'"
    return "neither a lifecycle policy ('rules') nor a CloudFormation template ('Resources')"


def _ambiguity(found: Sequence[Policy], unread: Sequence[UnreadablePolicy], repository: str | None) -> str:
    files = [each.file for each in found if each.file]
    if repository is not None and len(files) == len(found) + len(unread):
        return f"several policies, and they differ; give one of {', '.join(files)}"
    everything: list[Policy | UnreadablePolicy] = [*found, *unread]
    places = ", ".join(f"{each.where}{f' ({each.repository})' if each.repository else ''}" for each in everything)
    return f"several policies; choose the repository with --repository, or give a file with one policy: {places}"


def _policy_set(found: Iterable[Policy | UnreadablePolicy]) -> PolicySet:
    everything = tuple(found)
    return PolicySet(
        policies=tuple(each for each in everything if isinstance(each, Policy)),
        unread=tuple(each for each in everything if isinstance(each, UnreadablePolicy)),
    )


# --- deployed policies ------------------------------------------------------------------------------------------------


def _deployed_entries(document: JsonDocument) -> Iterator[object]:
    content = document.document
    entries = content if isinstance(content, Sequence) and not isinstance(content, str) else [content]
    for entry in entries:
        if not (document.is_in_folder and lists_images(entry)):
            yield entry


def _deployed_policies(entry: object, document: JsonDocument) -> Iterator[tuple[str | None, LifecyclePolicy]]:
    own_name = document.repository if document.is_in_folder else None
    if isinstance(entry, Mapping) and "rules" in entry:
        yield own_name, _deployed_policy(entry, document.where)
        return
    saved = [(name or own_name, text) for name, text in saved_policies(entry)]
    has_name = not isinstance(entry, Mapping) or isinstance(entry.get("repositoryName", ""), str)
    if not saved or not has_name or not all(isinstance(text, str) for _, text in saved):
        message = (
            f"{abbreviate(entry)} is not output of 'aws ecr get-lifecycle-policy'; "
            "give an object with repositoryName and lifecyclePolicyText, or a policy"
        )
        raise CommandError([message], path=document.where)
    for name, text in saved:
        where = f"{document.where}, {name}" if name else document.where
        yield name, _deployed_policy(text, where) if text else LifecyclePolicy.none()


def _deployed_policy(content: object, where: str) -> LifecyclePolicy:
    try:
        return parse_policy(content) if isinstance(content, str) else policy_of_document(content)
    except InvalidLifecyclePolicy as error:
        raise InvalidLifecyclePolicy(error.problems, path=where) from None
