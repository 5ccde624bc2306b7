"""
Measure the time of policy statements: grants on a repository, and contributions to a registry.

Each app is built and synthesized in a process of its own. The program measures the CPU time of that process and of
its Node, without that of the same app without statements. A ratio is taken within its round, and the median is printed
beside its budget.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.synthesis import Ratio, use_node_of_environment

if TYPE_CHECKING:
    import aws_cdk as cdk
    from aws_cdk import aws_ecr as ecr

# Statements take microseconds and a process takes a second, so each is repeated in many repositories.
REPOSITORIES = 24
# A registry policy has 10,240 characters, which is enough for about this many accounts.
CONTRIBUTIONS = 280


def grant_to_accounts(make: Callable[[cdk.Stack, str], ecr.Repository]) -> Callable[[cdk.Stack, int], None]:
    """Return a program that allows accounts to pull from each of several repositories."""

    def build(stack: cdk.Stack, count: int) -> None:
        from aws_cdk import aws_iam as iam

        for number in range(REPOSITORIES):
            repository = make(stack, f"Repository{number}")
            for account in range(count):
                repository.grant_pull(iam.AccountPrincipal(f"{account:012}"))

    return build


def grant_to_roles(make: Callable[[cdk.Stack, str], ecr.Repository]) -> Callable[[cdk.Stack, int], None]:
    """Return a program that allows roles of the same account to pull from one repository."""

    def build(stack: cdk.Stack, count: int) -> None:
        from aws_cdk import aws_iam as iam

        repository = make(stack, "Repository")
        for number in range(count):
            principal = iam.ServicePrincipal("ecs-tasks.amazonaws.com")
            repository.grant_pull(iam.Role(stack, f"Role{number}", assumed_by=principal))

    return build


def hardened(stack: cdk.Stack, name: str) -> ecr.Repository:
    """Return a repository of this library."""
    from ecr_constructs import Encryption, HardenedRepository

    return HardenedRepository(stack, name, encryption=Encryption.aes256())


def plain(stack: cdk.Stack, name: str) -> ecr.Repository:
    """Return a repository of the CDK."""
    from aws_cdk import aws_ecr as ecr

    return ecr.Repository(stack, name)


def contribute(stack: cdk.Stack, count: int) -> None:
    """Return a program that contributes replication from many accounts to one registry."""
    from ecr_constructs import PrivateRegistry

    registry = PrivateRegistry(stack, "Registry")
    for account in range(count):
        registry.accept_replication_from(f"{account:012}")


FORMS: Mapping[str, Callable[[cdk.Stack, int], None]] = {
    "accounts, HardenedRepository": grant_to_accounts(hardened),
    "accounts, ecr.Repository": grant_to_accounts(plain),
    "roles, HardenedRepository": grant_to_roles(hardened),
    "roles, ecr.Repository": grant_to_roles(plain),
    "registry": contribute,
}


def build(form: str, count: int, directory: str) -> None:
    """Build an app with so many statements, and synthesize it."""
    import aws_cdk as cdk

    from ecr_constructs import HardenedRepository, PrivateRegistry  # noqa: F401  (imported in every process)
    from ecr_constructs.model.lifecycle import findings  # noqa: F401

    # A stack has at most 500 resources, unless the CDK does not count them.
    app = cdk.App(outdir=directory, context={"@aws-cdk/core:stackResourceLimit": 0})
    environment = cdk.Environment(account="999988887777", region="eu-west-1")
    FORMS[form](cdk.Stack(app, "Stack", env=environment), count)
    app.synth()


def cpu_seconds(form: str, count: int) -> float:
    """Return the CPU time of an app without that of the app without statements."""
    return _measured(form, count) - _measured(form, 0)


def _measured(form: str, count: int) -> float:
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, __file__, "--build", form, str(count), directory]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env={**os.environ, "CDK_VALIDATION": "false"})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(rounds: int, count: int, form: str, other: str, *, budget: float | None) -> Ratio:
    """Measure one form against another."""
    ratios = []
    for _ in range(rounds):
        ours, theirs = cpu_seconds(form, count), cpu_seconds(other, count)
        print(f"  {count} grants: {form} {ours:.2f} s, {other} {theirs:.2f} s")
        ratios.append(ours / theirs)
    return Ratio(f"{count} grants to {form} / {other.split(', ')[1]}", median(ratios), budget=budget)


def grow(rounds: int, form: str, small: int, large: int, *, budget: float | None) -> Ratio:
    """Measure the time of one more statement among many, against one among few."""
    ratios = []
    for _ in range(rounds):
        few, many = cpu_seconds(form, small), cpu_seconds(form, large)
        print(f"  {form}: {1e3 * few / small:.2f} ms each of {small}, {1e3 * many / large:.2f} ms each of {large}")
        ratios.append((many / large) / (few / small))
    return Ratio(f"one of {large} / one of {small}: {form}", median(ratios), budget=budget)


def measure(rounds: int) -> Iterator[Ratio]:
    """Measure everything that has a budget."""
    yield compare(rounds, 80, "accounts, HardenedRepository", "accounts, ecr.Repository", budget=2.5)
    yield compare(rounds, 300, "accounts, HardenedRepository", "accounts, ecr.Repository", budget=None)
    yield grow(rounds, "accounts, HardenedRepository", 80, 300, budget=1.5)
    yield compare(rounds, 1000, "roles, HardenedRepository", "roles, ecr.Repository", budget=1.5)
    yield grow(rounds, "roles, HardenedRepository", 250, 1000, budget=1.5)
    yield grow(rounds, "registry", CONTRIBUTIONS // 4, CONTRIBUTIONS, budget=1.5)


def main() -> int:
    """Measure, print, and return 1 with `--check` if a budget is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured (default: 3)")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a budget is missed")
    parser.add_argument("--build", nargs=3, metavar=("FORM", "COUNT", "DIRECTORY"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.build:
        form, count, directory = arguments.build
        build(form, int(count), directory)
        return 0
    use_node_of_environment()
    ratios = list(measure(arguments.rounds))
    print(*ratios, sep="\n")
    return 1 if arguments.check and not all(ratio.is_kept for ratio in ratios) else 0


if __name__ == "__main__":
    sys.exit(main())
