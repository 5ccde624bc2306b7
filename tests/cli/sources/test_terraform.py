"""Policies in the output of `terraform show -json`, and in state files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.sources.policies import PolicySet, read_policies
from ecr_constructs.model import Immutability, LifecyclePolicy, limit_images

POLICIES = {name: LifecyclePolicy.of(limit_images(number)) for number, name in enumerate(["api", "web", "db"], start=1)}


def resource(kind: str, name: str, index: object = None, /, **values: object) -> dict[str, Any]:
    found = {"mode": "managed", "type": kind, "name": name, "values": values}
    return found if index is None else {**found, "index": index}


def repository(name: str, index: object = None, **values: object) -> dict[str, Any]:
    return resource("aws_ecr_repository", "this", index, name=name, **values)


def policy(of: str | None, index: object = None, text: str | None = None) -> dict[str, Any]:
    values = {"policy": text or POLICIES[str(of)].to_json()} | ({"repository": of} if of else {})
    return resource("aws_ecr_lifecycle_policy", "this", index, **values)


def state(*resources: dict[str, Any], **modules: list[dict[str, Any]]) -> dict[str, Any]:
    children = [{"address": f"module.{name}", "resources": found} for name, found in modules.items()]
    root = {"resources": list(resources), "child_modules": children}
    return {"format_version": "1.0", "terraform_version": "1.9.0", "values": {"root_module": root}}


def plan(*resources: dict[str, Any], configuration: object = None, unknown: object = None) -> dict[str, Any]:
    planned = state(*resources)
    changes = [{"address": address, "change": {"after_unknown": value}} for address, value in (unknown or {}).items()]  # type: ignore[attr-defined]  # a dictionary
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": planned["values"],
        "resource_changes": changes,
        "configuration": {"root_module": configuration or {}},
    }


def read(tmp_path: Path, document: object) -> PolicySet:
    path = tmp_path / "show.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return read_policies(str(path))


def names(found: PolicySet) -> dict[str | None, LifecyclePolicy]:
    assert found.unread == ()
    return {each.repository: each.policy for each in found.policies}


def test_a_state_has_the_policy_of_each_repository_with_its_immutability(tmp_path: Path) -> None:
    filters = [{"filter": "dev-*", "filter_type": "WILDCARD"}]
    api = repository(
        "api", image_tag_mutability="IMMUTABLE_WITH_EXCLUSION", image_tag_mutability_exclusion_filter=filters
    )
    [found] = read(tmp_path, state(api, policy("api"))).policies

    assert (found.repository, found.policy) == ("api", POLICIES["api"])
    assert found.where == f"{tmp_path / 'show.json'}: aws_ecr_lifecycle_policy.this"
    assert found.immutability == Immutability.all_tags_except("dev-*")


def test_repositories_of_modules_with_keys_are_read_with_their_addresses(tmp_path: Path) -> None:
    document = state(shop=[repository("api", "a"), repository("web", "w"), policy("api", "a"), policy("web", "w")])
    found = read(tmp_path, document)

    assert names(found) == {"api": POLICIES["api"], "web": POLICIES["web"]}
    assert found.policies[0].where.endswith(': module.shop.aws_ecr_lifecycle_policy.this["a"]')


def test_a_repository_without_a_policy_has_one_without_rules(tmp_path: Path) -> None:
    assert names(read(tmp_path, state(repository("db")))) == {"db": LifecyclePolicy.none()}


def test_a_policy_of_a_repository_that_is_elsewhere_has_its_name(tmp_path: Path) -> None:
    assert names(read(tmp_path, state(policy("web")))) == {"web": POLICIES["web"]}


@pytest.mark.parametrize("keys", [(None,), (0, 1), ("a", "b")])
def test_a_plan_finds_a_repository_that_is_referenced_and_not_yet_created(tmp_path: Path, keys: list[object]) -> None:
    found = ["api", "web"][: len(keys)]
    resources = [repository(name, key) for name, key in zip(found, keys, strict=True)]
    resources += [policy(None, key, POLICIES[name].to_json()) for name, key in zip(found, keys, strict=True)]
    references = ["aws_ecr_repository.this", "each.key"]
    configuration = {
        "resources": [
            {
                "type": "aws_ecr_lifecycle_policy",
                "name": "this",
                "expressions": {"repository": {"references": references}},
            }
        ]
    }

    assert names(read(tmp_path, plan(*resources, configuration=configuration))) == {
        name: POLICIES[name] for name in found
    }


def referring(*references: str, **more: object) -> dict[str, Any]:
    """Return the configuration of a policy whose repository is given by references."""
    expressions = {"repository": {"references": list(references)}}
    return {"type": "aws_ecr_lifecycle_policy", "name": "this", "expressions": expressions, **more}


OUTPUT = {"name": {"expression": {"references": ["aws_ecr_repository.this.name", "aws_ecr_repository.this"]}}}
POLICY = policy(None, None, POLICIES["api"].to_json())


@pytest.mark.parametrize(
    ("root", "modules", "configuration"),
    [
        (
            [POLICY],
            {"shop": [repository("api")]},
            {
                "resources": [referring("module.shop.name", "module.shop")],
                "module_calls": {"shop": {"module": {"outputs": OUTPUT}}},
            },
        ),
        (
            [repository("api")],
            {"rules": [POLICY]},
            {
                "module_calls": {
                    "rules": {
                        "expressions": {"to": {"references": ["aws_ecr_repository.this.id"]}},
                        "module": {"resources": [referring("var.to")]},
                    }
                }
            },
        ),
        (
            [],
            {"shop": [repository("api")], "rules": [POLICY]},
            {
                "module_calls": {
                    "shop": {"module": {"outputs": OUTPUT}},
                    "rules": {
                        "expressions": {"to": {"references": ["module.shop.name", "module.shop"]}},
                        "module": {"resources": [referring("var.to")]},
                    },
                }
            },
        ),
        (
            [policy(None, "a", POLICIES["api"].to_json())],
            {'shop["a"]': [repository("api")], 'shop["b"]': [repository("web")]},
            {
                "resources": [referring('module.shop["a"].name', 'module.shop["a"]')],
                "module_calls": {"shop": {"module": {"outputs": OUTPUT}}},
            },
        ),
        (
            [repository("api", "a"), repository("web", "b"), policy(None, "a", POLICIES["api"].to_json())],
            {},
            {
                "resources": [
                    referring("each.value.name", for_each_expression={"references": ["aws_ecr_repository.this"]})
                ]
            },
        ),
        (
            [repository("api", "a"), repository("web", "b")],
            {'rules["a"]': [POLICY]},
            {
                "module_calls": {
                    "rules": {
                        "expressions": {"to": {"references": ["each.value.name", "each.value"]}},
                        "for_each_expression": {"references": ["aws_ecr_repository.this"]},
                        "module": {"resources": [referring("var.to")]},
                    }
                }
            },
        ),
    ],
    ids=[
        "output",
        "variable",
        "output in a variable",
        "output of a module with a key",
        "for_each",
        "for_each of a module",
    ],
)
def test_a_reference_through_modules_is_found(
    tmp_path: Path, root: list[Any], modules: dict[str, list[Any]], configuration: object
) -> None:
    document = plan(configuration=configuration)
    document["planned_values"] = state(*root, **modules)["values"]

    assert names(read(tmp_path, document))["api"] == POLICIES["api"]
    assert None not in names(read(tmp_path, document))


def test_a_configuration_that_refers_to_itself_is_read(tmp_path: Path) -> None:
    loop: dict[str, Any] = {"shop": {"module": {"outputs": {"name": {"expression": {"references": ["var.a"]}}}}}}
    loop["shop"]["expressions"] = {"a": {"references": ["module.shop.name"]}}
    document = plan(POLICY, configuration={"resources": [referring("module.shop.name")], "module_calls": loop})

    assert names(read(tmp_path, document)) == {None: POLICIES["api"]}


def test_a_reference_inside_a_module_with_a_key_is_found(tmp_path: Path) -> None:
    inner = {
        "resources": [
            {
                "type": "aws_ecr_lifecycle_policy",
                "name": "this",
                "expressions": {"repository": {"references": ["aws_ecr_repository.this.id"]}},
            }
        ]
    }
    document = plan(configuration={"module_calls": {"team": {"module": {"module_calls": {"ecr": {"module": inner}}}}}})
    modules = [
        {
            "address": f'module.team["{key}.x"].module.ecr',
            "resources": [repository(key), policy(None, None, POLICIES[key].to_json())],
        }
        for key in ("api", "web")
    ]
    outer = [{"address": f'module.team["{key}.x"]', "child_modules": [module]} for key, module in zip("ab", modules)]  # noqa: B905  (both have two)
    document["planned_values"]["root_module"]["child_modules"] = outer

    assert names(read(tmp_path, document)) == {"api": POLICIES["api"], "web": POLICIES["web"]}


def test_a_reference_is_not_that_of_a_repository_in_another_module(tmp_path: Path) -> None:
    references = {"repository": {"references": ["aws_ecr_repository.this"]}}
    configuration = {"resources": [{"type": "aws_ecr_lifecycle_policy", "name": "this", "expressions": references}]}
    document = plan(policy(None, None, POLICIES["api"].to_json()), configuration=configuration)
    document["planned_values"]["root_module"]["child_modules"] = [
        {"address": "module.other", "resources": [repository("web")]}
    ]

    assert names(read(tmp_path, document)) == {None: POLICIES["api"], "web": LifecyclePolicy.none()}


def test_a_text_that_is_known_after_apply_is_not_read(tmp_path: Path) -> None:
    late = resource("aws_ecr_lifecycle_policy", "this", repository="api")
    template = resource("aws_ecr_repository_creation_template", "t", prefix="teams")
    unknown = {"aws_ecr_repository_creation_template.t": {"lifecycle_policy": True}}
    found = read(tmp_path, plan(repository("api"), late, template, unknown=unknown))

    assert [(each.repository, each.prefix) for each in found.unread] == [("api", None), (None, "teams")]
    assert all(each.problems[0].startswith("Terraform computes the text") for each in found.unread)
    assert not any(each.is_invalid for each in found.unread)


def test_the_policy_of_a_creation_template_is_read_with_its_prefix(tmp_path: Path) -> None:
    template = resource(
        "aws_ecr_repository_creation_template",
        "t",
        prefix="teams",
        lifecycle_policy=POLICIES["db"].to_json(),
        image_tag_mutability="IMMUTABLE",
    )
    [found] = read(tmp_path, state(template)).policies

    assert (found.prefix, found.policy, found.immutability) == ("teams", POLICIES["db"], Immutability.all_tags())


def test_an_invalid_policy_is_reported_with_its_address(tmp_path: Path) -> None:
    [found] = read(tmp_path, state(policy("api", None, '{"rules": []}'))).unread

    assert found.is_invalid
    assert found.where.endswith(": aws_ecr_lifecycle_policy.this")


def test_data_sources_and_malformed_entries_are_skipped(tmp_path: Path) -> None:
    data = {**policy("web"), "mode": "data"}
    odd: list[Any] = [None, 1, {"type": "aws_ecr_repository"}, {"values": []}]

    assert names(read(tmp_path, state(data, *odd, policy("api"))))["api"] == POLICIES["api"]


def test_a_state_file_is_read_without_deposed_instances(tmp_path: Path) -> None:
    instances = [
        {"index_key": "a", "attributes": {"repository": "api", "policy": POLICIES["api"].to_json()}},
        {"index_key": "a", "deposed": "0f", "attributes": {"repository": "old", "policy": "{}"}},
    ]
    resources = [
        {
            "mode": "managed",
            "module": "module.x",
            "type": "aws_ecr_lifecycle_policy",
            "name": "p",
            "instances": instances,
        }
    ]
    path = tmp_path / "terraform.tfstate"
    path.write_text(json.dumps({"version": 4, "terraform_version": "1.9.0", "resources": resources}))

    for source in (path, tmp_path):
        state_file = read_policies(str(source))
        [found] = state_file.policies
        assert state_file.unread == ()
        assert (found.repository, found.policy) == ("api", POLICIES["api"])
        assert found.where == f'{path}: module.x.aws_ecr_lifecycle_policy.p["a"]'
