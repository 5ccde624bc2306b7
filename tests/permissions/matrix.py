"""
The permission matrix: for each intent the callers that it is for, and the operations that it allows them.

The table is written from AWS's documentation. Every other caller and every other operation is refused.
`test_matrix.py` compares it with the policies, and docs/access.md contains it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tests.permissions.operations import DESCRIPTIONS, OPERATIONS

# The intents that values of `Access` and grants have in common.
SHARED_INTENTS: Mapping[str, str] = {
    "pull": "pull, check a layer, list referrers",
    "push": "check a layer, list referrers, push, push an image index, re-tag",
    "read_metadata": "describe images, list images, describe the repository, read policies, read resource tags, "
    "read the signing status, read the replication status",
    "scan": "describe images, start a scan, read findings, read the scan frequency",
    "sign": "check a layer, list referrers, push, push an image index, re-tag, read the signing status",
    "administer": "describe images, list images, describe the repository, read policies, read resource tags, "
    "read the signing status, read the replication status, start a scan, read findings, read the scan frequency, "
    "delete images, archive, change settings, change the lifecycle policy, change the repository policy, "
    "change resource tags",
}
# A repository policy cannot allow these: they are in the policy of the role of a grant.
ADDED_BY_GRANTS: Mapping[str, str] = {"pull": "log in", "push": "log in", "sign": "log in, sign"}
# For each group of permissions, with `*` in the place of the intent, the callers and the intents.
GROUPS = """
Access.organization_*(organization)
    unit role, organization role: pull, push, read_metadata
Access.organizational_unit_*(unit)
    unit role: pull, push, read_metadata
Access.account_*(account)
    named role, account role: pull, push, read_metadata, scan, sign, administer
Access.role_*(named role)
    named role: pull, push, read_metadata, scan, sign, administer
repository.grant_*(role)
    the role: pull, push, read_metadata, scan, sign, administer
HardenedRepository.from_repository_name(...).grant_*(role)
    the role: pull, push, read_metadata, scan, sign, administer
template.grant_*(role)
    the role: pull, push, read_metadata, scan, sign, administer
cache.grant_*(role)
    the role: read_metadata, scan, administer
replica.grant_*(role)
    the role: pull, read_metadata, scan, administer
"""

# The other permissions. `account` is one other account, and `named role` one of its roles. The permission to log in
# comes from the policies of the caller: it is in the table if the library adds it to the role of a grant.
MATRIX = """
repository.grant_pull_push(role)
    the role: log in, pull, check a layer, list referrers, push, push an image index, re-tag
repository.grant_read(role)
    the role: describe images, describe the repository
repository.grant_scan(role, enhanced=True)
    the role: describe images, start a scan, read findings, read enhanced findings, read the scan frequency
repository.grant(role, "ecr:BatchDeleteImage")
    the role: delete images
template.grant_push(role, create=True)
    the role: log in, check a layer, list referrers, push, push an image index, re-tag, push to a new repository
cache.grant_pull(role)
    the role: log in, pull, check a layer, list referrers, first pull
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
Access.lambda_pull(account)
    named role, account role, Lambda: pull, list referrers
Access.codebuild_pull(account of the repository)
    CodeBuild of the account: pull, check a layer, list referrers
Access.app_runner_pull(named role)
    named role: pull, list referrers, describe images
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
PullThroughCache(consumers=) with Access.account_pull, a repository that exists
    named role, account role: the action ecr:BatchImportUpstreamImage, the action ecr:CreateRepository
PullThroughCache(consumers=) with scope V2 and Access.account_pull
    named role, account role: pull, check a layer, list referrers, first pull
PullThroughCache(consumers=) with scope V2 and Access.account_pull, a repository that exists
    named role, account role: pull, check a layer, list referrers, first pull
PullThroughCache(consumers=) with scope V2 and Access.organization_pull, a repository that exists
    unit role, organization role: pull, check a layer, list referrers, first pull
PullThroughCache(template=False, consumers=) with scope V2 and Access.role_pull
    named role: pull, check a layer, list referrers, first pull
PullThroughCache(access=) with Access.account_pull
    named role, account role: pull, check a layer, list referrers
ReplicaRegistry(source_account=account)
    named role, account role: replicate
registry.accept_replication_from(account)
    named role, account role: replicate
registry.accept_cache_consumer(Access.account_pull(account))
    named role, account role: the action ecr:BatchImportUpstreamImage, the action ecr:CreateRepository
registry.accept_cache_consumer(Access.account_pull(account)), PrivateRegistry(policy_scope="V2")
    named role, account role: pull, check a layer, list referrers, first pull
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


def all_rows() -> Iterator[Row]:
    """Yield the rows of the groups, one for each intent, and those of the other permissions."""
    for group in rows(GROUPS):
        for intent in group.allows:
            yield Row(group.intent.replace("*", intent), group.callers, _allowed(group.intent, intent))
    yield from rows(MATRIX)


def _allowed(group: str, intent: str) -> Sequence[str]:
    """Return the operations of an intent, in the order of all operations."""
    added = ADDED_BY_GRANTS.get(intent, "") if ".grant_" in group else ""
    return [each for each in OPERATIONS if each in f"{SHARED_INTENTS[intent]}, {added}".split(", ")]


def operations_table() -> str:
    """Return the operations and their actions as a table for the documentation."""
    lines = [(name, DESCRIPTIONS[name], [f"`{action}`" for action in actions]) for name, actions in OPERATIONS.items()]
    return table(("operation", "description", "actions"), lines)


def shared_intents_table() -> str:
    """Return the operations of the intents that values of `Access` and grants have in common."""
    lines = [(_title(name), allows, ADDED_BY_GRANTS.get(name, "")) for name, allows in SHARED_INTENTS.items()]
    return table(("intent", "allows", "a grant also allows"), lines)


def groups_table() -> str:
    """Return the permissions with these intents, and a column for each intent."""
    lines = [
        (permission(each.intent), each.callers, *("yes" if name in each.allows else "" for name in SHARED_INTENTS))
        for each in rows(GROUPS)
    ]
    return table(("permission", "callers", *map(_title, SHARED_INTENTS)), lines)


def _title(intent: str) -> str:
    return intent.replace("_", " ")


def matrix_table() -> str:
    """Return the other permissions as a table for the documentation."""
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
