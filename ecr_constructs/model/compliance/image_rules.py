"""The rules about references to images in task definitions, functions and other workloads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from ecr_constructs.model.compliance.resources import AppResources, TemplateResource
from ecr_constructs.model.compliance.rule import Breach, compliance_rule
from ecr_constructs.model.compliance.workload_images import WORKLOADS, images_of
from ecr_constructs.model.iam.values import UNKNOWN, value_label
from ecr_constructs.model.names import ROOT
from ecr_constructs.model.template_syntax import mapping
from ecr_constructs.model.validation import IMAGE_DIGEST, IMAGE_TAG

__all__ = ["cached_image_by_digest", "image_reference_valid"]

# `<account>.dkr.ecr.<region>.<suffix>/`, in which any part can be known only at deployment.
_ECR_IMAGE = re.compile(
    r"(?P<account>[0-9]{12}|\0)\.dkr\.ecr\.(?P<region>[a-z0-9-]+|\0)\.[^/]+/(?P<path>.+)", re.DOTALL
)
_DIGEST = re.compile(r"digest", re.IGNORECASE)
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
_DYNAMIC_REFERENCE = re.compile(r"\{\{resolve:[^}]*\}\}")
# The attributes of a parameter that show that its value is a digest. A pattern with alternatives can also match tags,
# and a description with the word "tag" can be about either. The default of a Systems Manager parameter is its name.
_OF_DIGESTS: Mapping[str, re.Pattern[str]] = {
    "AllowedPattern": re.compile(r"\^?\(?(\?:)?sha(256|512):[^|]*"),
    "Default": re.compile(r".*digest.*", re.IGNORECASE),
    "Description": re.compile(r"(?!.*\btags?\b).*\bdigests?\b.*", re.IGNORECASE | re.DOTALL),
}


# "Pull by digest": <name>@<digest>. https://github.com/opencontainers/distribution-spec/blob/main/spec.md
@compliance_rule(
    "image-reference-valid",
    types=WORKLOADS,
    requirement="A reference to an image has a tag after `:` or a digest after `@`.",
    remedy="Use `repository.repository_uri_for_digest(token)` for a digest. The CDK writes a token as a tag.",
)
def image_reference_valid(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield a breach for a reference to an image of ECR in which a digest, or a text that is not a tag, is the tag."""
    for image in images_of(resource):
        found = _ECR_IMAGE.fullmatch(_DYNAMIC_REFERENCE.sub(UNKNOWN, image.text))
        before, at, digest = (found["path"] if found else "").partition("@")
        name, colon, tag = before.partition(":")
        dynamic = _DYNAMIC_REFERENCE.findall(image.text)
        last = dynamic[-1] if dynamic and image.text.endswith(dynamic[-1]) else _last(image.value)
        reason = _tag_problem(tag, last, resource) if colon and name else None
        if at and UNKNOWN not in digest:
            reason = reason or next(iter(IMAGE_DIGEST.problems(digest)), None)
        if reason:
            yield Breach(f"the reference to an image is invalid: {reason}", image.location)


def _tag_problem(tag: str, last: object, resource: TemplateResource) -> str | None:
    """Return the reason why the text after the colon is not a tag, if the template shows it."""
    if tag.startswith(("sha256:", "sha512:")):
        return f"the digest {tag[:19]}... is written after ':' instead of '@'"
    if UNKNOWN not in tag:
        return next(iter(IMAGE_TAG.problems(tag)), None)
    # The name of a parameter, an attribute or a Systems Manager parameter is evidence of its value.
    if tag == UNKNOWN and _DIGEST.search(json.dumps(last)):
        return f"{value_label(last)} is a digest by its name, and is written after ':' instead of '@'"
    declared = mapping(resource.parameters.get(str(mapping(last).get("Ref"))))
    for name, pattern in _OF_DIGESTS.items():
        if tag == UNKNOWN and pattern.fullmatch(str(declared.get(name, ""))):
            return f"{value_label(last)} is a digest by its {name}, and is written after ':' instead of '@'"
    return None


def _last(value: object) -> object:
    """Return the last part of a join or of a text with substitutions."""
    if isinstance(value, dict) and isinstance(join := value.get("Fn::Join"), list) and isinstance(join[-1], list):
        return join[-1][-1] if join[-1] else None
    if isinstance(value, dict) and isinstance(text := value.get("Fn::Sub"), str):
        return {"Fn::Sub": text.rpartition(":")[2]}
    return None


# A first pull by digest fails for users of several upstreams: https://github.com/aws/containers-roadmap/issues/2837
# AWS does not document the behavior.
@compliance_rule(
    "cached-image-by-digest",
    types=WORKLOADS,
    requirement="An image of a pull-through cache is referenced by a tag.",
    remedy="Pull the image by its tag before the deployment, or use the tag.",
)
def cached_image_by_digest(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:
    """Yield a breach for an image under the prefix of a cache in the same app that is referenced by its digest."""
    for image in images_of(resource):
        found = _ECR_IMAGE.fullmatch(image.text)
        if found is None or "@" not in found["path"]:
            continue
        for cache in _caches(app, resource, found["account"], found["region"]):
            prefix = cache.properties.get("EcrRepositoryPrefix")
            if isinstance(prefix, str) and prefix != ROOT and found["path"].startswith(f"{prefix.rstrip('/')}/"):
                yield Breach(
                    f"the image {found['path'].partition('@')[0]!r} is of the cache {cache.label}, and is referenced "
                    "by its digest; the first pull of an image by its digest can fail",
                    image.location,
                )


def _caches(app: AppResources, resource: TemplateResource, account: str, region: str) -> tuple[TemplateResource, ...]:
    """Return the caches of the registry of an image. The registry of an unknown host is that of the resource."""
    if UNKNOWN in account or UNKNOWN in region:
        return app.beside(resource, "AWS::ECR::PullThroughCacheRule")
    there = app.in_environment(f"{account}/{region}")
    return tuple(each for each in there if each.type == "AWS::ECR::PullThroughCacheRule")
