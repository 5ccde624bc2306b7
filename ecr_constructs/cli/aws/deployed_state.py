"""The deployed state of an app: the templates of its stacks, and the registry of the account."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ecr_constructs._documentation import page
from ecr_constructs.cli.aws.errors import CallFailed, failure_messages, raise_as_unavailable
from ecr_constructs.cli.aws.registry_answers import NOT_SET, policy_reader, settings_of, template_of
from ecr_constructs.cli.aws.session import Service, Session, open_session
from ecr_constructs.cli.aws.thread_pool import thread_pool
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.progress import NoProgress
from ecr_constructs.cli.sources.json_files import parse
from ecr_constructs.model.changes.change import Change
from ecr_constructs.model.changes.comparison import find_changes, in_order
from ecr_constructs.model.changes.live_state import live_changes
from ecr_constructs.model.changes.settings import Listing
from ecr_constructs.model.changes.state import (
    CREATION_TEMPLATE,
    REPOSITORY,
    Resource,
    StackTemplate,
    State,
    object_of,
    read_state,
)

__all__ = ["check_account"]

_NESTED = "AWS::CloudFormation::Stack"
_ACCOUNT = "account"
_NO_STACK = "does not exist"
# Stacks with a template and without its resources: a first deployment that was rolled back, and a change set that was
# not executed. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
_NOT_DEPLOYED = ("ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS")


def check_account(
    templates: Sequence[StackTemplate],
    listing: Listing | None,
    *,
    profile: str | None,
    region: str | None,
    role: str | None,
) -> tuple[Change, ...]:
    """
    Return the changes that a deployment of templates to an account would make.

    Args:
        templates: The templates of the update.
        listing: The images, for the differences of lifecycle policies. Default: not known.
        profile: A profile of the AWS configuration. Default: that of the environment.
        region: The Region. Default: that of the environment or the profile.
        role: The ARN of a role to assume. Default: none.

    Raises:
        AccountUnavailable: If the account cannot be read at all.
        CommandError: If no template is for this account and Region.

    """
    session = open_session(profile=profile, region=region, role=role)
    reader = _StateReader(session)
    chosen = [each for each in templates if reader.is_here(each)]
    if not chosen:
        message = f"it has no stack for {reader.environment}; choose another --profile or --region"
        raise CommandError([message])
    with raise_as_unavailable():
        old = read_state(reader.deployed(chosen))
        new = read_state(replace(each, parameters=reader.parameters.get(each.stack, {})) for each in chosen)
        live = reader.registry(old, new)
    changes = (*find_changes(old, new, listing), *live_changes(old, new, live), *reader.unread)
    return in_order(changes)


@dataclass(slots=True)
class _StateReader:
    """The calls for one comparison, and the data that could not be read."""

    session: Session
    parameters: dict[str, Mapping[str, str]] = field(default_factory=dict)
    unread: list[Change] = field(default_factory=list)

    @property
    def environment(self) -> str:
        """The account and Region."""
        return f"{self.session.account_id}/{self.session.region}"

    def is_here(self, template: StackTemplate) -> bool:
        """Return whether a stack is for this account and Region. One for others is reported as not read."""
        if template.environment in (None, self.environment):
            return True
        self._add(template.stack, f"the stack is for {template.environment}, and this is {self.environment}")
        return False

    def deployed(self, templates: Sequence[StackTemplate]) -> Iterator[StackTemplate]:
        """Yield the deployed templates of stacks, and of their nested stacks."""
        cloudformation = self.session.service("cloudformation")
        for each in templates:
            if "/" not in each.stack:
                yield from self._stack(cloudformation, each.stack, each.stack)

    def registry(self, old: State, new: State) -> State:
        """Return the repositories and the settings of the registry as resources."""
        ecr = self.session.service("ecr")
        found = [*self._repositories(ecr, old, new), *self._settings(ecr)]
        return State(resources={each.key: each for each in found}, stacks=(_ACCOUNT,))

    def _stack(self, cloudformation: Service, name: str, identifier: str) -> Iterator[StackTemplate]:
        try:
            stack = cloudformation.call("DescribeStacks", {"StackName": identifier})["Stacks"][0]
            if stack.get("StackStatus") in _NOT_DEPLOYED:
                return
            body = cloudformation.call("GetTemplate", {"StackName": identifier})["TemplateBody"]
        except CallFailed as failed:
            if failed.is_final:
                raise
            if _NO_STACK not in str(failed):
                self._add(name, f"its deployed template was not read: {failed.reason}")
            return
        template = object_of(parse(body, where=name) if isinstance(body, str) else body)
        parameters = {each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", ())}
        self.parameters[name] = parameters
        yield StackTemplate(stack=name, template=template, environment=self.environment, parameters=parameters)
        for logical_id, resource in object_of(template.get("Resources")).items():
            if object_of(resource).get("Type") == _NESTED:
                yield from self._nested(cloudformation, f"{name}/{logical_id}", identifier, logical_id)

    def _nested(self, cloudformation: Service, name: str, parent: str, logical_id: str) -> Iterator[StackTemplate]:
        request = {"StackName": parent, "LogicalResourceId": logical_id}
        try:
            detail = cloudformation.call("DescribeStackResource", request)["StackResourceDetail"]
        except CallFailed as failed:
            self._add(name, f"its deployed template was not read: {failed.reason}")
            return
        yield from self._stack(cloudformation, name, detail["PhysicalResourceId"])

    def _repositories(self, ecr: Service, old: State, new: State) -> Iterator[Resource]:
        described = self._pages(ecr, "DescribeRepositories", "repositories", {"maxResults": 1_000})
        templates = self._pages(ecr, "DescribeRepositoryCreationTemplates", "repositoryCreationTemplates", {})
        yield from (self._resource(CREATION_TEMPLATE, each["prefix"], template_of(each)) for each in templates)
        resources = [each for state in (old, new) for each in state.resources.values()]
        has_templates = bool(templates) or any(each.resource_type == CREATION_TEMPLATE for each in resources)
        declared = {each.name for each in resources if each.resource_type == REPOSITORY}
        names = [each["repositoryName"] for each in described]
        policies, lifecycles = self._policies(
            ecr,
            [name for name in names if has_templates or name in declared],
            [name for name in names if has_templates and name not in declared],
        )
        for each in described:
            name = each["repositoryName"]
            texts = {"RepositoryPolicyText": policies.get(name), "LifecyclePolicy": lifecycles.get(name)}
            known = {key: value for key, value in texts.items() if value is not None}
            yield self._resource(REPOSITORY, name, {"RepositoryName": name, **settings_of(each), **known})

    def _policies(
        self, ecr: Service, names: Sequence[str], undeclared: Sequence[str]
    ) -> tuple[Mapping[str, object], Mapping[str, object]]:
        """Return the repository policies of some repositories, and the lifecycle policies of some."""
        with thread_pool(NoProgress()) as pool:
            policies = pool.each("repository policies", names, policy_reader(ecr, "GetRepositoryPolicy", "policyText"))
            reader = policy_reader(ecr, "GetLifecyclePolicy", "lifecyclePolicyText")
            lifecycles = pool.each("lifecycle policies", undeclared, reader)
            for message in failure_messages(pool.failures):
                self._add(_ACCOUNT, message)
        return policies, lifecycles

    def _settings(self, ecr: Service) -> Iterator[Resource]:
        for rule in self._pages(ecr, "DescribePullThroughCacheRules", "pullThroughCacheRules", {}):
            prefix = rule["ecrRepositoryPrefix"]
            yield self._resource("AWS::ECR::PullThroughCacheRule", prefix, {"EcrRepositoryPrefix": prefix})
        for resource_type, operation, is_set in _SINGLETONS:
            if is_set(self._answer(ecr, operation, {}) or {}):
                yield self._resource(resource_type, resource_type.rpartition(":")[2], {})

    def _resource(self, resource_type: str, name: str, properties: Mapping[str, Any]) -> Resource:
        return Resource(
            stack=_ACCOUNT,
            logical_id=name if resource_type == REPOSITORY else f"{resource_type.rpartition(':')[2]} {name}",
            resource_type=resource_type,
            properties=properties,
            environment=self.environment,
        )

    def _answer(self, ecr: Service, operation: str, request: Mapping[str, object]) -> Mapping[str, Any] | None:
        try:
            return ecr.call(operation, request)
        except CallFailed as failed:
            self._note(operation, failed)
            return None

    def _pages(self, ecr: Service, operation: str, member: str, request: Mapping[str, object]) -> list[Any]:
        try:
            return [each for page in ecr.pages(operation, request) for each in page.get(member, ())]
        except CallFailed as failed:
            self._note(operation, failed)
            return []

    def _note(self, operation: str, failed: CallFailed) -> None:
        if failed.is_final:
            raise failed
        if failed.code not in NOT_SET:
            self._add(_ACCOUNT, f"ecr:{operation} failed, so its settings are not compared: {failed.reason}")

    def _add(self, stack: str, sentence: str) -> None:
        remedy = f"run the command with credentials that can read it; {page('Check a change')} lists the permissions"
        change = Change(id="unread-state", severity="warning", stack=stack, sentence=sentence, remedy=remedy)
        if change not in self.unread:
            self.unread.append(change)


def _has_scanning(answer: Mapping[str, Any]) -> bool:
    # Every registry has a scanning configuration. Without a change it is BASIC, without rules.
    configuration = answer.get("scanningConfiguration", {})
    return bool(configuration.get("rules")) or configuration.get("scanType", "BASIC") != "BASIC"


_SINGLETONS: tuple[tuple[str, str, Callable[[Mapping[str, Any]], bool]], ...] = (
    ("AWS::ECR::RegistryPolicy", "GetRegistryPolicy", lambda answer: bool(answer.get("policyText"))),
    ("AWS::ECR::RegistryScanningConfiguration", "GetRegistryScanningConfiguration", _has_scanning),
    (
        "AWS::ECR::ReplicationConfiguration",
        "DescribeRegistry",
        lambda answer: bool(answer.get("replicationConfiguration", {}).get("rules")),
    ),
    (
        "AWS::ECR::SigningConfiguration",
        "GetSigningConfiguration",
        lambda answer: bool(answer.get("signingConfiguration", {}).get("rules")),
    ),
)
