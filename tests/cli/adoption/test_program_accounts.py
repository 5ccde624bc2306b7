"""Accounts in moto: the program of `adopt --live` replaces, deletes and weakens none of their resources."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.adoption.accounts import KEY, Resource, client, create, deployed_template
from tests.cli.adoption.programs import adopt, changes, sentences, synthesize, template_of
from tests.cli.aws.cloud import ACCOUNT, REGION
from tests.e2e import samples

OTHER = "444455556666"
LAMBDA = {
    "Sid": "LambdaECRImageRetrievalPolicy",
    "Effect": "Allow",
    "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:SetRepositoryPolicy"],
    "Condition": {"StringLike": {"aws:sourceArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:*"}},
}
PULL = ["ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer"]


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(principal: object, actions: Sequence[str] = PULL, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": list(actions), **more}


def rule(priority: int, *, action: str = "expire", **selection: Any) -> dict[str, Any]:
    return {"rulePriority": priority, "selection": selection, "action": {"type": action}}


def lifecycle(*rules: Mapping[str, Any]) -> dict[str, str]:
    return {"LifecyclePolicyText": json.dumps({"rules": list(rules)})}


UNTAGGED = rule(1, tagStatus="untagged", countType="sinceImagePushed", countUnit="days", countNumber=14)
RELEASES = rule(2, tagStatus="tagged", tagPatternList=["release-*"], countType="imageCountMoreThan", countNumber=10)
BOTH = rule(3, tagStatus="tagged", tagPatternList=["prod*", "v*"], countType="imageCountMoreThan", countNumber=9)
ANY = rule(9, tagStatus="any", countType="imageCountMoreThan", countNumber=500)
SCANNED = {"ScanOnPush": True}
TAGS = [{"Key": "team", "Value": "payments"}]


def repository(name: str, **properties: Any) -> Resource:
    defaults = {"ImageTagMutability": "MUTABLE", "ImageScanningConfiguration": {"ScanOnPush": False}}
    return "Repository", {"RepositoryName": name, **defaults, **properties}


def replicated(*destinations: tuple[str, str], filters: Sequence[str] = ()) -> dict[str, Any]:
    texts = [{"Filter": each, "FilterType": "PREFIX_MATCH"} for each in filters]
    return {
        "Destinations": [{"Region": region, "RegistryId": account} for region, account in destinations],
        **({"RepositoryFilters": texts} if texts else {}),
    }


def replication(*rules: Mapping[str, Any]) -> Resource:
    return "ReplicationConfiguration", {"ReplicationConfiguration": {"Rules": list(rules)}}


def template(prefix: str, *purposes: str, **properties: Any) -> Resource:
    given = {"Prefix": prefix, "AppliedFor": list(purposes), "ImageTagMutability": "MUTABLE", **properties}
    return "RepositoryCreationTemplate", given


def cache(prefix: str, registry: str, url: str, **properties: Any) -> Resource:
    given = {"EcrRepositoryPrefix": prefix, "UpstreamRegistry": registry, "UpstreamRegistryUrl": url, **properties}
    return "PullThroughCacheRule", given


SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ecr-pullthroughcache/hub-a1B2c3"
REPLICATE = {
    "Sid": "Partner",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
    "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
    "Resource": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/*",
}
SCANNING = ("RegistryScanningConfiguration", samples.scanning("BASIC", "SCAN_ON_PUSH", "prod/*"))

ACCOUNTS: Mapping[str, Sequence[Resource]] = {
    "one repository with the defaults of ECR": [repository("api")],
    "repositories of a team with the same settings": [
        repository(
            f"prod/{name}",
            ImageScanningConfiguration=SCANNED,
            LifecyclePolicy=lifecycle(UNTAGGED, RELEASES),
            Tags=[*TAGS, {"Key": "Name", "Value": name}],
        )
        for name in ("api", "web", "worker")
    ],
    "each mutability": [
        repository("a/immutable", ImageTagMutability="IMMUTABLE"),
        repository(
            "a/except",
            ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            ImageTagMutabilityExclusionFilters=samples.tag_filters("latest", "dev-*"),
        ),
        repository(
            "a/only",
            ImageTagMutability="MUTABLE_WITH_EXCLUSION",
            ImageTagMutabilityExclusionFilters=samples.tag_filters("v*"),
        ),
    ],
    "each encryption": [
        repository("e/own", EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": KEY}),
        repository("e/other", EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": KEY}),
        repository("e/aes"),
    ],
    "policies, with that of Lambda": [
        repository("p/lambda", RepositoryPolicyText=policy(LAMBDA)),
        repository("p/account", RepositoryPolicyText=policy(allow({"AWS": f"arn:aws:iam::{OTHER}:root"}), LAMBDA)),
        repository(
            "p/organization",
            RepositoryPolicyText=policy(
                allow({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-abc1234567"}})
            ),
        ),
        repository(
            "p/deny",
            RepositoryPolicyText=policy(
                {"Effect": "Deny", "Principal": "*", "Action": "ecr:DeleteRepository", "Sid": "Keep"},
                allow({"AWS": [f"arn:aws:iam::{OTHER}:role/ci", f"arn:aws:iam::{OTHER}:root"]}),
            ),
        ),
        repository("p/public", RepositoryPolicyText=policy(allow("*"))),
    ],
    "lifecycle policies, with one that cannot become intents": [
        repository("l/both", LifecyclePolicy=lifecycle(UNTAGGED, BOTH, ANY)),
        repository("l/rules", LifecyclePolicy=lifecycle(RELEASES, ANY)),
        repository("l/described", LifecyclePolicy=lifecycle({**UNTAGGED, "description": 'A "quoted" \\ text'})),
    ],
    "the registry": [
        repository("prod/api"),
        SCANNING,
        replication(
            replicated(("eu-west-1", ACCOUNT), filters=["prod/", "base"]),
            replicated(("us-east-1", OTHER)),
        ),
        ("RegistryPolicy", {"PolicyText": policy(REPLICATE)}),
    ],
    "enhanced scanning, signing and exclusions": [
        ("RegistryScanningConfiguration", samples.scanning("ENHANCED", "CONTINUOUS_SCAN", "*")),
        ("SigningConfiguration", samples.signing("first")),
        ("PullTimeUpdateExclusion", samples.exclusion("role/scanner")),
        repository("api", ImageScanningConfiguration=SCANNED),
    ],
    "caches and creation templates": [
        cache("ecr-public", "ecr-public", "public.ecr.aws"),
        cache("hub", "docker-hub", "registry-1.docker.io", CredentialArn=SECRET),
        template("hub", "PULL_THROUGH_CACHE", LifecyclePolicy=lifecycle(UNTAGGED)["LifecyclePolicyText"]),
        template("teams", "CREATE_ON_PUSH", "REPLICATION", ImageTagMutability="IMMUTABLE"),
        template("ROOT", "REPLICATION", Description="Everything else"),
        template(
            "kms",
            "CREATE_ON_PUSH",
            EncryptionConfiguration={"EncryptionType": "KMS"},
            CustomRoleArn=f"arn:aws:iam::{ACCOUNT}:role/ecr-templates",
        ),
        cache(
            "other",
            "ecr",
            f"{OTHER}.dkr.ecr.{REGION}.amazonaws.com",
            CustomRoleArn=f"arn:aws:iam::{ACCOUNT}:role/ecr-caches",
            UpstreamRepositoryPrefix="ROOT",
        ),
    ],
    "names that collide": [
        repository("a-b"),
        repository("a/b"),
        repository("a.b"),
        repository("a_b"),
        repository("resource"),
        repository("template"),
        repository("2048"),
        repository("class"),
        repository("default", Tags=TAGS),
    ],
    "an empty policy of a registry in which everything is denied": [
        (
            "RegistryPolicy",
            {
                "PolicyText": policy(
                    {
                        "Sid": "NoScanning",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "ecr:*",
                        "Resource": "*",
                    }
                )
            },
        ),
        SCANNING,
    ],
}
FAST = ("repositories of a team with the same settings", "policies, with that of Lambda", "the registry")


def require_unchanged(resources: Sequence[Resource], folder: Path) -> dict[str, Any]:
    """Adopt an account, and return the template, after a comparison with the account in two ways."""
    program = adopt("--live", output=folder / "program")
    assembly = synthesize(program)
    new = template_of(assembly)
    mapping = json.loads((program / "Containers.import.json").read_text(encoding="utf-8"))
    types = {name: each["Type"] for name, each in new["Resources"].items()}
    assert set(types) == set(mapping)
    old = folder / "Containers.template.json"
    old.write_text(json.dumps(deployed_template(resources, mapping, types)), encoding="utf-8")

    assert sentences(changes(old, assembly / "Containers.template.json")) == []
    # Every resource is imported, and nothing else is found.
    live = changes(assembly, Path("--live"))
    assert {each["id"] for each in live} == {"already-exists"}
    return new


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=[] if each in FAST else [pytest.mark.slow]) for each in ACCOUNTS]
)
def test_the_program_changes_nothing_of_the_account(name: str, account: None, tmp_path: Path) -> None:  # noqa: ARG001
    create(ACCOUNTS[name])

    require_unchanged(ACCOUNTS[name], tmp_path)


# --- generated accounts -----------------------------------------------------------------------------------------------


def generated(seed: int) -> list[Resource]:
    """Return an account with any repositories and settings."""
    chance = random.Random(seed)  # noqa: S311  (no secret)

    def maybe(share: float) -> bool:
        return chance.random() < share

    names = [
        f"{chance.choice(['prod', 'dev', 'base', 'team-a/x', 'm-n'])}/{chance.choice('abcdef')}{number}"
        for number in range(chance.randint(1, 9))
    ]
    found: list[Resource] = [repository(name, **_properties(chance)) for name in names]
    if maybe(0.5):
        found.append(
            chance.choice(
                [
                    (
                        "RegistryScanningConfiguration",
                        samples.scanning("ENHANCED", "CONTINUOUS_SCAN", "prod/*", "base*"),
                    ),
                    ("RegistryScanningConfiguration", samples.scanning("ENHANCED", "SCAN_ON_PUSH", "*")),
                    ("RegistryScanningConfiguration", samples.scanning("BASIC", "SCAN_ON_PUSH", "*", "m-n/*")),
                ]
            )
        )
    if maybe(0.5):
        regions = chance.sample(["eu-west-1", "us-east-1", "eu-north-1"], chance.randint(1, 3))
        rules = [
            replicated(
                (region, chance.choice([ACCOUNT, OTHER])), filters=chance.choice([[], ["prod/"], ["base", "dev/"]])
            )
            for region in regions
        ]
        found.append(replication(*rules))
    if maybe(0.4):
        found.append(("RegistryPolicy", {"PolicyText": policy(REPLICATE, *([_WIDE] if maybe(0.3) else []))}))
    prefixes = chance.sample(["quay", "ecr-public", "k8s", "hub"], chance.randint(0, 3))
    found += [each for prefix in prefixes for each in _cached(prefix, chance)]
    found += [
        template(prefix, *chance.sample(["CREATE_ON_PUSH", "REPLICATION"], chance.randint(1, 2)), **_template(chance))
        for prefix in chance.sample(["teams", "ROOT", "prod/x"], chance.randint(0, 2))
    ]
    if maybe(0.3):
        found.append(("SigningConfiguration", samples.signing(f"profile{seed}")))
    if maybe(0.3):
        found.append(("PullTimeUpdateExclusion", samples.exclusion(chance.choice(["role/scanner", "user/ci"]))))
    return found


_WIDE = {**REPLICATE, "Sid": "Everyone", "Principal": {"AWS": "*"}}
_STATEMENTS = (
    LAMBDA,
    allow({"AWS": f"arn:aws:iam::{OTHER}:root"}),
    allow({"AWS": [OTHER, "555566667777"]}, Sid="Two"),
    allow({"AWS": f"arn:aws:iam::{OTHER}:role/deploy"}, ["ecr:PutImage", "ecr:UploadLayerPart"]),
    allow({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-abc1234567"}}),
    allow({"Service": "codebuild.amazonaws.com"}, Condition={"StringEquals": {"aws:SourceAccount": OTHER}}),
    {"Effect": "Deny", "NotPrincipal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Action": "ecr:Delete*"},
    allow("*", ["ecr:BatchGetImage"]),
)
_MUTABILITIES: Sequence[Mapping[str, Any]] = (
    {"ImageTagMutability": "MUTABLE"},
    {"ImageTagMutability": "IMMUTABLE"},
    {
        "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "ImageTagMutabilityExclusionFilters": samples.tag_filters("dev-*"),
    },
    {
        "ImageTagMutability": "MUTABLE_WITH_EXCLUSION",
        "ImageTagMutabilityExclusionFilters": samples.tag_filters("v*", "r*"),
    },
)
_RULES = (
    rule(1, tagStatus="untagged", countType="imageCountMoreThan", countNumber=30),
    rule(2, tagStatus="tagged", tagPatternList=["release-*"], countType="imageCountMoreThan", countNumber=10),
    rule(3, tagStatus="tagged", tagPrefixList=["pr-"], countType="sinceImagePushed", countUnit="days", countNumber=7),
    rule(
        4,
        tagStatus="tagged",
        tagPatternList=["a*", "*b"],
        countType="sinceImagePushed",
        countUnit="days",
        countNumber=90,
    ),
    rule(
        5,
        tagStatus="any",
        action="transition",
        countType="sinceImagePulled",
        countUnit="days",
        countNumber=120,
        storageClass="standard",
    )
    | {"action": {"type": "transition", "targetStorageClass": "archive"}},
)


def _properties(chance: random.Random) -> dict[str, Any]:
    found = {**chance.choice(_MUTABILITIES), "ImageScanningConfiguration": {"ScanOnPush": chance.random() < 0.5}}
    if chance.random() < 0.5:
        found["LifecyclePolicy"] = lifecycle(*_some_rules(chance))
    if chance.random() < 0.5:
        statements = chance.sample(_STATEMENTS, chance.randint(1, 3))
        found["RepositoryPolicyText"] = policy(*statements)
    if chance.random() < 0.4:
        found["EncryptionConfiguration"] = {"EncryptionType": "KMS", "KmsKey": KEY}
    if chance.random() < 0.6:
        found["Tags"] = [
            {"Key": key, "Value": chance.choice("xyz")} for key in chance.sample(["team", "Name", "env"], 2)
        ]
    return found


def _some_rules(chance: random.Random) -> list[dict[str, Any]]:
    chosen = sorted(chance.sample(_RULES, chance.randint(1, len(_RULES))), key=lambda each: each["rulePriority"])
    return [
        {**each, **({"description": f"Rule {number}"} if chance.random() < 0.3 else {})}
        for number, each in enumerate(chosen)
    ]


def _template(chance: random.Random) -> dict[str, Any]:
    found = dict(chance.choice(_MUTABILITIES))
    if chance.random() < 0.5:
        found["LifecyclePolicy"] = lifecycle(*_some_rules(chance))["LifecyclePolicyText"]
    if chance.random() < 0.3:
        found["RepositoryPolicy"] = json.dumps(policy(chance.choice(_STATEMENTS)))
    return found


def _cached(prefix: str, chance: random.Random) -> list[Resource]:
    rules = {
        "quay": cache("quay", "quay", "quay.io"),
        "ecr-public": cache("ecr-public", "ecr-public", "public.ecr.aws"),
        "k8s": cache("k8s", "k8s", "registry.k8s.io"),
        "hub": cache("hub", "docker-hub", "registry-1.docker.io", CredentialArn=SECRET),
    }
    own = template(prefix, "PULL_THROUGH_CACHE", **_template(chance))
    return [rules[prefix], *([own] if chance.random() < 0.6 else [])]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_the_program_changes_nothing_of_a_generated_account(
    seed: int,
    account: None,  # noqa: ARG001
    tmp_path: Path,
) -> None:
    resources = generated(seed)
    create(resources)

    require_unchanged(resources, tmp_path)


def test_repositories_of_stacks_and_unreadable_repositories_are_excluded(
    account: None,  # noqa: ARG001
    tmp_path: Path,
) -> None:
    create([repository("own"), repository("stacked", Tags=TAGS)])
    arn = client().describe_repositories(repositoryNames=["stacked"])["repositories"][0]["repositoryArn"]
    client().tag_resource(resourceArn=arn, tags=[{"Key": "aws:cloudformation:stack-name", "Value": "Shop"}])
    adopt("--live", output=tmp_path)

    text = (tmp_path / "REPORT.md").read_text(encoding="utf-8")
    assert "stacked is left out, because it belongs to the stack Shop" in text
    assert "stacked" not in (tmp_path / "containers_stack.py").read_text(encoding="utf-8")
    assert "REGISTRY\\_POLICY\\_SCOPE is V2" in text
