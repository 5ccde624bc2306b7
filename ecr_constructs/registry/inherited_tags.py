"""
The tags of `Tags.of(scope)`, which ECR does not add to the repositories that it creates.

A creation template is not a resource with tags in CloudFormation, so the CDK does not add tags to it. ECR adds the tags
of its property `ResourceTags`:
https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import aws_cdk as cdk
import jsii
from constructs import Construct, IConstruct, IValidation

from ecr_constructs._cdk.annotations import annotations_of

__all__ = ["note_inherited_tags_at_synth"]

# A tag that is limited to other types, or that excludes one of these, is not for the repositories.
_TYPES = frozenset(("AWS::ECR::Repository", "AWS::ECR::RepositoryCreationTemplate"))


def note_inherited_tags_at_synth(template: Construct, scopes: Collection[IConstruct], tagged: Collection[str]) -> None:
    """
    Add an info to a creation template when the app synthesizes, if a scope has tags that the template does not have.

    Args:
        template: The template.
        scopes: The scopes of the template, from the root.
        tagged: The keys of its resource tags.

    """
    template.node.add_validation(_InheritedTags(template, scopes, tagged))


@jsii.implements(IValidation)
class _InheritedTags:
    """A validation that adds the info to one template. Tags can be added to a scope until the app synthesizes."""

    def __init__(self, template: Construct, scopes: Collection[IConstruct], tagged: Collection[str]) -> None:
        self._template = template
        self._scopes = (*scopes, template)
        self._tagged = tagged

    def validate(self) -> list[str]:
        """Add the info, and return no problem."""
        keys: dict[str, None] = {}
        for tag in self._tags():
            if isinstance(tag, cdk.RemoveTag):
                keys.pop(tag.key, None)
            else:
                keys[tag.key] = None
        if missing := [each for each in keys if each not in self._tagged]:
            annotations_of(self._template).add_info_v2("ecr-constructs:inheritedTagsAreNotUsed", _warning_text(missing))
        return []

    def _tags(self) -> Iterator[cdk.Tag | cdk.RemoveTag]:
        for scope in self._scopes:
            for aspect in cdk.Aspects.of(scope).all:
                if isinstance(aspect, (cdk.Tag, cdk.RemoveTag)) and _is_for_repositories(aspect):
                    yield aspect


def _is_for_repositories(tag: cdk.Tag | cdk.RemoveTag) -> bool:
    limits = tag._props  # noqa: SLF001  (the CDK has it for subclasses only)
    included, excluded = limits.include_resource_types or (), limits.exclude_resource_types or ()
    return not _TYPES & set(excluded) and (not included or bool(_TYPES & set(included)))


def _warning_text(keys: list[str]) -> str:
    shown = ", ".join(map(repr, keys))
    return (
        f"Tags.of(...) adds {shown} to the resources of the app, and not to the repositories that ECR creates with "
        f"this template; use settings=CREATED.but(resource_tags={{{keys[0]!r}: ...}})"
    )
