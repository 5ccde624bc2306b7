"""
The container images that the resources of an app use, with their repositories in the app.

The value of an image is evaluated with the data of the templates: functions such as `Fn::Join`, references to
repositories of the same stack, of nested stacks and of other stacks (`Fn::ImportValue`), and defaults of parameters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecr_constructs.assembly.template_values import TemplateValues
from ecr_constructs.errors import InvalidName
from ecr_constructs.model.compliance.resources import AppResources, TemplateResource, is_intrinsic
from ecr_constructs.model.compliance.workload_images import IMAGE_PROPERTIES, values_at
from ecr_constructs.model.names import ROOT
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.references import ImageReference
from ecr_constructs.model.template_syntax import NO_VALUE, SUBSTITUTION, mapping

__all__ = ["IMAGE_PROPERTIES", "IMAGE_TYPES", "UNKNOWN", "AppImages", "ImageUse", "is_content_addressed"]

# Custom resources of the CDK for Amazon EKS, whose properties are JSON.
_HELM_CHART = "Custom::AWSCDK-EKS-HelmChart"
_JSON_PROPERTIES: Mapping[str, Sequence[str]] = {
    "Custom::AWSCDK-EKS-KubernetesResource": ["Manifest"],
    "Custom::AWSCDK-EKS-KubernetesPatch": ["ApplyPatchJson", "RestorePatchJson"],
    _HELM_CHART: ["Values"],
}
IMAGE_TYPES = (*IMAGE_PROPERTIES, *_JSON_PROPERTIES)

_REPOSITORY, _TEMPLATE = "AWS::ECR::Repository", "AWS::ECR::RepositoryCreationTemplate"
_STACK = "AWS::CloudFormation::Stack"
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_DYNAMIC_REFERENCE = re.compile(r"\{\{resolve:[^}]*\}\}")
# The images that AWS CodeBuild manages have no registry, and cannot be given by a digest:
# https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-available.html
_CODEBUILD_IMAGE = re.compile(r"aws/codebuild/[a-z0-9._-]+:[\w.-]+")
# The repository of image assets that `cdk bootstrap` creates, and a tag that is the hash of the asset.
_ASSET_REPOSITORY = re.compile(r"cdk-[a-z0-9]+-container-assets-.+")
_ASSET_TAG = re.compile(r"(.*[^0-9a-f])?[0-9a-f]{64}")
# The text for a value that is known only at deployment. Names, tags and hosts can contain it.
UNKNOWN = "known-at-deployment"
# The account and Region of a stack without an environment.
_NO_ACCOUNT, _NO_REGION = "000000000000", "xx-unknown-0"
# Exports and parameters that refer to each other.
_MAXIMUM_DEPTH = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageUse:
    """
    An image that a resource uses.

    Attributes:
        location: The property, such as `Properties/ContainerDefinitions/0/Image`.
        reference: The image. None if it is known only at deployment, or is not a reference. An account, a name or a tag
            that is known only at deployment contains `UNKNOWN`.
        text: The text of the reference.
        repositories: The repositories of the app that the image can be in, and the creation templates with which ECR
            creates its repository. Default: none, for an image of another registry.

    """

    location: str
    reference: ImageReference | None
    text: str
    repositories: tuple[TemplateResource, ...] = ()

    @property
    def is_unnamed(self) -> bool:
        """Whether CloudFormation generates the name of the repository."""
        return self.reference is not None and self.reference.repository.startswith(_UNNAMED)

    @property
    def place(self) -> tuple[str | None, str | None]:
        """The account and the Region of the registry, each None if it is known only at deployment."""
        host = None if self.reference is None else self.reference.ecr_registry
        if host is None:
            return None, None
        return (
            None if host.account == _NO_ACCOUNT else host.account,
            None if host.region in (_NO_REGION, UNKNOWN) else host.region,
        )

    @property
    def shown(self) -> str:
        """The reference, with the construct path instead of a name that CloudFormation generates."""
        if self.reference is None:
            return self.text
        if self.is_unnamed and self.repositories:
            name = self.repositories[0].label.removesuffix("/Resource")
        else:
            name = self.reference.repository
        tag = f":{self.reference.tag}" if self.reference.tag else ""
        is_public = self.reference.registry is not None and self.reference.ecr_registry is None
        return f"{self.reference.registry}/{name}{tag}" if is_public else f"{name}{tag}"


_UNNAMED = "unnamed-repository-"
_Reader = Callable[[object], Iterator[str]]


class AppImages:
    """
    The images that the resources of an app use.

    Args:
        app: The resources of the app, with their templates.

    """

    def __init__(self, app: AppResources) -> None:
        """Index the repositories, the exports and the nested stacks."""
        self._app = app
        self._resources = {(each.template_path, each.logical_id): each for each in app.all}
        repositories = [each for each in app.all if each.type == _REPOSITORY]
        self._named: dict[str, list[TemplateResource]] = {}
        for each in repositories:
            self._named.setdefault(each.name or "", []).append(each)
        unnamed = [each for each in repositories if not each.name]
        self._unnamed = {f"{_UNNAMED}{number}": each for number, each in enumerate(unnamed)}
        self._names = {id(each): name for name, each in self._unnamed.items()}
        self._templates = [
            (each, prefix)
            for each in app.all
            if each.type == _TEMPLATE and isinstance(prefix := each.properties.get("Prefix"), str)
        ]
        self._nested = {
            (f"{each.stack}/{each.logical_id}", each.environment): each for each in app.all if each.type == _STACK
        }
        self._exports: dict[str, list[tuple[_Place, object]]] = {}
        self._places = {each.template_path: _Place.of(each) for each in app.all}
        for path, place in self._places.items():
            for output in mapping(app.templates.get(path, {}).get("Outputs")).values():
                name = self.text(mapping(mapping(output).get("Export")).get("Name"), place)
                if name is not None:
                    self._exports.setdefault(name, []).append((place, mapping(output).get("Value")))
        self._found: dict[int, tuple[ImageUse, ...]] = {}

    def uses(self, resource: TemplateResource) -> tuple[ImageUse, ...]:
        """
        Return the images that a resource uses. An image that depends on a condition is one for each outcome.

        Args:
            resource: A resource of the app.

        """
        if id(resource) not in self._found:
            self._found[id(resource)] = tuple(
                {(each.location, each.text): each for each in self._uses(resource)}.values()
            )
        return self._found[id(resource)]

    def text(self, value: object, place: _Place) -> str | None:
        """Return a text of a template if it has one value. Parts of it can be `UNKNOWN`."""
        texts = set(self._texts(value, place))
        return texts.pop() if len(texts) == 1 else None

    # --- uses ---

    def _uses(self, resource: TemplateResource) -> Iterator[ImageUse]:
        place = _Place.of(resource)
        for location, value in _images_of(resource):
            for text in self._texts(value, place):
                if resource.type in _JSON_PROPERTIES:
                    images = _chart_images if resource.type == _HELM_CHART else _manifest_images
                    yield from self._of_json(text, location, images)
                elif text is None or text == UNKNOWN:
                    yield ImageUse(location=location, reference=None, text="an image that is known only at deployment")
                else:
                    yield self._use(text, location)

    def _of_json(self, text: str | None, location: str, images: _Reader) -> Iterator[ImageUse]:
        try:
            document = json.loads(text or "")
        except (ValueError, RecursionError):
            yield ImageUse(location=location, reference=None, text="a manifest that is known only at deployment")
            return
        for image in dict.fromkeys(images(document)):
            yield self._use(image, location)

    def _use(self, text: str, location: str) -> ImageUse:
        try:
            reference = ImageReference.parse(text)
        except InvalidName:
            return ImageUse(location=location, reference=None, text=repr(text))
        return ImageUse(location=location, reference=reference, text=text, repositories=self._of_app(reference))

    def _of_app(self, reference: ImageReference) -> tuple[TemplateResource, ...]:
        """Return the repositories of the app that a reference can be in."""
        name = reference.repository
        if name in self._unnamed:
            return (self._unnamed[name],)
        registry = reference.ecr_registry
        if registry is None or UNKNOWN in name:
            return ()
        there = (registry.account, registry.region)
        found = tuple(each for each in self._named.get(name, ()) if _is_same(there, _Place.of(each).environment))
        return found or self._templates_for(name, there)

    def _templates_for(self, name: str, there: tuple[str, str]) -> tuple[TemplateResource, ...]:
        """Return the creation templates with the longest prefix of a name: ECR creates the repository with it."""
        prefixes: dict[str, list[TemplateResource]] = {}
        for each, prefix in self._templates:
            start = "" if prefix == ROOT else f"{prefix.rstrip('/')}/"
            if name.startswith(start) and _is_same(there, _Place.of(each).environment):
                prefixes.setdefault(start, []).append(each)
        return tuple(prefixes[max(prefixes, key=len)]) if prefixes else ()

    # --- values ---

    def _texts(self, value: object, place: _Place, depth: int = 0) -> Iterator[str | None]:
        """Yield the text of a value under each combination of conditions. None if CloudFormation computes it."""
        if isinstance(value, str) and not _DYNAMIC_REFERENCE.search(value):
            yield value
            return
        written = self._substituted(value, place, depth)
        template = self._app.templates.get(place.template_path, {})
        for outcome in TemplateValues(template).outcomes({"Value": written}):
            text = outcome.properties.get("Value")
            if "Value" in outcome.unknown:
                yield None
            elif isinstance(text, (str, int, float)):
                yield str(text)

    def _substituted(self, value: object, place: _Place, depth: int) -> object:
        """Return a value with texts instead of references to resources and of values from other templates."""
        if depth > _MAXIMUM_DEPTH:
            return UNKNOWN
        if isinstance(value, str):
            return _DYNAMIC_REFERENCE.sub(UNKNOWN, value)
        if isinstance(value, list):
            return [self._substituted(each, place, depth + 1) for each in value]
        if isinstance(value, Mapping) and value != NO_VALUE:
            if is_intrinsic(value):
                ((name, argument),) = value.items()
                return self._call(name, argument, place, depth)
            return {key: self._substituted(each, place, depth + 1) for key, each in value.items()}
        return value

    def _call(self, name: str, argument: object, place: _Place, depth: int) -> object:
        """Return the text of a function that refers to a resource, an export or a parameter."""
        if name in _KEPT:
            return {name: self._substituted(argument, place, depth + 1)}
        functions = {
            "Ref": self._referred,
            "Fn::GetAtt": self._get_attribute,
            "Fn::GetStackOutput": self._stack_output,
            "Fn::ImportValue": self._imported,
            "Fn::Sub": self._sub,
        }
        return functions[name](argument, place, depth) if name in functions else UNKNOWN

    def _get_attribute(self, argument: object, place: _Place, depth: int) -> object:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(each, str) for each in parts):  # noqa: PLR2004  (resource and attribute)
            return UNKNOWN
        return self._attribute(parts[0], parts[1], place, depth)

    def _referred(self, argument: object, place: _Place, depth: int) -> object:
        name = str(argument)
        if name in place.pseudo_parameters:
            return place.pseudo_parameters[name]
        resource = self._resources.get((place.template_path, name))
        if resource is not None:
            return self._name_of(resource) if resource.type == _REPOSITORY else UNKNOWN
        declared = mapping(self._app.templates.get(place.template_path, {}).get("Parameters")).get(name)
        if (nested := self._nested.get((place.stack, place.written_environment))) is not None:
            given = mapping(nested.properties.get("Parameters")).get(name)
            if given is not None:
                return self._elsewhere(given, _Place.of(nested), depth)
        kind = str(mapping(declared).get("Type", ""))
        return {"Ref": name} if "Default" in mapping(declared) and not kind.startswith("AWS::SSM::") else UNKNOWN

    def _attribute(self, name: str, attribute: str, place: _Place, depth: int) -> object:
        resource = self._resources.get((place.template_path, name))
        if resource is None:
            return UNKNOWN
        if resource.type == _REPOSITORY and attribute in ("Arn", "RepositoryUri"):
            account, region = place.environment
            partition = partition_of(region)
            if attribute == "Arn":
                return f"arn:{partition.name}:ecr:{region}:{account}:repository/{self._name_of(resource)}"
            return f"{account}.dkr.ecr.{region}.{partition.dns_suffix}/{self._name_of(resource)}"
        if resource.type == _STACK and attribute.startswith("Outputs."):
            for path, inner in self._places.items():
                if inner.stack == f"{place.stack}/{name}" and inner.environment == place.environment:
                    outputs = mapping(self._app.templates.get(path, {}).get("Outputs"))
                    value = mapping(outputs.get(attribute.removeprefix("Outputs."))).get("Value")
                    return self._elsewhere(value, inner, depth)
        return UNKNOWN

    def _stack_output(self, argument: object, place: _Place, depth: int) -> str:
        """Return an output of another stack, which the CDK renders for a weak reference."""
        stack = next(self._texts(mapping(argument).get("StackName"), place, depth + 1), None)
        name = str(mapping(argument).get("OutputName"))
        found = {
            self._elsewhere(mapping(outputs[name]).get("Value"), there, depth)
            for path, there in self._places.items()
            if there.stack == stack and name in (outputs := mapping(self._app.templates.get(path, {}).get("Outputs")))
        }
        return found.pop() if len(found) == 1 else UNKNOWN

    def _imported(self, argument: object, place: _Place, depth: int) -> str:
        name = next(self._texts(argument, place, depth + 1), None)
        exports = self._exports.get(name or "", [])
        same = [each for each in exports if each[0].environment == place.environment]
        found = {self._elsewhere(value, there, depth) for there, value in same or exports}
        return found.pop() if len(found) == 1 else UNKNOWN

    def _elsewhere(self, value: object, place: _Place, depth: int) -> str:
        """Return the text of a value of another template."""
        texts = set(self._texts(value, place, depth + 1))
        return (texts.pop() if len(texts) == 1 else None) or UNKNOWN

    def _sub(self, argument: object, place: _Place, depth: int) -> object:
        template, variables = argument if isinstance(argument, list) and len(argument) > 1 else (argument, {})
        if not isinstance(template, str):
            return UNKNOWN
        given = mapping(variables)
        # The names of variables cannot have a dot or a colon.
        found: dict[str, object] = {}
        for text in dict.fromkeys(SUBSTITUTION.findall(template)):
            name, dot, attribute = text.partition(".")
            if text in given:
                found[text] = self._substituted(given[text], place, depth + 1)
            elif dot:
                found[text] = self._attribute(name, attribute, place, depth)
            else:
                found[text] = self._referred(text, place, depth)
        parts: list[object] = []
        end = 0
        for match in SUBSTITUTION.finditer(template):
            parts += [_literal(template[end : match.start()]), found[match.group(1)]]
            end = match.end()
        return {"Fn::Join": ["", [*parts, _literal(template[end:])]]}

    def _name_of(self, repository: TemplateResource) -> str:
        return repository.name or self._names[id(repository)]


def _literal(text: str) -> str:
    """Return a part of the text of `Fn::Sub`, in which `${!Name}` is the literal text `${Name}`."""
    return text.replace("${!", "${")


# The functions that `TemplateValues` evaluates.
_KEPT = frozenset({"Fn::FindInMap", "Fn::If", "Fn::Join", "Fn::Length", "Fn::Select", "Fn::Split", "Fn::ToJsonString"})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """The template of a value, and its account and Region."""

    template_path: str
    stack: str
    environment: tuple[str, str]
    written_environment: str

    @classmethod
    def of(cls, resource: TemplateResource) -> _Place:
        """Return the template of a resource."""
        account, _, region = resource.environment.partition("/")
        return cls(
            template_path=resource.template_path,
            stack=resource.stack,
            environment=(account or _NO_ACCOUNT, region or _NO_REGION),
            written_environment=resource.environment,
        )

    @property
    def pseudo_parameters(self) -> Mapping[str, str]:
        """The pseudo parameters that are a part of an image."""
        account, region = self.environment
        partition = partition_of(region)
        return {
            "AWS::AccountId": account,
            "AWS::Region": region,
            "AWS::Partition": partition.name,
            "AWS::URLSuffix": partition.dns_suffix,
            "AWS::StackName": self.stack,
        }


def _is_same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Return whether two accounts and Regions can be the same."""
    unknown = {_NO_ACCOUNT, _NO_REGION, UNKNOWN}
    return all(a == b or a in unknown or b in unknown for a, b in zip(one, other, strict=True))


