"""Promotions: the role, the permissions in both accounts, the checks of the target, and the commands."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Match, Template

from ecr_constructs import HardenedRepository, Immutability, InvalidRepository, PipelineIdentity, Promotion, keep_latest
from ecr_constructs.errors import InvalidName
from ecr_constructs.model.iam.permissions import PULL, PUSH
from tests.templates import new_stack, role_statements, statements

PIPELINE = PipelineIdentity.github("octo-org/api", environment="production")
ROLE = "arn:aws:iam::111122223333:role/releases"
OTHER = "444455556666"


@pytest.fixture
def home(app: cdk.App) -> cdk.Stack:
    return new_stack(app, "Home", region="eu-west-1")


@pytest.fixture
def away(app: cdk.App) -> cdk.Stack:
    return new_stack(app, "Away", region="eu-central-1", account=OTHER)


def staging(stack: cdk.Stack, **options: Any) -> HardenedRepository:
    return HardenedRepository(stack, "Staging", **{"repository_name": "staging/api", **options})


def production(stack: cdk.Stack, **options: Any) -> HardenedRepository:
    return HardenedRepository(stack, "Production", **{"repository_name": "prod/api", **options})


def allowed(stack: cdk.Stack) -> Mapping[str, set[str]]:
    """Return the actions of the role by resource."""
    found: dict[str, set[str]] = {}
    for each in role_statements(stack):
        actions = each["Action"] if isinstance(each["Action"], list) else [each["Action"]]
        found.setdefault(json.dumps(each["Resource"]), set()).update(actions)
    return found


def test_the_role_pulls_from_the_source_pushes_to_the_target_and_does_nothing_else(home: cdk.Stack) -> None:
    source, target = staging(home), production(home)
    promotion = Promotion(home, "Promotion", source=source, target=target, promoters=[PIPELINE])

    arns = {name: json.dumps(home.resolve(each.repository_arn)) for name, each in (("s", source), ("t", target))}
    assert allowed(home) == {
        arns["s"]: set(PULL),
        arns["t"]: set(PUSH),
        '"*"': {"ecr:GetAuthorizationToken"},
    }
    assert (promotion.source_access, promotion.target_access) == (None, None)
    assert statements(source) == statements(target) == []


def test_pipelines_roles_and_arns_can_promote(home: cdk.Stack) -> None:
    releaser = iam.Role(home, "Releaser", assumed_by=iam.AccountRootPrincipal())
    Promotion(home, "P", source=staging(home), target=production(home), promoters=[PIPELINE, releaser, ROLE])

    roles = Template.from_stack(home).find_resources("AWS::IAM::Role").values()
    (trust,) = [
        role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        for role in roles
        if "Description" in role["Properties"]
    ]
    web, *others = trust
    assert web["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert web["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"] == PIPELINE.subject
    assert {each["Action"] for each in others} == {"sts:AssumeRole"}
    trusted = str([each["Principal"]["AWS"] for each in others])
    assert ROLE in trusted
    assert home.resolve(releaser.role_arn)["Fn::GetAtt"][0] in trusted
    assert any("sts:AssumeRole" in str(each["Action"]) for each in role_statements(home))


def test_a_repository_of_another_account_allows_the_role_by_its_name(home: cdk.Stack, away: cdk.Stack) -> None:
    source, target = staging(away), production(home)
    promotion = Promotion(home, "P", source=source, target=target, promoters=[PIPELINE], role_name="promote")

    (statement,) = statements(source)
    assert statement["Action"] == sorted(PULL)
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"} or "root" in str(statement["Principal"])
    assert str(statement["Condition"]["ArnLike"]["aws:PrincipalArn"]).endswith(":role/promote")
    assert promotion.source_access is not None
    assert promotion.source_access.intent == "role_pull"
    arn = f'"arn:aws:ecr:eu-central-1:{OTHER}:repository/staging/api"'
    assert allowed(home)[arn] == set(PULL)
    assert statements(target) == []


def test_a_target_of_another_account_is_a_permission_to_push(home: cdk.Stack) -> None:
    arn = f"arn:aws:ecr:eu-central-1:{OTHER}:repository/prod/api"
    target = ecr.Repository.from_repository_arn(home, "Imported", arn)
    promotion = Promotion(
        home, "P", source=staging(home), target=target, promoters=[PIPELINE], role_name="promote", tags=["v*"]
    )

    assert promotion.target_access is not None
    assert promotion.target_access.intent == "role_push"
    assert promotion.target_access.subject.endswith(":role/promote")
    assert allowed(home)[json.dumps(arn)] == set(PUSH)
    Annotations.from_stack(home).has_warning("/Home/P", Match.string_like_regexp("immutability .* not checked"))


@pytest.mark.parametrize(
    ("immutability", "tags", "is_accepted"),
    [
        (Immutability.all_tags(), ("*",), True),
        (Immutability.all_tags_except("dev-*"), ("*",), False),
        (Immutability.all_tags_except("dev-*"), ("v*",), True),
        (Immutability.all_tags_except("*-dev"), ("v*",), False),
        (Immutability.only_tags("v*"), ("v1.*", "v2"), True),
        (Immutability.only_tags("v*"), ("*",), False),
        (Immutability.off(), ("v*",), False),
    ],
)
def test_the_target_makes_all_promoted_tags_immutable(
    home: cdk.Stack, immutability: Immutability, tags: tuple[str, ...], *, is_accepted: bool
) -> None:
    source, target = staging(home), production(home, immutability=immutability)
    expected = (
        nullcontext() if is_accepted else pytest.raises(InvalidRepository, match="are mutable in Home/Production")
    )

    with expected:
        Promotion(home, "P", source=source, target=target, promoters=[PIPELINE], tags=tags)


def test_a_lifecycle_policy_that_deletes_promoted_images_is_a_warning(home: cdk.Stack) -> None:
    target = production(home, lifecycle=keep_latest(10, matching="v*"))
    other = HardenedRepository(home, "Other", lifecycle=keep_latest(10, matching="dev-*"))
    source = staging(home)
    Promotion(home, "Expiring", source=source, target=target, promoters=[PIPELINE], tags=["v*"])
    Promotion(home, "Kept", source=source, target=other, promoters=[PIPELINE], tags=["v*"])

    found = Annotations.from_stack(home)
    found.has_warning("/Home/Expiring/Role", Match.string_like_regexp("rule 1 .* deletes promoted images"))
    found.has_no_warning("/Home/Kept/Role", Match.any_value())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"promoters": []}, "promoters: the list is empty"),
        ({"promoters": ["arn:aws:iam::111122223333:role/*"]}, r"promoters\[0\]: .* has a '\*'"),
        ({"promoters": ["octo-org/api"]}, r"promoters\[0\]: role 'octo-org/api'"),
        ({"promoters": [1]}, r"promoters\[0\] must be"),
        ({"tags": []}, "tags: the list is empty"),
        ({"tags": ["v 1"]}, "tags: tag pattern 'v 1'"),
        ({"tool": "docker"}, "tool is 'docker'; use oras, crane, skopeo"),
        ({"tool": "crane"}, "crane copies no signatures, SBOMs and attestations"),
        ({"session_hours": 13}, "IAM allows 1 to 12 hours"),
        ({"referrers": "yes"}, "referrers must be"),
        ({"source": "staging/api"}, "source must be"),
    ],
)
def test_wrong_arguments_are_rejected_before_anything_is_added(
    home: cdk.Stack, options: dict[str, Any], message: str
) -> None:
    given = {"source": staging(home), "target": production(home), "promoters": [PIPELINE], **options}
    with pytest.raises((InvalidRepository, TypeError), match=message) as refused:
        Promotion(home, "P", **given)

    assert getattr(refused.value, "path", None) == "Home/P"
    assert home.node.try_find_child("P") is None


def test_another_account_needs_names_and_the_two_repositories_differ(home: cdk.Stack, away: cdk.Stack) -> None:
    unnamed = HardenedRepository(away, "Unnamed")
    with pytest.raises(InvalidRepository) as refused:
        Promotion(home, "P", source=unnamed, target=production(home), promoters=[PIPELINE])
    assert [each.partition(";")[0] for each in refused.value.problems] == [
        f"role_name: source is of account {OTHER}, and its repository policy names the role",
        "source is of another account, and CloudFormation generates its name",
    ]
    same = staging(home)
    with pytest.raises(InvalidRepository, match="source and target are the same repository"):
        Promotion(home, "P", source=same, target=same, promoters=[PIPELINE])


def test_the_commands_log_in_to_each_registry_once_and_copy_the_tag(home: cdk.Stack, away: cdk.Stack) -> None:
    promotion = Promotion(
        home, "P", source=staging(away), target=production(home), promoters=[PIPELINE], role_name="promote"
    )

    there, here = f"{OTHER}.dkr.ecr.eu-central-1.amazonaws.com", "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
    assert promotion.commands == (
        f"aws ecr get-login-password --region eu-central-1 | oras login --username AWS --password-stdin {there}",
        f"aws ecr get-login-password --region eu-west-1 | oras login --username AWS --password-stdin {here}",
        f"oras cp --recursive {there}/staging/api:$TAG {here}/prod/api:$TAG",
    )
    assert promotion.copy_command("v1") == f"oras cp --recursive {there}/staging/api:v1 {here}/prod/api:v1"
    with pytest.raises(InvalidName, match="image tag"):
        promotion.copy_command("v1; rm -r .")
    (output,) = Template.from_stack(home).find_outputs("*").values()
    assert output["Value"] == "\n".join(promotion.commands)


def test_a_signing_profile_is_a_permission_to_sign(home: cdk.Stack) -> None:
    profile = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/images"
    source, target = staging(home), production(home)
    Promotion(home, "P", source=source, target=target, promoters=[ROLE], signing_profile_arn=profile)

    assert allowed(home)[json.dumps(profile)] == {"signer:SignPayload"}
    with pytest.raises(InvalidRepository, match="signing_profile_arn: signing profile 'images' is not well formed"):
        Promotion(home, "Q", source=source, target=target, promoters=[ROLE], signing_profile_arn="images")


# --- a copy in a registry ---------------------------------------------------------------------------------------------

MEDIA = "application/vnd.oci.image.{}.v1+json"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """Yield the host of a registry on this machine."""
    program = shutil.which("docker-registry") or shutil.which("registry")
    if program is None or shutil.which("skopeo") is None:
        pytest.skip("needs the Debian packages docker-registry and skopeo")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    configuration = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "data")}},
        "http": {"addr": host},
    }
    (tmp_path / "config.yml").write_text(json.dumps(configuration), encoding="utf-8")
    process = subprocess.Popen([program, "serve", str(tmp_path / "config.yml")], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                request("GET", f"http://{host}/v2/")
                break
            except OSError:
                time.sleep(0.1)
        yield host
    finally:
        process.kill()
        process.wait()


def request(method: str, url: str, body: bytes | None = None, **headers: str) -> tuple[Mapping[str, str], bytes]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    with urllib.request.urlopen(urllib.request.Request(url, body, given, method=method)) as answer:  # noqa: S310  (this machine)
        return answer.headers, answer.read()


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def push(host: str, repository: str, tag: str) -> str:
    """Push an image index with one image, and return its digest."""
    layer = b"a layer"
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
    for blob in (layer, config):
        location = request("POST", f"http://{host}/v2/{repository}/blobs/uploads/", b"")[0]["Location"]
        joined = "&" if "?" in location else "?"
        request("PUT", f"{location}{joined}digest={digest_of(blob)}", blob, Content_Type="application/octet-stream")

    def described(content: bytes, kind: str) -> dict[str, Any]:
        return {"mediaType": kind, "digest": digest_of(content), "size": len(content)}

    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MEDIA.format("manifest"),
            "config": described(config, MEDIA.format("config")),
            "layers": [described(layer, "application/vnd.oci.image.layer.v1.tar")],
        }
    ).encode()
    image = described(manifest, MEDIA.format("manifest")) | {"platform": {"architecture": "amd64", "os": "linux"}}
    index = json.dumps({"schemaVersion": 2, "mediaType": MEDIA.format("index"), "manifests": [image]}).encode()
    where = f"http://{host}/v2/{repository}/manifests"
    request("PUT", f"{where}/{digest_of(manifest)}", manifest, Content_Type=MEDIA.format("manifest"))
    request("PUT", f"{where}/{tag}", index, Content_Type=MEDIA.format("index"))
    return digest_of(index)


@pytest.mark.slow  # nox installs the programs
def test_the_command_of_skopeo_copies_an_image_index_with_its_digest(home: cdk.Stack, registry: str) -> None:
    promotion = Promotion(
        home,
        "P",
        source=staging(home),
        target=production(home),
        promoters=[ROLE],
        referrers=False,
        tool="skopeo",
    )
    digest = push(registry, "staging/api", "v1")

    command = promotion.copy_command("v1").replace("111122223333.dkr.ecr.eu-west-1.amazonaws.com", registry).split()
    insecure = ["--src-tls-verify=false", "--dest-tls-verify=false", "--insecure-policy"]
    done = subprocess.run([*command, *insecure], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    copied = request("GET", f"http://{registry}/v2/prod/api/manifests/v1", Accept=MEDIA.format("index"))
    assert digest_of(copied[1]) == digest
