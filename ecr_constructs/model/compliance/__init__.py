"""Compliance: a set of rules for the resources of templates, with the controls that require the same."""

from __future__ import annotations

from collections.abc import Mapping

from ecr_constructs.model.compliance import (
    contradiction_rules,
    control_rules,
    function_rules,
    image_rules,
    policy_rules,
    validity_rules,
)
from ecr_constructs.model.compliance.lifecycle_rules import FINDING_RULES, lifecycle_policy_valid
from ecr_constructs.model.compliance.rule import ComplianceRule

__all__ = ["RULES"]

# Every rule, by its ID.
RULES: Mapping[str, ComplianceRule] = {
    each.id: each
    for each in (
        *(
            each
            for module in (
                control_rules,
                policy_rules,
                contradiction_rules,
                function_rules,
                image_rules,
                validity_rules,
            )
            for each in vars(module).values()
            if isinstance(each, ComplianceRule)
        ),
        lifecycle_policy_valid,
        *FINDING_RULES,
    )
}
