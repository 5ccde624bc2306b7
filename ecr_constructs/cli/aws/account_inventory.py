"""The repositories and the registry of an account for `ecr-constructs adopt`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ecr_constructs.cli.aws.errors import CallFailed, failure_messages, raise_as_unavailable
from ecr_constructs.cli.aws.images import ImageCounter, list_images
from ecr_constructs.cli.aws.registry_answers import NOT_SET, policy_reader, with_property_names
from ecr_constructs.cli.aws.session import Service, Session, open_session
from ecr_constructs.cli.aws.thread_pool import ThreadPool, thread_pool
from ecr_constructs.cli.progress import Progress
from ecr_constructs.cli.sources.inventory import Inventory, stacks_of_resources
from ecr_constructs.model.changes.state import CREATION_TEMPLATE, REPOSITORY
from ecr_constructs.model.images import Image, images_of_details

__all__ = ["read_account_inventory"]

# ECR shows the tags of CloudFormation on the repositories of its stacks.
_STACK_TAG = "aws:cloudformation:stack-name"
_RESERVED = "aws:"
# Settings of the account that CloudFormation has no type for:
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAccountSetting.html
_ACCOUNT_SETTINGS = ("BASIC_SCAN_TYPE_VERSION", "REGISTRY_POLICY_SCOPE", "BLOB_MOUNTING")
# The settings of repositories, and those of the registry, that have a member for one page.
_MEMBERS = {
    "DescribePullThroughCacheRules": "pullThroughCacheRules",
    "DescribeRepositories": "repositories",
    "DescribeRepositoryCreationTemplates": "repositoryCreationTemplates",
    "ListPullTimeUpdateExclusions": "pullTimeUpdateExclusions",
}
_CACHE_MEMBERS = (
    "ecrRepositoryPrefix",
    "upstreamRegistryUrl",
    "credentialArn",
    "customRoleArn",
    "upstreamRepositoryPrefix",
    "upstreamRegistry",
)
_TEMPLATE_MEMBERS = ("prefix", "description", "appliedFor", "customRoleArn", "resourceTags", "imageTagMutability")


def read_account_inventory(
    *, stack: str, profile: str | None, region: str | None, role: str | None, progress: Progress
) -> Inventory:
    """
    Return the resources of an account in a Region.

    Args:
        stack: The name of the new stack.
        profile: A profile of the AWS configuration. Default: that of the environment.
        region: The Region. Default: that of the environment or the profile.
        role: The ARN of a role to assume. Default: none.
        progress: The display of progress.

    Raises:
        AccountUnavailable: If the account cannot be read at all.

    """
    session = open_session(profile=profile, region=region, role=role)
    with raise_as_unavailable(), thread_pool(progress) as pool:
        reader = _InventoryReader(session, pool, ImageCounter(progress))
        resources = [*reader.registry(), *reader.repositories()]
    environment = f"{session.account_id}/{session.region}"
    return Inventory(
        origin="account",
        stacks=stacks_of_resources(stack, {environment: resources}),
        notes=(*reader.notes, *failure_messages(pool.failures)),
        images=reader.images,
    )


@dataclass(slots=True)
class _InventoryReader:
    """The calls for one inventory, and the resources that cannot be adopted."""

    session: Session
    pool: ThreadPool
    counter: ImageCounter
    notes: list[str] = field(default_factory=list)
    images: dict[str, Sequence[Image]] = field(default_factory=dict)

    def repositories(self) -> Iterator[dict[str, Any]]:
        """Yield the repositories that belong to no stack."""
        ecr = self.session.service("ecr")
        described = {each["repositoryName"]: each for each in self._pages(ecr, "DescribeRepositories")}
        self.pool.add_steps(4 * len(described))
        policies = self.pool.each(
            "repository policies", described, policy_reader(ecr, "GetRepositoryPolicy", "policyText")
        )
        reader = policy_reader(ecr, "GetLifecyclePolicy", "lifecyclePolicyText")
        lifecycles = self.pool.each("lifecycle policies", described, reader)
        tags = self.pool.each("resource tags", described, lambda name: _tags(ecr, described[name]))
        own = self._without_stack(described, policies, lifecycles, tags)
        mutable = [name for name in own if described[name].get("imageTagMutability") != "IMMUTABLE"]
        listed = self.pool.each("images", mutable, lambda name: list_images(ecr, name, counter=self.counter))
        self.images |= {name: tuple(images_of_details(details)) for name, details in listed.items()}
        managed = self._aws_managed_keys([described[name] for name in own])
        for name in own:
            properties = _repository(described[name], managed)
            texts = {"RepositoryPolicyText": policies[name], "LifecyclePolicy": _lifecycle(lifecycles[name])}
            properties |= {key: value for key, value in texts.items() if value}
            given = [{"Key": key, "Value": value} for key, value in tags[name].items() if not key.startswith(_RESERVED)]
            properties |= {"Tags": given} if given else {}
            yield {"Type": REPOSITORY, "Properties": properties}

    def registry(self) -> Iterator[dict[str, Any]]:
        """Yield the settings of the registry."""
        ecr = self.session.service("ecr")
        yield from self._scanning(ecr)
        yield from self._replication(ecr)
        if text := (self._answer(ecr, "GetRegistryPolicy", {}) or {}).get("policyText"):
            yield {"Type": "AWS::ECR::RegistryPolicy", "Properties": {"PolicyText": text}}
        for template in self._pages(ecr, "DescribeRepositoryCreationTemplates"):
            yield {"Type": CREATION_TEMPLATE, "Properties": _template(template)}
        for rule in self._pages(ecr, "DescribePullThroughCacheRules"):
            known = {name: rule[name] for name in _CACHE_MEMBERS if rule.get(name) is not None}
            yield {"Type": "AWS::ECR::PullThroughCacheRule", "Properties": with_property_names(known)}
        signing = (self._answer(ecr, "GetSigningConfiguration", {}) or {}).get("signingConfiguration", {})
        if signing.get("rules"):
            properties = {"Rules": with_property_names(signing["rules"])}
            yield {"Type": "AWS::ECR::SigningConfiguration", "Properties": properties}
        for principal in self._pages(ecr, "ListPullTimeUpdateExclusions"):
            yield {"Type": "AWS::ECR::PullTimeUpdateExclusion", "Properties": {"PrincipalArn": principal}}
        self._note_account_settings(ecr)

    def _without_stack(self, described: Mapping[str, Any], *read: Mapping[str, Any]) -> list[str]:
        """Return the repositories of which everything was read and that belong to no stack, and note the others."""
        tags = read[-1]
        found = []
        for name in described:
            if not all(name in each for each in read):
                self.notes.append(f"{name} is left out, because a policy or its resource tags could not be read")
            elif owner := tags[name].get(_STACK_TAG):
                command = f"aws cloudformation get-template --stack-name {owner} > {owner}.json"
                reason = f"it belongs to the stack {owner}; adopt the template of the stack: {command}"
                self.notes.append(f"{name} is left out, because {reason}")
            else:
                found.append(name)
        return found

    def _aws_managed_keys(self, described: Sequence[Mapping[str, Any]]) -> set[str]:
        """Return the AWS managed keys. ECR describes a repository that uses aws/ecr with the ARN of that key."""
        arns = {key for each in described if (key := each.get("encryptionConfiguration", {}).get("kmsKey"))}
        if not arns:
            return set()
        kms = self.session.service("kms")
        answers = self.pool.each("keys", sorted(arns), lambda arn: kms.call("DescribeKey", {"KeyId": arn}))
        return {arn for arn, each in answers.items() if each.get("KeyMetadata", {}).get("KeyManager") == "AWS"}

    def _scanning(self, ecr: Service) -> Iterator[dict[str, Any]]:
        answer = self._answer(ecr, "GetRegistryScanningConfiguration", {}) or {}
        configuration = answer.get("scanningConfiguration", {})
        # Every registry has a configuration. Without a change it is BASIC, without rules.
        rules = [each for each in configuration.get("rules", ()) if each.get("scanFrequency") != "MANUAL"]
        if rules or configuration.get("scanType", "BASIC") != "BASIC":
            properties = with_property_names({"scanType": configuration["scanType"], "rules": rules})
            yield {"Type": "AWS::ECR::RegistryScanningConfiguration", "Properties": properties}

    def _replication(self, ecr: Service) -> Iterator[dict[str, Any]]:
        answer = self._answer(ecr, "DescribeRegistry", {}) or {}
        rules = answer.get("replicationConfiguration", {}).get("rules", [])
        if any(each.get("deleteReplication", {}).get("enabled") for each in rules):
            self.notes.append(
                "the replication configuration is left out, because it replicates deletions, and CloudFormation has no "
                "property for that"
            )
        elif rules:
            known = [
                {key: each[key] for key in ("destinations", "repositoryFilters") if each.get(key)} for each in rules
            ]
            properties = {"ReplicationConfiguration": {"Rules": with_property_names(known)}}
            yield {"Type": "AWS::ECR::ReplicationConfiguration", "Properties": properties}

    def _note_account_settings(self, ecr: Service) -> None:
        for name in _ACCOUNT_SETTINGS:
            answer = self._answer(ecr, "GetAccountSetting", {"name": name})
            if answer and answer.get("value"):
                self.notes.append(f"the account setting {name} is {answer['value']}; CloudFormation has no type for it")

    def _answer(self, ecr: Service, operation: str, request: Mapping[str, object]) -> Mapping[str, Any] | None:
        try:
            return ecr.call(operation, request)
        except CallFailed as failed:
            self._note(operation, failed)
            return None

    def _pages(self, ecr: Service, operation: str) -> list[Any]:
        member = _MEMBERS[operation]
        try:
            return [
                each
                for page in ecr.pages(operation, {"maxResults": _A_PAGE[operation]})
                for each in page.get(member, ())
            ]
        except CallFailed as failed:
            self._note(operation, failed)
            return []

    def _note(self, operation: str, failed: CallFailed) -> None:
        if failed.is_final or operation == "DescribeRepositories":
            raise failed
        if failed.code not in NOT_SET:
            self.notes.append(f"ecr:{operation} failed, so its settings are left out: {failed.reason}")


_A_PAGE = {
    "DescribePullThroughCacheRules": 100,
    "DescribeRepositories": 1_000,
    "DescribeRepositoryCreationTemplates": 100,
    "ListPullTimeUpdateExclusions": 100,
}


def _tags(ecr: Service, repository: Mapping[str, Any]) -> dict[str, str]:
    answer = ecr.call("ListTagsForResource", {"resourceArn": repository["repositoryArn"]})
    return {each["Key"]: each["Value"] for each in answer.get("tags", ())}


def _repository(described: Mapping[str, Any], managed: set[str]) -> dict[str, Any]:
    encryption = with_property_names(described.get("encryptionConfiguration", {}))
    if encryption.get("KmsKey") in managed:
        del encryption["KmsKey"]
    is_aes256 = encryption.get("EncryptionType", "AES256") == "AES256"
    scans = described.get("imageScanningConfiguration", {}).get("scanOnPush", False)
    return {
        "RepositoryName": described["repositoryName"],
        **_mutability(described),
        "ImageScanningConfiguration": {"ScanOnPush": scans},
        **({} if is_aes256 else {"EncryptionConfiguration": encryption}),
    }


def _template(described: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: described[name] for name in _TEMPLATE_MEMBERS if described.get(name)}
    encryption = with_property_names(described.get("encryptionConfiguration", {}))
    texts = {"LifecyclePolicy": "lifecyclePolicy", "RepositoryPolicy": "repositoryPolicy"}
    return {
        **with_property_names(known),
        **_mutability(described),
        **({"EncryptionConfiguration": encryption} if encryption.get("EncryptionType", "AES256") != "AES256" else {}),
        **{name: described[member] for name, member in texts.items() if described.get(member)},
    }


def _mutability(described: Mapping[str, Any]) -> dict[str, Any]:
    filters = [
        {
            "ImageTagMutabilityExclusionFilterType": each.get("filterType", "WILDCARD"),
            "ImageTagMutabilityExclusionFilterValue": each["filter"],
        }
        for each in described.get("imageTagMutabilityExclusionFilters") or ()
    ]
    mode = {"ImageTagMutability": described.get("imageTagMutability", "MUTABLE")}
    return {**mode, **({"ImageTagMutabilityExclusionFilters": filters} if filters else {})}


def _lifecycle(text: object) -> dict[str, object] | None:
    return {"LifecyclePolicyText": text} if text else None
