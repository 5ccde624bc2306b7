"""`RepositorySettings`: its fields, and derived values."""

from __future__ import annotations

import dataclasses
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    ADOPTED,
    EPHEMERAL,
    HARDENED,
    Access,
    Encryption,
    Immutability,
    InvalidRepository,
    LifecyclePolicy,
    RepositorySettings,
    keep_latest,
)

PULL = Access.organization_pull("o-abc1234567")
PUSH = Access.account_push("111122223333")

# For each scalar field a value that is not the default.
SCALARS: dict[str, Any] = {
    "immutability": Immutability.off(),
    "lifecycle": LifecyclePolicy.of(keep_latest(3, matching="v*")),
    "encryption": Encryption.aws_managed_key(),
    "scan_on_push": False,
    "removal_policy": cdk.RemovalPolicy.DESTROY,
    "empty_on_delete": True,
}


def test_these_tests_have_every_field() -> None:
    added = {"access", "policy_statements", "resource_tags"}

    assert {each.name for each in dataclasses.fields(RepositorySettings)} == {*SCALARS, *added}


def test_hardened_has_the_default_of_every_setting() -> None:
    assert RepositorySettings() == HARDENED


def test_a_given_scalar_replaces_the_previous_value() -> None:
    for name, value in SCALARS.items():
        base = EPHEMERAL if name == "empty_on_delete" else HARDENED.but(removal_policy=cdk.RemovalPolicy.RETAIN)

        derived = base.but(**{name: value})

        assert getattr(derived, name) == value
        others = [each.name for each in dataclasses.fields(base) if each.name != name]
        assert [getattr(derived, other) for other in others] == [getattr(base, other) for other in others]


def test_a_scalar_that_is_not_given_is_kept() -> None:
    for name, value in SCALARS.items():
        base = EPHEMERAL.but(**{name: value})

        assert getattr(base.but(), name) == value


def test_false_is_given_and_none_is_not() -> None:
    cases: list[tuple[str, object]] = [("scan_on_push", False), ("empty_on_delete", False)]
    for name, value in cases:
        assert getattr(EPHEMERAL.but(**{name: value}), name) is False  # type: ignore[arg-type]
        assert getattr(EPHEMERAL.but(**{name: None}), name) is True  # type: ignore[arg-type]


def test_access_is_added_and_no_principal_is_listed_twice() -> None:
    derived = HARDENED.but(access=[PULL]).but(access=[PUSH, PULL])

    assert derived.access == (PULL, PUSH)


def test_access_cannot_be_removed() -> None:
    assert HARDENED.but(access=[PULL]).but(access=[]).access == (PULL,)


def denial(**options: Any) -> iam.PolicyStatement:
    """Return the denial of all principals outside an organization."""
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["ecr:*"],
        conditions={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-abc1234567"}},
        **options,
    )


def test_policy_statements_are_added_each_once() -> None:
    shared = denial()
    ours = HARDENED.but(policy_statements=[shared])
    teams = ours.but(policy_statements=[shared, denial(sid="Team")])

    assert [each.to_json().get("Sid") for each in teams.policy_statements] == [None, "Team"]
    assert ours.but(scan_on_push=False).policy_statements == ours.policy_statements
    assert ours == HARDENED.but(policy_statements=[denial()])


def test_a_statement_of_settings_cannot_be_changed() -> None:
    statement = denial()
    HARDENED.but(policy_statements=[statement])

    with pytest.raises(RuntimeError, match="freeze"):
        statement.add_actions("ecr:PutImage")


@pytest.mark.parametrize(
    ("statements", "problem"),
    [
        (
            [iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=["ecr:BatchGetImage"])],
            r"policy_statements\[0\]: the statement is public",
        ),
        ([denial(resources=["*"])], r"policy_statements\[0\]: the statement names resources"),
        ([denial(sid="A"), denial(sid="A", not_resources=None), denial(sid="B")], None),
        (
            [
                denial(sid="A"),
                iam.PolicyStatement(sid="A", principals=[iam.AccountPrincipal("1" * 12)], actions=["ecr:PutImage"]),
            ],
            "policy_statements: Sid 'A' is that of another statement",
        ),
    ],
)
def test_statements_that_ecr_rejects_are_an_error_of_the_settings(statements: Any, problem: str | None) -> None:
    if problem is None:
        assert len(HARDENED.but(policy_statements=statements).policy_statements) == 2
        return
    with pytest.raises(InvalidRepository, match=problem):
        HARDENED.but(policy_statements=statements)


def test_resource_tags_add_up_and_the_later_value_counts() -> None:
    derived = HARDENED.but(resource_tags={"a": "1", "b": "1"}).but(resource_tags={"b": "2", "c": "2"})

    assert derived.resource_tags == {"a": "1", "b": "2", "c": "2"}


