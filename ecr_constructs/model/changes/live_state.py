"""
Changes that the templates alone do not show. The live registry of an account is compared with the states of an app.

Repositories and settings of the account are represented as resources of their CloudFormation type. Therefore they can
be compared with the resources of templates.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence

from ecr_constructs.model.changes.access import covers, statements_of_policy
from ecr_constructs.model.changes.change import Change
from ecr_constructs.model.changes.identity import effect_of_creation
from ecr_constructs.model.changes.lifecycle_difference import lifecycle_policy_of
from ecr_constructs.model.changes.settings import immutability_of_resource, lifecycle_text
from ecr_constructs.model.changes.state import (
    CREATION_TEMPLATE,
    REPOSITORY,
    Resource,
    ResourcesByIdentity,
    State,
    object_of,
)
from ecr_constructs.model.names import ROOT

__all__ = ["covering_template", "live_changes"]

_SCANNING = "AWS::ECR::RegistryScanningConfiguration"
_IMPORT = "import it with 'cdk import' or 'cdk deploy --import-existing-resources', or remove it from the account first"


def live_changes(old: State, new: State, live: State) -> Iterator[Change]:
    """
    Yield the changes that follow from the live registry.

    Args:
        old: The deployed templates.
        new: The templates of the update.
        live: The resources of the account.

    """
    known = ResourcesByIdentity(each for each in old.resources.values() if each.is_judged)
    of_account = ResourcesByIdentity(live.resources.values())
    for after in new.resources.values():
        owner = of_account.first_same(after)
        if owner is not None and after.key not in old.resources and known.first_same(after) is None:
            yield _existing(after)
        if owner is not None and after.resource_type == REPOSITORY:
            yield from _undeclared_statements(after, owner)
    yield from _drift(old, new, live)


def covering_template(name: str, templates: Sequence[Resource]) -> Resource | None:
    """
    Return the creation template with the longest prefix of a repository name. `ROOT` is the last.

    Args:
        name: The name of the repository.
        templates: The creation templates.

    """
    # ECR adds '/' to the end of a prefix:
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
    matching = [
        each
        for each in templates
        if each.name is not None and (each.name == ROOT or name.startswith(f"{each.name.rstrip('/')}/"))
    ]
    return max(matching, key=lambda each: 0 if each.name == ROOT else len(each.name or ""), default=None)


def _existing(after: Resource) -> Change:
    sentence = f"the account has it, and no deployed stack of the app does; {effect_of_creation(after)}"
    if after.resource_type == _SCANNING:
        # Every registry has a scanning configuration, so the rules of an existing one are compared first.
        remedy = f"compare the rules with 'aws ecr get-registry-scanning-configuration', and {_IMPORT}"
        return Change.of("already-exists", after, sentence, remedy, severity="warning")
    return Change.of("already-exists", after, sentence, _IMPORT)


def _undeclared_statements(after: Resource, live: Resource) -> Iterator[Change]:
    declared = statements_of_policy(after.properties.get("RepositoryPolicyText"))
    missing = [
        each for each in statements_of_policy(live.properties.get("RepositoryPolicyText")) if not covers(declared, each)
    ]
    if missing:
        sids = ", ".join(str(each.get("Sid", "without a Sid")) for each in missing)
        # A reproduction: https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2493
        sentence = (
            f"the policy of the repository has statements that the template lacks ({sids}); an import or a later "
            "update removes them, and their principals cannot pull"
        )
        remedy = "add the statements to the template; those of AWS Lambda with Access.lambda_pull(account)"
        yield Change.of("undeclared-policy", after, sentence, remedy)


# --- creation templates -----------------------------------------------------------------------------------------------


def _drift(old: State, new: State, live: State) -> Iterator[Change]:
    everything = (*old.resources.values(), *new.resources.values())
    declared = {each.name for each in everything if each.resource_type == REPOSITORY}
    planned = [each for each in new.resources.values() if each.resource_type == CREATION_TEMPLATE]
    removed = [each for each in old.resources.values() if each.key not in new.resources]
    changed = ResourcesByIdentity((*planned, *removed))
    lasting = [
        each
        for each in live.resources.values()
        if each.resource_type == CREATION_TEMPLATE and changed.first_same(each) is None
    ]
    for repository in live.resources.values():
        if repository.resource_type == REPOSITORY and repository.name and repository.name not in declared:
            template = covering_template(repository.name, [*planned, *lasting])
            differences = dict(_differences(template, repository)) if template else {}
            if template and differences:
                yield _drifted(repository, template, differences)


def _drifted(repository: Resource, template: Resource, differences: Mapping[str, str]) -> Change:
    # "Repository creation templates ... don't change existing repositories":
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
    sentence = (
        f"it differs from the creation template {template.name} in {', '.join(differences)}; a template applies to "
        "repositories that ECR creates later"
    )
    remedy = f"run {'; '.join(differences.values())}, or declare it as HardenedRepository and import it"
    return Change.of("template-drift", repository, sentence, remedy)


def _differences(template: Resource, repository: Resource) -> Iterator[tuple[str, str]]:
    """Yield each setting that differs, with the command that aligns it."""
    name = shlex.quote(repository.name or "")
    wanted = immutability_of_resource(template)
    if wanted is not None and wanted != immutability_of_resource(repository):
        filters = [{"filterType": "WILDCARD", "filter": each} for each in wanted.filters]
        more = f" --image-tag-mutability-exclusion-filters {shlex.quote(json.dumps(filters))}" if filters else ""
        command = (
            f"aws ecr put-image-tag-mutability --repository-name {name} --image-tag-mutability {wanted.mode}{more}"
        )
        yield "tag immutability", command
    yield from _lifecycle_difference(template, repository, name)
    yield from _policy_difference(template, repository, name)
    if _encryption_differs(template, repository):
        yield "encryption", f"nothing for the encryption of {name}, which is fixed at creation"


def _lifecycle_difference(template: Resource, repository: Resource, name: str) -> Iterator[tuple[str, str]]:
    policies = [lifecycle_policy_of(lifecycle_text(each)) for each in (template, repository)]
    if policies[0] is None or policies[0] == policies[1]:
        return
    if not policies[0].rules:
        yield "lifecycle policy", f"aws ecr delete-lifecycle-policy --repository-name {name}"
    else:
        text = shlex.quote(policies[0].to_json())
        command = f"aws ecr put-lifecycle-policy --repository-name {name} --lifecycle-policy-text {text}"
        yield "lifecycle policy", command


def _policy_difference(template: Resource, repository: Resource, name: str) -> Iterator[tuple[str, str]]:
    wanted = template.properties.get("RepositoryPolicy")
    declared = statements_of_policy(wanted)
    deployed = statements_of_policy(repository.properties.get("RepositoryPolicyText"))
    if wanted is not None and not all(covers(deployed, each) for each in declared):
        text = shlex.quote(json.dumps(object_of(wanted)))
        yield "repository policy", f"aws ecr set-repository-policy --repository-name {name} --policy-text {text}"


def _encryption_differs(template: Resource, repository: Resource) -> bool:
    wanted, deployed = (object_of(each.properties.get("EncryptionConfiguration")) for each in (template, repository))
    if wanted.get("EncryptionType", "AES256") != deployed.get("EncryptionType", "AES256"):
        return True
    # Without a customer managed key, the account has the ARN of the AWS managed key.
    key = wanted.get("KmsKey")
    return isinstance(key, str) and key != deployed.get("KmsKey")
