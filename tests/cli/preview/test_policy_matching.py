"""The matching of policies and repositories."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.preview.policy_matching import match_policies, require_matches, select_repositories
from tests.cli.listings import GENEROUS, POLICY, policy

MISSING = "it is not there"


def test_a_policy_applies_to_the_repository_that_it_names() -> None:
    api, web = policy(repository="prod/api"), policy(repository="prod/web")
    matches = match_policies([api, web], ["prod/api", "prod/db"])

    assert matches.policies == {"prod/api": api}
    assert matches.without_images == (web,)
    assert matches.without_policy == ("prod/db",)


def test_the_longest_prefix_applies_and_root_is_the_last() -> None:
    cases: list[tuple[str, str]] = [
        ("prod/api", "prod"),
        ("prod/team/api", "prod/team/"),
        ("production/api", "ROOT"),
        ("prod", "ROOT"),
        ("ROOT/api", "ROOT"),
    ]
    for name, prefix in cases:
        templates = [policy(prefix=each) for each in ("ROOT", "prod", "prod/team/")]

        assert match_policies(templates, [name]).policies[name].prefix == prefix


def test_a_creation_template_does_not_apply_to_repositories_that_a_policy_names() -> None:
    own, template = policy(repository="prod/api"), policy(prefix="prod")
    matches = match_policies([template, own], ["prod/api"])

    assert matches.policies == {"prod/api": own}
    assert matches.without_images == (template,)


def test_a_single_policy_without_a_repository_applies_to_every_repository() -> None:
    alone = policy()

    assert match_policies([alone], ["b", "a"]).policies == {"a": alone, "b": alone}
    assert match_policies([alone], []).without_images == (alone,)


def test_a_policy_without_a_repository_among_others_applies_to_none() -> None:
    loose, own = policy(), policy(repository="api")
    matches = match_policies([loose, own], ["api", "web"])

    assert matches.policies == {"api": own}
    assert matches.without_images == (loose,)


def test_the_same_policy_in_several_stacks_is_one_policy() -> None:
    twice = [policy(repository="api", where=where) for where in ("cdk.out: Dev/Api", "cdk.out: Prod/Api")]

    assert match_policies(twice, ["api"]).policies["api"].where == "cdk.out: Dev/Api, cdk.out: Prod/Api"
    assert match_policies(twice, ["api"]).without_images == ()


@pytest.mark.parametrize(("field", "name"), [("repository", "api"), ("prefix", "prod")])
def test_different_policies_for_one_name_are_rejected(field: str, name: str) -> None:
    named: dict[str, Any] = {field: name}
    one = replace(policy(where="cdk.out: Dev/Api"), **named)
    other = replace(policy(GENEROUS, where="cdk.out: Prod/Api"), **named)
    with pytest.raises(CommandError) as caught:
        match_policies([one, other], ["api", "prod/api"])

    assert caught.value.path == name
    assert str(caught.value) == (
        f"{name}: cdk.out: Dev/Api and cdk.out: Prod/Api have different policies for it; "
        "preview one at a time, each from the template of its stack"
    )


def test_the_templates_to_preview_one_at_a_time_are_named() -> None:
    one, other = (
        policy(lifecycle, repository="api", file=f"cdk.out/{name}.template.json")
        for name, lifecycle in (("Dev", POLICY), ("Prod", GENEROUS))
    )
    with pytest.raises(CommandError, match=r"cdk.out/Dev\.template\.json and cdk.out/Prod\.template\.json$"):
        match_policies([one, other], ["api"])


def test_different_policies_of_unselected_repositories_are_accepted() -> None:
    web = policy(repository="web")
    conflict = [policy(each, **{field: "api"}) for each in (POLICY, GENEROUS) for field in ("repository", "prefix")]
    matches = match_policies([*conflict, web], ["web"])

    assert matches.policies == {"web": web}
    assert len(matches.without_images) == 4


def test_repositories_are_chosen_by_name_and_wildcard() -> None:
    names = ["dev/api", "prod/api", "prod/web"]

    assert select_repositories(names, []) == tuple(names)
    assert select_repositories(names, ["prod/*"]) == ("prod/api", "prod/web")
    assert select_repositories(names, ["*/web", "dev/api"]) == ("dev/api", "prod/web")


def test_a_name_that_selects_no_repository_is_rejected() -> None:
    with pytest.raises(CommandError) as caught:
        require_matches(["prod/api"], ["prod/*", "prd/*", "dev"], [policy(repository="db")], MISSING)

    assert caught.value.path == "--repository prd/* dev"
    assert caught.value.problems == (
        "no repository matches; correct the name, or remove the option to preview all repositories",
    )


def test_a_name_of_a_policy_without_images_is_rejected() -> None:
    with pytest.raises(CommandError) as caught:
        require_matches(["prod/api"], ["prod/w*"], [policy(repository="prod/web", where="cdk.out: App/Web")], MISSING)

    assert str(caught.value) == (
        "--repository prod/w*: cdk.out: App/Web has a policy for prod/web, but it is not there"
    )
