"""The AWS CDK CLI deploys, updates and destroys every example, and the accounts have its resources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from tests.e2e.assemblies import Deployed
    from tests.e2e.emulator import Emulator

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

HERE = Path(__file__).parent
# It has types that no example uses yet.
EVERY_TYPE = HERE / "apps" / "every_type.py"
APPS = [*sorted(HERE.parent.parent.glob("examples/*.py")), EVERY_TYPE]
# The secrets that an example refers to, which exist before the deployment.
SECRETS = {"alerts": ("larkspur/pager", "111122223333", "eu-central-1")}
# The types whose content is compared. The account has the default values of the others, too.
COMPARED = (
    "AWS::CloudWatch::",
    "AWS::EC2::VPCEndpoint",
    "AWS::ECR::",
    "AWS::Events::",
    "AWS::IAM::OIDCProvider",
    "AWS::InspectorV2::",
    "AWS::KMS::Key",
    "AWS::Organizations::Policy",
    "AWS::SNS::",
    "AWS::SecretsManager::Secret",
)
# All stacks, those of stages included. moto has no previous values of parameters that were left to their defaults.
DEPLOY = ["deploy", "**", "--method=direct", "--require-approval=never", "--no-previous-parameters"]
DESTROY = ["destroy", "**", "--force"]
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})


@pytest.mark.parametrize("example", APPS, ids=lambda path: path.stem)
def test_an_example_is_deployed_updated_in_place_and_destroyed(emulator: Emulator, example: Path) -> None:
    from tests.e2e.assemblies import changed, environments

    assembly = deploy(emulator, example)
    first = resources(emulator, assembly)
    check_content(emulator, first)
    push_images(emulator, first)
    before = identities(emulator, first)

    altered = changed(assembly, assembly.with_name(f"{assembly.name}-changed"))
    run(emulator, *DEPLOY, "--app", str(altered))
    second = resources(emulator, altered)
    check_content(emulator, second)
    assert [each.properties for each in second] != [each.properties for each in first]
    assert identities(emulator, second) == before

    run(emulator, *DESTROY, "--app", str(altered))
    for account, region in environments(altered).values():
        assert emulator.client("cloudformation", account, region).describe_stacks()["Stacks"] == []
    check_what_is_left(emulator, second, before)


def test_the_result_is_the_template_written_by_hand(emulator: Emulator) -> None:
    """The expected resources are literals. The other test reads them from moto."""
    deploy(emulator, EVERY_TYPE)

    home = emulator.client("ecr", "111122223333", "eu-central-1")
    (shop,) = home.describe_repositories()["repositories"]
    assert shop["repositoryArn"] == "arn:aws:ecr:eu-central-1:111122223333:repository/prod/shop"
    assert shop["encryptionConfiguration"]["kmsKey"].startswith("arn:aws:kms:eu-central-1:111122223333:key/")
    assert json.loads(home.get_lifecycle_policy(repositoryName="prod/shop")["lifecyclePolicyText"]) == {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {
                    "tagStatus": "tagged",
                    "tagPatternList": ["*"],
                    "countType": "imageCountMoreThan",
                    "countNumber": 5,
                },
                "action": {"type": "expire"},
            }
        ]
    }
    filters = [{"filter": "prod/", "filterType": "PREFIX_MATCH"}]
    assert home.describe_registry()["replicationConfiguration"] == {
        "rules": [
            {
                "destinations": [{"region": "eu-west-1", "registryId": "111122223333"}],
                "repositoryFilters": filters,
            },
            {
                "destinations": [{"region": "eu-central-1", "registryId": "444455556666"}],
                "repositoryFilters": filters,
            },
        ]
    }

    tools = emulator.client("ecr", "444455556666", "eu-central-1")
    (rule,) = tools.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    start = "arn:aws:secretsmanager:eu-central-1:444455556666:secret:ecr-pullthroughcache/docker-hub-"
    assert rule["upstreamRegistryUrl"] == "registry-1.docker.io"
    assert rule["credentialArn"].startswith(start)
    (template,) = tools.describe_repository_creation_templates()["repositoryCreationTemplates"]
    assert template["resourceTags"] == [{"Key": "origin", "Value": "docker-hub"}]
    (statement,) = json.loads(tools.get_registry_policy()["policyText"])["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}


def deploy(emulator: Emulator, example: Path) -> Path:
    """Synthesize an example and deploy it into empty accounts."""
    from tests.e2e.assemblies import environments, synthesize

    assembly = synthesize(example, emulator.folder / f"{example.stem}-{uuid4()}")
    for account, region in set(environments(assembly).values()):
        emulator.bootstrap(account, region)
    if example.stem in SECRETS:
        name, account, region = SECRETS[example.stem]
        emulator.client("secretsmanager", account, region).create_secret(Name=name, SecretString="a-token")
    run(emulator, *DEPLOY, "--app", str(assembly))
    return assembly


def run(emulator: Emulator, *arguments: str) -> None:
    done = emulator.cdk(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def resources(emulator: Emulator, assembly: Path) -> list[Deployed]:
    from tests.e2e.assemblies import deployed

    return [*deployed(emulator, assembly)]


def check_content(emulator: Emulator, found: list[Deployed]) -> None:
    """All resources exist. Except for roles, their policies and task definitions, the properties are compared."""
    from tests.e2e.state import answer, asked_for, read

    for resource in found:
        has = read(emulator, resource)
        assert has is not None, resource
        if resource.resource_type.startswith(COMPARED):
            wanted = asked_for(resource)
            assert answer(has, wanted) == wanted


def push_images(emulator: Emulator, found: list[Deployed]) -> None:
    """Add an image to each repository that can have one when the stack is deleted. A replaced repository has none."""
    for resource in found:
        if resource.resource_type == "AWS::ECR::Repository" and (
            resource.retained or resource.properties.get("EmptyOnDelete")
        ):
            ecr = emulator.client("ecr", resource.account, resource.region)
            ecr.put_image(repositoryName=resource.physical_id, imageManifest=MANIFEST, imageTag="pushed")


def identities(emulator: Emulator, found: list[Deployed]) -> Mapping[tuple[str, ...], Any]:
    """Return the values that an update in place must not change: names, times of creation, images."""
    from tests.e2e.state import read

    stored: dict[tuple[str, ...], Any] = {}
    for resource in found:
        has = read(emulator, resource) or {}
        images = None
        if resource.resource_type == "AWS::ECR::Repository":
            ecr = emulator.client("ecr", resource.account, resource.region)
            images = ecr.list_images(repositoryName=resource.physical_id)["imageIds"]
        key = (resource.resource_type, resource.physical_id, resource.account, resource.region)
        stored[key] = (has.get("createdAt"), images)
    return stored


def check_what_is_left(emulator: Emulator, found: list[Deployed], before: Mapping[tuple[str, ...], Any]) -> None:
    """All that is retained is there as it was, and nothing else is."""
    from tests.e2e.state import read

    left = [resource for resource in found if read(emulator, resource) is not None]
    retained = [resource for resource in found if resource.retained]
    assert left == retained
    check_content(emulator, retained)
    after = identities(emulator, retained)
    assert after == {key: before[key] for key in after}
