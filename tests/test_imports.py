"""The import of the main constructs loads no module of an optional feature."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = "import ecr_constructs; [getattr(ecr_constructs, name) for name in {}]; import sys; print(*sys.modules)"
# One module of each feature that an app may not use.
OPTIONAL = {
    "ecr_constructs._cdk.event_rules",
    "ecr_constructs._cdk.pinned_digests",
    "ecr_constructs._cdk.policy_statements",
    "ecr_constructs._cdk.roles",
    "ecr_constructs.assembly",
    "ecr_constructs.model.compliance",
    "ecr_constructs.model.events",
    "ecr_constructs.model.iam.policies",
    "ecr_constructs.model.images",
    "ecr_constructs.model.lifecycle.evaluation",
    "ecr_constructs.model.lifecycle.findings",
    "ecr_constructs.registry.creation_template",
    "ecr_constructs.registry.registry_policy",
    "ecr_constructs.repository.imported_repository",
    "ecr_constructs.repository.settings_check",
}


def loaded_by(*names: str) -> set[str]:
    """Return the modules that are loaded after the use of public names in a new interpreter."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(names)], capture_output=True, text=True, check=True, timeout=60
    )
    return set(ended.stdout.split())


def test_the_main_constructs_load_no_module_of_an_optional_feature() -> None:
    loaded = loaded_by("HardenedRepository", "PrivateRegistry", "PullThroughCache")

    assert "ecr_constructs.repository.hardened_repository" in loaded
    assert not loaded & OPTIONAL


@pytest.mark.parametrize("name", sorted(OPTIONAL))
def test_each_optional_module_exists(name: str) -> None:
    assert __import__(name, fromlist=["__name__"]).__name__ == name
