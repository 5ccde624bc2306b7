"""The report in Markdown: the import, the resources without a construct, and the steps to hardened repositories."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ecr_constructs.cli.adoption.hardening import Step, hardening_steps, pushed_again
from ecr_constructs.cli.adoption.import_mapping import import_mapping
from ecr_constructs.cli.adoption.plan import AdoptionPlan, StackPlan
from ecr_constructs.cli.adoption.planned import PlannedConstruct, is_repository
from ecr_constructs.cli.formatting import count, omitted, printable
from ecr_constructs.model.changes.access import statements_of_policy
from ecr_constructs.model.template_syntax import mapping
from ecr_constructs.model.word_lists import shortened

__all__ = ["report"]

_MOST_ROWS = 50
_MOST_LINES = 60
_MOST_TAGS = 8
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~])")
_LAMBDA = "lambda.amazonaws.com"


def report(plan: AdoptionPlan, source: str, *, template: str | None = None) -> str:
    """
    Return the report.

    Args:
        plan: The plan of the program.
        source: The readable source.
        template: The path of the source from the folder of the program. Default: the source is not a file.

    """
    sections = [
        *_summary(plan, source),
        *_deployment(plan, template),
        *_policies(plan),
        *_without_construct(plan),
        *_left_out(plan),
        *_pushes(plan),
        *_steps(hardening_steps(plan)),
        *_never(plan),
    ]
    return "\n".join(sections).rstrip() + "\n"


def _summary(plan: AdoptionPlan, source: str) -> Iterator[str]:
    constructs = [each for _, each in plan.constructs]
    counts = {
        "repositories as `HardenedRepository`": sum(map(is_repository, constructs)),
        "settings of registries, caches and creation templates as constructs": sum(
            each.function in ("PrivateRegistry", "CreationTemplate", "PullThroughCache") for each in constructs
        ),
        "resources without a construct of this library": sum(bool(each.reasons) for each in constructs),
        "facts that are not in the program": len(plan.inventory.notes),
    }
    yield from ("# Adoption report", "")
    yield (
        f"`ecr-constructs adopt` wrote this program for {_without_markup(source)}. The program changes no setting. "
        "Repositories without a deletion policy are retained."
    )
    yield from ("", "| result | number |", "| --- | --- |")
    yield from (f"| {name} | {number:,} |" for name, number in counts.items())
    yield ""


# --- deployment -------------------------------------------------------------------------------------------------------


def _deployment(plan: AdoptionPlan, template: str | None) -> Iterator[str]:
    yield from ("## 1. Deploy without a change", "")
    if plan.inventory.is_deployed:
        yield from _update(plan, template)
    else:
        yield from _import(plan)


def _update(plan: AdoptionPlan, template: str | None) -> Iterator[str]:
    yield "The stacks already exist in CloudFormation. The program keeps the logical IDs, so a deployment updates them."
    yield ""
    for stack in plan.stacks:
        yield f"- {_code(stack.name)}" + _renamed(stack)
    yield from ("", "Compare the deployed template with the synthesized one before the deployment:", "")
    old = "deployed.json" if template is None else shlex.quote(printable(template))
    yield from _commands(["cdk synth", f"ecr-constructs check {old} cdk.out", "cdk diff"])
    if template is None:
        yield from ("`deployed.json` is the template that was read from standard input. Write it into this file.", "")
    yield (
        "The files `*.import.json` have the identifiers for `cdk import`, in case you move resources to another "
        "stack. They are not needed for an update of the same stack."
    )
    yield ""


def _renamed(stack: StackPlan) -> str:
    origin = f", from {_without_markup(stack.source.path)}" if stack.source.path else ""
    if stack.name == stack.source.stack:
        return f"{origin}. The stack must have this name in CloudFormation; otherwise change it in `app.py`."
    return f"{origin}. {_code(stack.source.stack)} is not a stack name; write the name of the stack into `app.py`."


def _import(plan: AdoptionPlan) -> Iterator[str]:
    yield (
        "The resources belong to no stack of CloudFormation. An import adds them to a new stack and changes nothing. "
        "An import has at most 200 resources."
    )
    yield ""
    yield from _commands(
        [
            "cdk synth",
            *(
                f"cdk import {shlex.quote(each.name)} --resource-mapping {each.name}.import.json"
                for each in plan.stacks
            ),
            "cdk diff",
            "ecr-constructs check cdk.out --live",
        ]
    )
    yield (
        "`cdk deploy --import-existing-resources` imports resources with a name in the template during a deployment: "
        "repositories, creation templates and cache rules. The settings of the registry have no name, and need the "
        "mapping."
    )
    yield ""
    unknown = [each for stack in plan.stacks for each in _unknown(stack)]
    if unknown:
        yield f"The identifier of these resources is not known, and is missing in the mapping: {_listed(unknown)}."
        yield ""
    if plan.inventory.origin == "terraform":
        yield "After the import, remove the resources from the Terraform state with `terraform state rm`."
        yield ""


def _unknown(stack: StackPlan) -> Iterator[str]:
    known = import_mapping(stack)
    for construct in stack.constructs:
        yield from (logical for logical in construct.resources if logical not in known)


# --- policies ---------------------------------------------------------------------------------------------------------


def _policies(plan: AdoptionPlan) -> Iterator[str]:
    with_policy = [each for _, each in plan.constructs if _written_policy(each) is not None]
    if not with_policy:
        return
    of_lambda = [each.name for each in with_policy if _LAMBDA in str(statements_of_policy(_written_policy(each)))]
    yield from ("## Repository policies", "")
    yield (
        f"The program declares the policy of {count(len(with_policy), 'repository')}. Keep the statements: an import, "
        "or a later update, can remove a policy that the template does not declare "
        "([cloudformation-coverage-roadmap#2493]"
        "(https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2493))."
    )
    yield ""
    if of_lambda:
        yield f"AWS Lambda pulls images with statements of {_listed(of_lambda)}."
        yield ""


def _written_policy(construct: PlannedConstruct) -> object:
    return construct.resource.properties.get("RepositoryPolicyText")


# --- resources --------------------------------------------------------------------------------------------------------


def _without_construct(plan: AdoptionPlan) -> Iterator[str]:
    found = [each for _, each in plan.constructs if each.reasons]
    if found:
        rows = (
            (_code(each.name), each.resource.resource_type, _without_markup("; ".join(each.reasons))) for each in found
        )
        yield from ("## Resources without a construct of this library", "")
        yield "The program declares them with the L1 constructs of the CDK, with the values that they have."
        yield ""
        yield from _table(("resource", "type", "reason"), rows)


def _left_out(plan: AdoptionPlan) -> Iterator[str]:
    if plan.inventory.notes:
        yield from ("## Facts that are not in the program", "")
        yield from (f"- {_without_markup(each)}" for each in plan.inventory.notes)
        yield ""


def _pushes(plan: AdoptionPlan) -> Iterator[str]:
    mutable = [each for _, each in plan.constructs if is_repository(each) and _is_mutable(each)]
    if not mutable:
        return
    yield from ("## Pushes that immutable tags would reject", "")
    yield (
        "A second push of an immutable tag fails. ECR does not record which tags were pushed again. The table lists "
        "the tags that do not name one version or one build. Untagged images can be images that lost their tag."
    )
    yield ""
    yield from _table(("repository", "tags", "untagged images"), (_push_row(plan, each) for each in mutable))


def _is_mutable(construct: PlannedConstruct) -> bool:
    return str(construct.resource.properties.get("ImageTagMutability", "MUTABLE")) == "MUTABLE"


def _push_row(plan: AdoptionPlan, construct: PlannedConstruct) -> tuple[str, str, str]:
    tags = pushed_again(plan, construct)
    if tags is None:
        return _code(construct.name), "not known; give the images with `--images`", ""
    untagged = sum(not image.tags for image in plan.inventory.images[construct.name])
    return _code(construct.name), _listed(tags, _MOST_TAGS) or "none", f"{untagged:,}"


# --- steps ------------------------------------------------------------------------------------------------------------


def _steps(steps: Sequence[Step]) -> Iterator[str]:
    for number, step in enumerate(steps, start=2):
        yield from (f"## {number}. {step.title}", "")
        yield f"{count(len(step.repositories), 'repository')}: {_listed(step.repositories)}."
        yield from ("", f"- Effect: {step.effect}", f"- Before: {step.before}", "")
        more = len(step.difference) - _MOST_LINES
        lines = [*step.difference[:_MOST_LINES], *([f"... {more:,} more lines"] if more > 0 else [])]
        yield from ("~~~diff", *map(printable, lines), "~~~", "")


def _never(plan: AdoptionPlan) -> Iterator[str]:
    repositories = [each for _, each in plan.constructs if is_repository(each)]
    if not repositories:
        return
    kinds: dict[str, list[str]] = {}
    for each in repositories:
        kinds.setdefault(_encryption(each), []).append(each.name)
    yield from ("## Never: changes that replace a repository", "")
    yield (
        "The name and the encryption of a repository are create-only. With another value, CloudFormation creates a new "
        "repository without images, or the deployment fails. No step above changes them. Use `HARDENED`, with its "
        "customer managed key, for new repositories. For these repositories, keep the encryption:"
    )
    yield ""
    yield from _table(
        ("encryption", "repositories", "argument of `settings=HARDENED`"),
        ((kind, _listed(names), _ARGUMENTS[kind]) for kind, names in sorted(kinds.items())),
    )


_ARGUMENTS: Mapping[str, str] = {
    "AES256": "`encryption=Encryption.aes256()`",
    "KMS with the AWS managed key": "`encryption=Encryption.aws_managed_key()`",
    "KMS with a key": "`encryption=Encryption.customer_key(key)`",
    "KMS_DSSE": "`encryption=Encryption.dual_layer(...)`",
}


def _encryption(construct: PlannedConstruct) -> str:
    configuration = mapping(construct.resource.properties.get("EncryptionConfiguration"))
    kind = configuration.get("EncryptionType", "AES256")
    if kind == "KMS":
        return "KMS with a key" if "KmsKey" in configuration else "KMS with the AWS managed key"
    return "KMS_DSSE" if kind == "KMS_DSSE" else "AES256"


# --- Markdown ---------------------------------------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    listed = list(rows)
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    yield from (f"| {' | '.join(row)} |" for row in listed[:_MOST_ROWS])
    if len(listed) > _MOST_ROWS:
        yield from ("", f"... {omitted(len(listed) - _MOST_ROWS)}.")
    yield ""


def _commands(lines: Sequence[str]) -> Iterator[str]:
    yield from ("```sh", *lines, "```", "")


def _listed(names: Sequence[str], most: int = 10) -> str:
    return shortened([_code(name) for name in names], most)


def _without_markup(text: str) -> str:
    """Return a text as Markdown without markup and line breaks."""
    return _MARKUP.sub(r"\\\1", printable(text))


def _code(text: str) -> str:
    """Return a text as code in Markdown."""
    return f"`{printable(text).replace('`', chr(39)).replace('|', chr(92) + '|')}`"
