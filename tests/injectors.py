"""A property injector that replaces arguments of constructors, as an organization can register one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr


@jsii.implements(cdk.IPropertyInjector)
class Overruling:
    """Replace properties of the constructor. The names are those of JavaScript."""

    def __init__(self, properties: Mapping[str, Any], *, construct: str = ecr.Repository.PROPERTY_INJECTION_ID) -> None:
        self._properties = properties
        self._construct = construct
        self.seen = 0

    @property
    def construct_unique_id(self) -> str:
        return self._construct

    def inject(self, original_props: Any, *, id: str, scope: Any) -> Any:  # noqa: ARG002  (the protocol has them)
        self.seen += 1
        return {**(original_props or {}), **self._properties}
