"""
The permission matrix: for each intent the callers that it is for, and the operations that it allows them.

The table is written from AWS's documentation. Every other caller and every other operation is refused.
`test_matrix.py` compares it with the policies, and docs/access.md contains it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.permissions.operations import DESCRIPTIONS, OPERATIONS

# `account` is one other account, and `named role` one of its roles. The permission to log in comes from the policies of
# the caller: it is in the table if the library adds it to the role of a grant.
MATRIX = """
repository.grant_pull(role)
    the role: log in, pull, check a layer, list referrers
repository.grant_push(role)
    the role: log in, check a layer, list referrers, push, push an image index, re-tag
repository.grant_pull_push(role)
    the role: log in, pull, check a layer, list referrers, push, push an image index, re-tag
repository.grant_read(role)
    the role: read metadata
HardenedRepository.from_repository_name(...).grant_push(role)
    the role: log in, check a layer, list referrers, push, push an image index, re-tag
repository.grant(role, "ecr:BatchDeleteImage")
    the role: delete images
template.grant_pull(role)
    the role: log in, pull, check a layer, list referrers
template.grant_push(role)
    the role: log in, check a layer, list referrers, push, push an image index, re-tag
template.grant_push(role, create=True)
    the role: log in, check a layer, list referrers, push, push an image index, re-tag, push to a new repository
cache.grant_pull(role)
    the role: log in, pull, check a layer, list referrers, first pull
replica.grant_pull(role)
    the role: log in, pull, check a layer, list referrers
    named role, account role: replicate
Publisher(repositories=[repository])
    the role: log in, check a layer, list referrers, push, push an image index, re-tag
Publisher(repositories=[ecr.Repository])
    the role: log in, check a layer, list referrers, push, push an image index, re-tag
Publisher(repositories=[Namespace("teams")], create_repositories=True)
    the role: log in, check a layer, list referrers, push, push an image index, re-tag, sign, push to a new repository
Promotion, source
    the role: log in, pull, check a layer, list referrers, sign
Promotion, target
    the role: log in, check a layer, list referrers, push, push an image index, re-tag, sign
Access.organization_pull(organization)
    unit role, organization role: pull, check a layer, list referrers
Access.organizational_unit_pull(unit)
    unit role: pull, check a layer, list referrers
Access.account_pull(account)
    named role, account role: pull, check a layer, list referrers
Access.account_push(account)
    named role, account role: check a layer, list referrers, push, push an image index, re-tag
Access.role_pull(named role)
    named role: pull, check a layer, list referrers
Access.role_push(named role)
    named role: check a layer, list referrers, push, push an image index, re-tag
Access.lambda_pull(account)
    named role, account role, Lambda: pull, list referrers
Access.cache_pull(account)
    named role, account role: pull, list referrers, import
Access.account_pull(account), role_push(named role) and lambda_pull(third account)
    named role: pull, check a layer, list referrers, push, push an image index, re-tag
    account role: pull, check a layer, list referrers
    outside role, Lambda elsewhere: pull, list referrers
CreationTemplate(settings=) with Access.organization_pull
    unit role, organization role: pull, check a layer, list referrers
repository.grant_pull(AccountPrincipal)
    named role, account role: pull, check a layer, list referrers
repository.grant_pull(ArnPrincipal of a role)
    named role: pull, check a layer, list referrers
repository.grant_pull(OrganizationPrincipal)
    unit role, organization role: pull, check a layer, list referrers
repository.grant_pull(ServicePrincipal of CodeBuild with aws:SourceAccount)
    CodeBuild: pull, check a layer, list referrers
PullThroughCache(consumers=) with Access.account_pull
    named role, account role: pull, check a layer, list referrers, first pull
PullThroughCache(consumers=) with Access.role_pull
    named role: pull, check a layer, list referrers, first pull
PullThroughCache(consumers=) with Access.organization_pull
    unit role, organization role: pull, check a layer, list referrers, first pull
registry.accept_replication_from(account)
    named role, account role: replicate
registry.accept_cache_consumer(Access.account_pull(account))
    named role, account role: the action ecr:BatchImportUpstreamImage, the action ecr:CreateRepository
registry.accept_caches_of(account)
    named role, account role: pull, list referrers, import
registry.accept_replication_from(...), two accounts, the first
    named role, account role: replicate
registry.accept_replication_from(...), two accounts, the second
    outside role: replicate
DockerImageFunction(code=image.for_lambda())
    Lambda of the account: pull, check a layer, list referrers
ContainerDefinition(image=image.for_ecs())
    the role: log in, pull, check a layer, list referrers
LinuxBuildImage.from_ecr_repository(repository)
    the role: log in, pull, check a layer, list referrers
HardenedRepository without access
"""


class Row(NamedTuple):
    """The operations that an intent allows some callers."""

    intent: str
    callers: Sequence[str]
    allows: Sequence[str]


def rows(matrix: str) -> Iterator[Row]:
    """Yield the rows of a matrix; one without callers for an intent that allows nothing. A `,` continues a line."""
    intent, has_rows = "", True
    for line in [*matrix.replace(",\n        ", ", ").strip().splitlines(), ""]:
        if not line.startswith(" "):
            if not has_rows:
                yield Row(intent, [], [])
            intent, has_rows = line, False
            continue
        callers, _, allows = line.strip().partition(": ")
        has_rows = True
        yield Row(intent, callers.split(", "), allows.split(", "))


def operations_table() -> str:
    """Return the operations and their actions as a table for the documentation."""
    lines = [(name, DESCRIPTIONS[name], [f"`{action}`" for action in actions]) for name, actions in OPERATIONS.items()]
    return table(("operation", "description", "actions"), lines)


def matrix_table() -> str:
    """Return the matrix as a table for the documentation."""
    lines = [(permission(each.intent), each.callers or "none", each.allows or "nothing") for each in rows(MATRIX)]
    return table(("permission", "callers", "allows"), lines)


def permission(text: str) -> str:
    """Return code as code, and a description as it is."""
    return f"`{text}`" if "(" in text else text


def table(head: Sequence[str], lines: Sequence[Sequence[str | Sequence[str]]]) -> str:
    """
    Return a table in Markdown.

    Args:
        head: The titles of the columns.
        lines: The cells of each line. A list is joined with commas.

    """
    cells = [[each if isinstance(each, str) else ", ".join(each) for each in line] for line in lines]
    return "\n".join(["", *(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *cells]), ""])
