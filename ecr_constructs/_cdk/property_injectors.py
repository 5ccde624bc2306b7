"""
Property injectors of the CDK: their detection, and the restoration of the properties that they change.

The decision 'Property injectors do not override settings' has the reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import aws_cdk as cdk
from constructs import Construct, IConstruct

from ecr_constructs.errors import EcrConstructsError

__all__ = ["is_injected", "reapply", "typed_refusal"]


def is_injected(scope: IConstruct, class_id: Callable[[], str]) -> bool:
    """
    Return whether a property injector is registered for the constructs of a class in a scope.

    The result is not cached, because an injector can be registered at any time.

    Args:
        scope: The scope in which a construct is created.
        class_id: Returns the `PROPERTY_INJECTION_ID` of the class. A read of this id loads the module of the class in
            JavaScript, so the function is called only if the scope has injectors.

    """
    return any(
        cdk.PropertyInjectors.has_property_injectors(each) and cdk.PropertyInjectors.of(each).for_(class_id())
        for each in scope.node.scopes
    )


@contextmanager
def typed_refusal(
    scope: IConstruct, class_id: Callable[[], str], error: type[EcrConstructsError], *, path: str
) -> Iterator[None]:
    """
    Raise a typed error if the CDK rejects the properties of an injector.

    Args:
        scope: The scope in which a construct is created.
        class_id: Returns the `PROPERTY_INJECTION_ID` of the class. A read of this id loads the module of the class in
            JavaScript, so the function is called only if the scope has injectors.
        error: The type of the error.
        path: The construct path in the error.

    """
    try:
        yield
    except RuntimeError as rejected:
        if not is_injected(scope, class_id):
            raise
        text = str(rejected).removeprefix("Error: ").split("\n")[0]
        problem = (
            f"a property injector for {class_id()} makes the CDK raise an error: {text}; "
            f"exclude {path} from the injector"
        )
        raise error([problem], path=path) from rejected


def reapply(owner: Construct, resource: cdk.CfnResource, properties: Mapping[str, object], *, reason: str) -> None:
    """
    Restore the properties that an injector changed, and add a warning that names them.

    Args:
        owner: The construct that the warning is added to.
        resource: The resource, which no injector receives.
        properties: The properties, by their names in Python, including `removal_policy`.
        reason: The reason why the properties are needed.

    """
    changed = [name for name, value in properties.items() if not _has(resource, name, value)]
    for name in changed:
        value = properties[name]
        if isinstance(value, cdk.RemovalPolicy):
            resource.apply_removal_policy(value)
        else:
            setattr(resource, name, value)
    if changed:
        cdk.Annotations.of(owner).add_warning_v2(
            "ecr-constructs:injectedPropertyIsNotUsed",
            f"a property injector changes {', '.join(changed)} of {resource.node.path}, which is not used: {reason}; "
            f"exclude {resource.node.path.removesuffix('/Resource')} from the injector",
        )


def _has(resource: cdk.CfnResource, name: str, value: object) -> bool:
    if isinstance(value, cdk.RemovalPolicy):
        options = resource.cfn_options
        policies = (options.deletion_policy, options.update_replace_policy)
        return all(policy is not None and policy.name == value.name for policy in policies)
    return bool(resource.stack.resolve(getattr(resource, name)) == resource.stack.resolve(value))
