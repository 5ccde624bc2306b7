"""
The operations on the key of a repository, and the callers that the policy of a shared key allows them.

The table is written from AWS's documentation:
https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html and
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.permissions.documents import REGION
from tests.permissions.matrix import table

# ECR calls KMS on behalf of the principal that creates a repository.
THROUGH_ECR = {"kms:ViaService": f"ecr.{REGION}.amazonaws.com", "kms:GrantIsForAWSResource": "true"}
DIRECTLY = {"kms:GrantIsForAWSResource": "false"}

# Each operation with its actions, and the values of condition keys.
OPERATIONS: Mapping[str, tuple[Sequence[str], Mapping[str, str]]] = {
    "create a repository": (("kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"), THROUGH_ECR),
    "create a grant": (("kms:CreateGrant",), DIRECTLY),
    "decrypt": (("kms:Decrypt",), DIRECTLY),
    "administer": (("kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"), DIRECTLY),
}
# Only grants for resources of AWS services can be created, also by principals with all permissions of KMS.
MATRIX = """\
administrator: administer
user: create a repository
role with kms:*: create a repository, decrypt, administer
role of the creation template: create a repository
role that pulls and pushes: nothing
role of another account with kms:*: nothing
"""


def keys_table() -> str:
    """Return the table for the documentation."""
    lines = [tuple(line.split(": ")) for line in MATRIX.splitlines()]
    return table(("caller", "allows"), lines)
