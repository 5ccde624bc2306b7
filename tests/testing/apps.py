"""Templates for the assertions about stacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

OWN = "111122223333"
OTHER = "444455556666"


def message_of(assertion: Callable[[], None]) -> list[str]:
    """Return the lines of the message of a failed assertion."""
    with pytest.raises(AssertionError) as caught:
        assertion()
    return str(caught.value).splitlines()


def repository(name: Any = "prod/api", **properties: Any) -> dict[str, Any]:
    named = {} if name is None else {"RepositoryName": name}
    return {"Type": "AWS::ECR::Repository", "Properties": {**named, **properties}}


def template(**resources: Any) -> dict[str, Any]:
    return {"Resources": resources}