def test_settings_are_never_changed_in_place() -> None:
    tags, access = {"team": "payments"}, [PULL]
    settings = HARDENED.but(resource_tags=tags, access=access)

    tags["team"] = "other"
    access.append(PUSH)

    assert settings.resource_tags == {"team": "payments"}
    assert settings.access == (PULL,)
    with pytest.raises(TypeError):
        settings.resource_tags["team"] = "other"  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.scan_on_push = False  # type: ignore[misc]


def test_settings_with_the_same_values_are_equal() -> None:
    assert HARDENED.but(scan_on_push=False, access=[PULL]) == HARDENED.but(access=[PULL]).but(scan_on_push=False)
    assert HARDENED != ADOPTED


def test_the_effective_lifecycle_is_the_one_that_is_given() -> None:
    policy = SCALARS["lifecycle"]

    assert HARDENED.but(lifecycle=policy).effective_lifecycle is policy


def test_the_default_lifecycle_follows_the_tags_when_settings_derive() -> None:
    age, number = HARDENED.effective_lifecycle, HARDENED.but(immutability=Immutability.off()).effective_lifecycle

    assert age.rules[0].count_type == "sinceImagePushed"
    assert number.rules[0].count_type == "imageCountMoreThan"
    assert ADOPTED.but(immutability=Immutability.all_tags()).effective_lifecycle == LifecyclePolicy.none()


def test_a_control_character_in_a_resource_tag_is_rejected() -> None:
    cases: list[str] = [
        "\n",
        "\t",
        "\r",
        "\v",
        "\f",
        "\0",
        "\x1b",
        "\x1c",
        "\x1d",
        "\x1e",
        "\x1f",
        "\x7f",
        "\x85",
        "\u200b",
        "\ud800",
    ]
    for stray in cases:
        for tags in ({f"team{stray}": "payments"}, {"team": f"pay{stray}ments"}):
            with pytest.raises(InvalidRepository, match="is not well formed; use letters, digits, spaces") as refused:
                HARDENED.but(resource_tags=tags)
            assert str(refused.value).isprintable()


def test_every_space_of_unicode_is_accepted_in_a_resource_tag() -> None:
    cases: list[str] = [" ", "\u00a0", "\u1680", "\u2003", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"]
    for space in cases:
        assert HARDENED.but(resource_tags={"team": f"pay{space}ments"}).resource_tags["team"] == f"pay{space}ments"


def test_a_control_character_beside_a_token_in_a_resource_tag_is_rejected() -> None:
    with pytest.raises(InvalidRepository, match="write it without line breaks and other control characters"):
        HARDENED.but(resource_tags={"team": f"{cdk.Aws.REGION}\n"})


def test_every_problem_of_the_result_is_reported_at_once() -> None:
    with pytest.raises(InvalidRepository) as refused:
        HARDENED.but(
            removal_policy=cdk.RemovalPolicy.SNAPSHOT, empty_on_delete=True, resource_tags={"aws:a": "", "b": "|"}
        )

    assert [problem.split(";")[0] for problem in refused.value.problems] == [
        "removal_policy SNAPSHOT is not supported by repositories",
        "empty_on_delete deletes images, and removal_policy is SNAPSHOT",
        "resource tag value of 'aws:a': '' has 0 characters",
        "resource tag key 'aws:a' begins with 'aws:', which is reserved for AWS",
        "resource tag value of 'b': '|' is not well formed",
    ]
    assert refused.value.path == ""


@pytest.mark.parametrize("make", [RepositorySettings, HARDENED.but], ids=["constructor", "but"])
def test_a_value_of_the_wrong_kind_is_a_type_error_that_shows_the_right_one(make: Any) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"immutability": "IMMUTABLE"}, r"immutability must be an Immutability such as .*, got 'IMMUTABLE'"),
        ({"lifecycle": {"rules": []}}, r"lifecycle must be a LifecyclePolicy, an Intent or a list such as"),
        ({"encryption": "KMS"}, r"encryption must be an Encryption such as .*, got 'KMS'"),
        ({"scan_on_push": 1}, r"scan_on_push must be True or False, got 1"),
        ({"removal_policy": "retain"}, r"removal_policy must be a RemovalPolicy such as"),
        ({"empty_on_delete": "no"}, r"empty_on_delete must be True or False, got 'no'"),
        ({"access": PULL}, r"access must be a list such as"),
        ({"access": "o-abc1234567"}, r"access must be a list such as"),
        ({"access": ["o-abc1234567"]}, r"access\[0\] must be an Access, got .*; write access as in \[Access"),
        ({"access": iter([PULL])}, r"access must be a list such as"),
        ({"resource_tags": ["team"]}, r"resource_tags must be a mapping such as"),
        ({"resource_tags": {"team": 1}}, r"resource_tags\['team'\] must be a string, got 1; write resource_tags as in"),
    ]
    for values, sentence in cases:
        with pytest.raises(TypeError, match=sentence):
            make(**values)


def test_settings_can_be_keys_and_members_of_sets() -> None:
    assert {HARDENED.but(scan_on_push=False), HARDENED.but(scan_on_push=False), HARDENED} == {
        HARDENED,
        HARDENED.but(scan_on_push=False),
    }