def _images_of(resource: TemplateResource) -> Iterator[tuple[str, object]]:
    """Yield the place and the value of each image of a resource."""
    for name in _JSON_PROPERTIES.get(resource.type, ()):
        if name in resource.properties:
            yield f"Properties/{name}", resource.properties[name]
    for path in IMAGE_PROPERTIES.get(resource.type, ()):
        yield from values_at(resource.properties, path.split("."), "Properties")


def _manifest_images(document: object) -> Iterator[str]:
    """Yield the images of the containers in manifests of Kubernetes."""
    if isinstance(document, list):
        for each in document:
            yield from _manifest_images(each)
    elif isinstance(document, Mapping):
        for key, value in document.items():
            if key in _CONTAINERS and isinstance(value, list):
                yield from (image for each in value if isinstance(image := mapping(each).get("image"), str))
            yield from _manifest_images(value)


def _chart_images(values: object) -> Iterator[str]:
    """
    Yield the images in the values of a Helm chart, by the convention of `helm create`.

    An image is a text with the key `image`, or an object with `repository`, and with `registry`, `tag` or `digest`. A
    chart without a tag in its values has a default tag, which is not known.
    """
    if isinstance(values, list):
        for each in values:
            yield from _chart_images(each)
    elif isinstance(values, Mapping):
        image = values.get("image")
        if isinstance(image, str):
            yield image
        elif isinstance(repository := mapping(image).get("repository"), str):
            given = mapping(image)
            registry = f"{given['registry']}/" if isinstance(given.get("registry"), str) and given["registry"] else ""
            tag = f":{given.get('tag') or UNKNOWN}"
            digest = f"@{given['digest']}" if given.get("digest") else ""
            yield f"{registry}{repository}{digest or tag}"
        for key, value in values.items():
            if key != "image":
                yield from _chart_images(value)


def is_content_addressed(reference: ImageReference) -> bool:
    """
    Return whether an image is an asset of the CDK, or is managed by AWS CodeBuild.

    The tag of an asset is the hash of its content. The repository of `cdk bootstrap` has immutable tags: its template
    version 33 has `ImageTagMutability: IMMUTABLE`.

    Args:
        reference: The image.

    """
    if _CODEBUILD_IMAGE.fullmatch(str(reference)):
        return True
    is_asset = _ASSET_REPOSITORY.fullmatch(reference.repository) and _ASSET_TAG.fullmatch(reference.tag or "")
    return reference.ecr_registry is not None and is_asset is not None
