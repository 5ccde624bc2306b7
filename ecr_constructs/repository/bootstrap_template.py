"""
The repository of image assets that `cdk bootstrap` creates, with the settings of this library.

https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-customizing.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from tempfile import TemporaryDirectory
from typing import Any

import aws_cdk as cdk

from ecr_constructs.errors import InvalidRepository, Problems
from ecr_constructs.model.iam.values import as_list
from ecr_constructs.model.template_syntax import mapping
from ecr_constructs.model.validation import abbreviate
from ecr_constructs.repository.encryption import Encryption
from ecr_constructs.repository.hardened_repository import HardenedRepository
from ecr_constructs.repository.settings import CREATED, RepositorySettings, expect_settings

__all__ = ["bootstrap_template"]

_REPOSITORY = "ContainerAssetsRepository"
_TYPE = "AWS::ECR::Repository"
# The properties that are deleted if the settings have no value for them.
_REPLACED = ("ImageTagMutabilityExclusionFilters", "LifecyclePolicy")
_NO_TEMPLATE = (
    "the template has no resource {!r} of type {}; give the output of 'cdk bootstrap --show-template --json', read "
    "with json.loads"
)
_ENCRYPTION = (
    "settings: encryption is {!r}, and another encryption replaces the repository of an environment that is "
    "bootstrapped by one without images; use .but(encryption=Encryption.aes256()), or is_new=True for a "
    "template that bootstraps new environments only"
)


def bootstrap_template(
    template: Mapping[str, Any], *, settings: RepositorySettings = CREATED, is_new: bool = False
) -> dict[str, Any]:
    """
    Return the bootstrap template of the CDK with settings for its repository of image assets.

    The result is the argument of `cdk bootstrap --template`. The name of the repository and the statements of its
    policy do not change. The statements of `access` are added. The CDK pushes each asset with its hash as the tag, so
    immutable tags reject no push. A lifecycle rule that deletes tagged images can delete an image that a deployed stack
    uses. Preview the rule with `ecr-constructs preview`, which reads the images in deployed templates as images in use.

    Creates: With `Encryption.shared_key()` one `AWS::KMS::Key` in the template.

    Args:
        template: The output of `cdk bootstrap --show-template --json`, read with `json.loads`. It is not changed.
        settings: The settings of the repository. Default: `CREATED`, which is `HARDENED` without its encryption.
        is_new: Whether the template bootstraps new environments only. It is required for another encryption than
            `Encryption.aes256()`, which replaces an existing repository. Default: no.

    Raises:
        InvalidRepository: With all problems.
        TypeError: If arguments are of the wrong kind. It lists all of them.

    >>> template = {"Resources": {"ContainerAssetsRepository": {"Type": "AWS::ECR::Repository", "Properties": {}}}}
    >>> bootstrap_template(template)["Resources"]["ContainerAssetsRepository"]["DeletionPolicy"]
    'Retain'

    """
    problems = Problems()
    problems.expect("template", template, Mapping, "json.loads(text)")
    problems.expect("is_new", is_new, bool, "")
    if expect_settings(problems, settings, "CREATED") and isinstance(template, Mapping):
        problems.extend(_template_problems(template, settings, is_new=is_new))
    problems.raise_if_any(InvalidRepository)
    found = deepcopy(dict(template))
    resources = _resources_of(settings)
    found["Resources"] |= {
        **resources,
        _REPOSITORY: _merged(found["Resources"][_REPOSITORY], resources[_REPOSITORY]),
    }
    return found


def _template_problems(template: Mapping[str, Any], settings: RepositorySettings, *, is_new: bool) -> Iterator[str]:
    repository = mapping(mapping(template.get("Resources")).get(_REPOSITORY))
    if repository.get("Type") != _TYPE:
        yield _NO_TEMPLATE.format(_REPOSITORY, _TYPE)
    written = mapping(mapping(repository.get("Properties")).get("RepositoryPolicyText")).get("Statement", [])
    if not isinstance(written, (list, Mapping)):
        yield f"the statements {abbreviate(written)} of the repository are not a list; give the template of the CDK"
    if settings.encryption != Encryption.aes256() and not is_new:
        yield _ENCRYPTION.format(settings.encryption)


def _resources_of(settings: RepositorySettings) -> dict[str, Any]:
    """Return the resources of a repository with settings, as this library renders them."""
    with TemporaryDirectory() as folder:
        app = cdk.App(outdir=folder, analytics_reporting=False, tree_metadata=False)
        stack = cdk.Stack(app, "Bootstrap", synthesizer=cdk.BootstraplessSynthesizer())
        repository = HardenedRepository(stack, _REPOSITORY, settings=settings)
        repository.resource.override_logical_id(_REPOSITORY)
        resources = app.synth().get_stack_by_name("Bootstrap").template["Resources"]
    return {name: {key: value for key, value in each.items() if key != "Metadata"} for name, each in resources.items()}


def _merged(before: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the resource of the CDK with the properties of the settings.

    It keeps its name, and has the statements of both.
    """
    kept = {name: each for name, each in mapping(before.get("Properties")).items() if name not in _REPLACED}
    properties = {**kept, **mapping(ours.get("Properties"))}
    theirs = mapping(mapping(before.get("Properties")).get("RepositoryPolicyText"))
    added = mapping(mapping(ours.get("Properties")).get("RepositoryPolicyText")).get("Statement", [])
    if theirs:
        properties["RepositoryPolicyText"] = {**theirs, "Statement": [*as_list(theirs.get("Statement", [])), *added]}
    return {**before, **ours, "Properties": properties}
