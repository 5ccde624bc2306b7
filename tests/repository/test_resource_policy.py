"""The repository policy: statements of the caller, rejected statements, and statements that change later."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from ecr_constructs import HARDENED, Access, Encryption, HardenedRepository, InvalidRepository
from ecr_constructs._cdk.tokens import resolve
from ecr_constructs.model.iam.permissions import PULL, PUSH
from tests.templates import account_root, new_app, new_stack, statements

ACCOUNT = "444455556666"


def statement(**values: Any) -> iam.PolicyStatement:
    """Return a valid statement with some parts replaced. `None` removes a part."""
    parts: dict[str, Any] = {
        "actions": ["ecr:BatchGetImage"],
        "principals": [iam.AccountPrincipal(ACCOUNT)],
        **values,
    }
    return iam.PolicyStatement(**{name: value for name, value in parts.items() if value is not None})


# Statements that ECR or the library rejects, with the reason.
REFUSED: dict[str, tuple[Callable[[], iam.PolicyStatement], str]] = {
    "everyone": (lambda: statement(principals=[iam.AnyPrincipal()]), "the statement is public"),
    "the star": (lambda: statement(principals=[iam.StarPrincipal()]), "the statement is public"),
    "the star as an ARN": (lambda: statement(principals=[iam.ArnPrincipal("*")]), "the statement is public"),
    "everyone among others": (
        lambda: statement(principals=[iam.AccountPrincipal(ACCOUNT), iam.AnyPrincipal()]),
        "the statement is public",
    ),
    "everyone but one": (
        lambda: statement(principals=None, not_principals=[iam.AccountPrincipal(ACCOUNT)]),
        "the statement is public",
    ),
    "resources": (lambda: statement(resources=["*"]), "a repository policy applies to its repository"),
    "not resources": (
        lambda: statement(not_resources=["arn:aws:s3:::b"]),
        "a repository policy applies to its repository",
    ),
    "no principal": (lambda: statement(principals=None), "the statement has no principal"),
    "no action": (lambda: statement(actions=None), "the statement has no action"),
    "login": (lambda: statement(actions=["ecr:GetAuthorizationToken"]), "cannot allow ecr:GetAuthorizationToken"),
    "everyone on encryption in transit": (
        lambda: statement(principals=[iam.AnyPrincipal()], conditions={"Bool": {"aws:SecureTransport": "true"}}),
        "the statement is public",
    ),
    "everyone on an operator without keys": (
        lambda: statement(principals=[iam.AnyPrincipal()], conditions={"StringEquals": {}}),
        "the statement is public",
    ),
    "every organization": (
        lambda: statement(principals=[iam.AnyPrincipal()], conditions={"StringLike": {"aws:PrincipalOrgID": "*"}}),
        "the statement is public",
    ),
    "every principal of an account by a wildcard": (
        lambda: statement(principals=[iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:*")]),
        "contains a wildcard",
    ),
    "a group": (
        lambda: statement(principals=[iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:group/x")]),
        "is an IAM group",
    ),
    "a short account ID": (
        lambda: statement(principals=[iam.AccountPrincipal("12")]),
        "has 2 digits; an account ID has 12",
    ),
    "all but a short account ID": (
        lambda: statement(effect=iam.Effect.DENY, principals=None, not_principals=[iam.AccountPrincipal("12")]),
        "has 2 digits; an account ID has 12",
    ),
    "a word as an ARN": (lambda: statement(principals=[iam.ArnPrincipal("hello")]), "is not an account"),
    "an action that does not exist": (
        lambda: statement(actions=["ecr:BatchGetImages"]),
        "did you mean 'ecr:BatchGetImage'?",
    ),
    "an action of the registry": (
        lambda: statement(actions=["ecr:CreateRepository"]),
        "is an action of the registry",
    ),
    "an action of S3": (lambda: statement(actions=["s3:GetObject"]), "'s3:GetObject' is not an action of ECR"),
    "an action of ECR Public": (
        lambda: statement(actions=["ecr-public:PutImage"]),
        "'ecr-public:PutImage' is not an action of ECR",
    ),
}
each_refused = pytest.mark.parametrize("name", REFUSED)

TAKEN: dict[str, Callable[[], iam.PolicyStatement]] = {
    "an account": statement,
    "everyone on a condition": lambda: statement(
        principals=[iam.AnyPrincipal()], conditions={"StringEquals": {"aws:PrincipalOrgID": "o-abc1234567"}}
    ),
    "an organization": lambda: statement(principals=[iam.OrganizationPrincipal("o-abc1234567")]),
    "nobody at all": lambda: statement(effect=iam.Effect.DENY, principals=[iam.AnyPrincipal()]),
    "nobody but one": lambda: statement(
        effect=iam.Effect.DENY, principals=None, not_principals=[iam.AccountPrincipal(ACCOUNT)]
    ),
    "roles of an account by a condition": lambda: statement(
        principals=[iam.AnyPrincipal()],
        conditions={"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}},
    ),
    "an organizational unit": lambda: statement(
        principals=[iam.AnyPrincipal()],
        conditions={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc1234567/r-ab12/*"}},
    ),
    "a list of actions that is a token": lambda: statement(actions=cdk.Fn.split(",", cdk.Fn.import_value("Actions"))),
    "a service": lambda: statement(principals=[iam.ServicePrincipal("lambda.amazonaws.com")]),
    "every action": lambda: statement(actions=["ecr:*"]),
    "all actions but some": lambda: statement(actions=None, not_actions=["ecr:PutImage"]),
    "an action in other letters": lambda: statement(actions=["ECR:batchGetImage"]),
    "a token as the action": lambda: statement(actions=[cdk.Fn.import_value("Action")]),
}


@each_refused
def test_a_statement_that_is_given_is_rejected_with_the_reason_and_the_path(stack: cdk.Stack, name: str) -> None:
    make, reason = REFUSED[name]

    with pytest.raises(InvalidRepository) as refused:
        HardenedRepository(stack, "Api", policy_statements=[make()])

    assert [problem for problem in refused.value.problems if reason in problem] == list(refused.value.problems)
    assert refused.value.path == "Containers/Api"
    assert stack.node.children == []


@each_refused
def test_a_statement_that_is_added_later_is_rejected_with_the_same_reason(stack: cdk.Stack, name: str) -> None:
    make, reason = REFUSED[name]
    repository = HardenedRepository(stack, "Api")

    with pytest.raises(InvalidRepository, match=reason) as refused:
        repository.add_to_resource_policy(make())

    assert refused.value.path == "Containers/Api"
    assert statements(repository) == []


@pytest.mark.parametrize("name", TAKEN)
def test_a_valid_statement_is_accepted_as_an_argument_and_when_it_is_added(stack: cdk.Stack, name: str) -> None:
    given = HardenedRepository(stack, "Given", policy_statements=[TAKEN[name]()])
    added = HardenedRepository(stack, "Added")
    result = added.add_to_resource_policy(TAKEN[name]())

    assert result.statement_added
    assert len(statements(given)) == 1
    assert statements(added) == statements(given)


def test_every_problem_of_several_statements_is_reported_at_once(stack: cdk.Stack) -> None:
    bad = [make() for make, _ in REFUSED.values()]

    with pytest.raises(InvalidRepository) as refused:
        HardenedRepository(stack, "Api", policy_statements=bad)

    assert [
        reason for _, reason in REFUSED.values() if not any(reason in each for each in refused.value.problems)
    ] == []
    assert len(refused.value.problems) == len(REFUSED)


def test_every_problem_of_a_statement_is_reported_at_once(stack: cdk.Stack) -> None:
    bad = statement(principals=[iam.AnyPrincipal()], resources=["*"], actions=["ecr:GetAuthorizationToken", "s3:*"])

    with pytest.raises(InvalidRepository) as refused:
        HardenedRepository(stack, "Api").add_to_resource_policy(bad)

    assert len(refused.value.problems) == 4


def test_statements_are_added_to_those_of_access(stack: cdk.Stack) -> None:
    repository = HardenedRepository(
        stack,
        "Api",
        access=[Access.account_pull("777788889999")],
        policy_statements=[statement(sid="Ours", actions=["ecr:DescribeImages"])],
    )

    assert [each["Principal"] for each in statements(repository)] == [
        {"AWS": account_root("777788889999")},
        {"AWS": account_root(ACCOUNT)},
    ]
    assert statements(repository)[1]["Sid"] == "Ours"


def test_access_is_rendered_the_same_with_and_without_other_statements(stack: cdk.Stack) -> None:
    access = [Access.organization_pull("o-abc1234567"), Access.lambda_pull(ACCOUNT)]
    alone = HardenedRepository(stack, "Alone", access=access)
    beside = HardenedRepository(
        stack, "Beside", access=access, policy_statements=[statement(actions=["ecr:DescribeImages"])]
    )

    assert statements(beside)[: len(statements(alone))] == statements(alone)


def test_a_statement_that_changes_after_it_was_added_is_written_as_it_is_in_the_end(stack: cdk.Stack) -> None:
    given, added = statement(sid="Given"), statement(sid="Added")
    repository = HardenedRepository(stack, "Api", policy_statements=[given])
    repository.add_to_resource_policy(added)

    given.add_actions("ecr:DescribeImages")
    added.add_aws_account_principal("777788889999")

    written = {each["Sid"]: each for each in statements(repository)}
    assert written["Given"]["Action"] == ["ecr:BatchGetImage", "ecr:DescribeImages"]
    assert account_root("777788889999") in written["Added"]["Principal"]["AWS"]


def test_a_value_that_is_not_a_list_of_statements_is_a_type_error(stack: cdk.Stack) -> None:
    cases: list[Any] = ["statement", [{"Effect": "Allow"}], [None], 42, None]
    for given in cases:
        with pytest.raises(TypeError):
            HardenedRepository(stack, "Api", policy_statements=given)

        assert stack.node.children == []


def test_statements_from_a_generator_are_rendered_or_rejected(stack: cdk.Stack) -> None:
    several: Any = (statement() for _ in range(1))
    try:
        repository = HardenedRepository(stack, "Api", policy_statements=several)
    except TypeError:
        return

    assert len(statements(repository)) == 1


# --- the length of a policy -----------------------------------------------------------------------------------------


def sized(characters: int) -> iam.PolicyStatement:
    """Return a statement whose policy has exactly a number of characters as compact JSON."""

    def made(filling: str) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            actions=["ecr:BatchGetImage"],
            principals=[iam.ArnPrincipal("arn:aws:iam::444455556666:role/puller")],
            conditions={"StringLike": {"aws:SourceArn": filling}},
        )

    return made("x" * (characters - length([made("").to_json()])))


def length(written: Sequence[object]) -> int:
    return len(json.dumps({"Version": "2012-10-17", "Statement": written}, separators=(",", ":")))


def test_a_policy_of_10240_characters_is_the_longest(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", policy_statements=[sized(10_240)])

    assert length(statements(repository)) == 10_240


def test_a_policy_of_one_character_more_is_rejected(stack: cdk.Stack) -> None:
    with pytest.raises(InvalidRepository, match=r"the repository policy has 10241 characters; ECR allows 10240, use"):
        HardenedRepository(stack, "Api", policy_statements=[sized(10_241)])


def test_a_letter_outside_of_ascii_is_one_character(stack: cdk.Stack) -> None:
    given = statement(conditions={"StringEquals": {"aws:PrincipalTag/team": "\u00e9" * 9_900}})

    assert len(statements(HardenedRepository(stack, "Api", policy_statements=[given]))) == 1


def test_added_and_given_rules_count_together(stack: cdk.Stack) -> None:
    repository = HardenedRepository(
        stack, "Api", policy_statements=[sized(6_000)], access=[Access.account_pull(ACCOUNT)]
    )

    with pytest.raises(InvalidRepository, match="ECR allows 10240"):
        repository.add_to_resource_policy(sized(4_500))
    assert len(statements(repository)) == 2


def test_many_accounts_are_too_long_and_an_organization_is_the_remedy(stack: cdk.Stack) -> None:
    with pytest.raises(InvalidRepository, match=r"use Access.organization_pull\('o-...'\)"):
        HardenedRepository(stack, "Api", access=accounts(400))


def accounts(count: int) -> list[Access]:
    return [Access.account_pull(f"{number:012}") for number in range(count)]


def test_an_accepted_policy_fits_after_its_tokens_are_resolved(app: cdk.App) -> None:
    """A partition is `aws` or longer. A policy that is accepted here must not be too long for ECR."""

    def deployed(value: Any) -> Any:
        if isinstance(value, dict) and "Fn::Join" in value:
            return "".join(part if isinstance(part, str) else "aws" for part in value["Fn::Join"][1])
        if isinstance(value, dict):
            return {key: deployed(inner) for key, inner in value.items()}
        return [deployed(inner) for inner in value] if isinstance(value, list) else value

    most = 0
    for count in range(58, 70):
        try:
            HardenedRepository(new_stack(app, f"Trial{count}"), "Api", access=accounts(count))
        except InvalidRepository:
            break
        most = count
    taken = HardenedRepository(new_stack(new_app(), "Containers"), "Api", access=accounts(most))

    assert length(deployed(statements(taken))) <= 10_240


def test_access_that_is_in_the_settings_already_does_not_count_twice(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", settings=HARDENED.but(access=accounts(40)), access=accounts(40))

    (written,) = statements(repository)
    assert len(written["Principal"]["AWS"]) == 40


# --- statements that change after they were added -------------------------------------------------------------------


@pytest.mark.parametrize("later", [False, True], ids=["given", "added"])
def test_a_statement_that_becomes_public_after_it_was_added_stops_the_synthesis(
    app: cdk.App, stack: cdk.Stack, *, later: bool
) -> None:
    changing = statement()
    repository = HardenedRepository(stack, "Api", policy_statements=[] if later else [changing])
    if later:
        repository.add_to_resource_policy(changing)
    changing.add_any_principal()

    with pytest.raises(RuntimeError, match=r"\[Containers/Api\] the statement is public"):
        app.synth()


@pytest.mark.parametrize(
    "value",
    [
        cdk.Aws.NO_VALUE,
        cdk.Token.as_string(cdk.Fn.condition_if("Prod", "o-abc1234567", "*")),
        cdk.Fn.condition_if("Prod", "o-abc1234567", cdk.Aws.NO_VALUE),
        cdk.Fn.sub("*", {}),
        cdk.Token.as_any("*"),
    ],
    ids=["removed", "a choice", "a choice to remove it", "a substitution", "a value that is resolved late"],
)
def test_a_condition_that_a_deployment_may_remove_stops_the_synthesis(
    app: cdk.App, stack: cdk.Stack, value: object
) -> None:
    given = statement(principals=[iam.AnyPrincipal()], conditions={"StringLike": {"aws:PrincipalOrgID": value}})

    with pytest.raises((InvalidRepository, RuntimeError), match="the statement is public"):
        synthesize(app, HardenedRepository(stack, "Api", policy_statements=[given]))


def synthesize(app: cdk.App, _: HardenedRepository) -> None:
    app.synth()


def test_a_condition_on_one_of_two_organizations_is_accepted(app: cdk.App, stack: cdk.Stack) -> None:
    parameter = cdk.CfnParameter(stack, "Stage")
    cdk.CfnCondition(stack, "Prod", expression=cdk.Fn.condition_equals(parameter, "prod"))
    choice = cdk.Fn.condition_if("Prod", "o-abc1234567", "o-def1234567")
    given = statement(principals=[iam.AnyPrincipal()], conditions={"StringEquals": {"aws:PrincipalOrgID": choice}})
    repository = HardenedRepository(stack, "Api", policy_statements=[given])
    app.synth()

    (written,) = statements(repository)
    assert written["Condition"]["StringEquals"]["aws:PrincipalOrgID"] == {
        "Fn::If": ["Prod", "o-abc1234567", "o-def1234567"]
    }


def test_a_policy_with_access_only_is_not_checked_again(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", access=[Access.account_pull("111122223333")])

    assert repository.policy.is_fixed


@pytest.mark.parametrize("action", ["ecr:GetAuthorizationToken", "ecr:getauthorizationtoken"])
def test_the_login_action_is_rejected_in_every_spelling(stack: cdk.Stack, action: str) -> None:
    repository = HardenedRepository(stack, "Api")

    with pytest.raises(InvalidRepository, match="a repository policy cannot allow"):
        repository.add_to_resource_policy(
            iam.PolicyStatement(actions=[action], principals=[iam.AccountPrincipal("111122223333")])
        )


def test_a_grant_to_a_malformed_account_stops_the_synthesis(app: cdk.App, stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api").grant_pull(iam.AccountPrincipal("12"))

    with pytest.raises(RuntimeError, match=r"\[Containers/Api\] principal 'arn:\$\{AWS::Partition\}:iam::12:root' has"):
        app.synth()


def test_a_principal_that_becomes_malformed_later_stops_the_synthesis(app: cdk.App, stack: cdk.Stack) -> None:
    @jsii.implements(cdk.IStringProducer)
    class Later:
        arn = f"arn:aws:iam::{ACCOUNT}:root"

        def produce(self, _context: cdk.IResolveContext) -> str:
            return self.arn

    later = Later()
    principals = [iam.ArnPrincipal(cdk.Lazy.uncached_string(later))]
    HardenedRepository(stack, "Api", policy_statements=[statement(principals=principals)])
    later.arn = "*"

    with pytest.raises(RuntimeError, match=r"\[Containers/Api\] the statement is public"):
        app.synth()


def test_two_statements_with_one_sid_are_rejected(stack: cdk.Stack) -> None:
    first, second = statement(sid="Pull"), statement(sid="Pull", actions=["ecr:DescribeImages"])

    with pytest.raises(InvalidRepository, match="Sid 'Pull' is that of another statement"):
        HardenedRepository(stack, "Given", policy_statements=[first, second])
    repository = HardenedRepository(stack, "Added", policy_statements=[first])
    with pytest.raises(InvalidRepository, match="Sid 'Pull' is that of another statement"):
        repository.add_to_resource_policy(second)

    repository.add_to_resource_policy(statement(sid="Pull"))
    assert [each["Sid"] for each in statements(repository)] == ["Pull"]


def test_a_sid_that_becomes_that_of_another_statement_stops_the_synthesis(app: cdk.App, stack: cdk.Stack) -> None:
    later = statement(sid="Describe", actions=["ecr:DescribeImages"])
    HardenedRepository(stack, "Api", policy_statements=[statement(sid="Pull"), later])
    later.sid = "Pull"

    with pytest.raises(RuntimeError, match="Sid 'Pull' is that of another statement"):
        app.synth()


@pytest.mark.parametrize("order", [1, -1])
def test_access_and_a_grant_to_one_organization_are_one_statement(stack: cdk.Stack, order: int) -> None:
    repository = HardenedRepository(stack, "Api", access=[Access.organization_pull("o-abc1234567")])
    for principal in [iam.OrganizationPrincipal("o-abc1234567"), iam.AccountPrincipal(ACCOUNT)][::order]:
        repository.grant_pull(principal)

    assert sorted(each.get("Condition", {}) != {} for each in statements(repository)) == [False, True]


def test_the_note_has_the_name_of_the_service(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api")
    for service in ("codebuild.amazonaws.com", "batch.amazonaws.com"):
        repository.grant_pull(iam.ServicePrincipal(service))

    noted = "".join(str(each.data) for each in repository.node.metadata)
    assert re.findall(r"allows (\S+) on behalf of any account", noted) == [
        "codebuild.amazonaws.com",
        "batch.amazonaws.com",
    ]


def test_a_service_without_a_source_gets_a_note(app: cdk.App, stack: cdk.Stack) -> None:
    principals = [iam.ServicePrincipal("codebuild.amazonaws.com")]
    HardenedRepository(stack, "Any").add_to_resource_policy(statement(principals=principals))
    HardenedRepository(stack, "Own").add_to_resource_policy(
        statement(principals=principals, conditions={"StringEquals": {"aws:SourceAccount": ACCOUNT}})
    )
    HardenedRepository(stack, "Lambda", access=[Access.lambda_pull(ACCOUNT)])

    noted = [
        each.node.path
        for each in app.node.find_all()
        if any("serviceOfAnyAccount" in str(entry.data) for entry in each.node.metadata)
    ]
    assert noted == ["Containers/Any"]


# --- denials of a change of the policy ------------------------------------------------------------------------------


def denial(**options: Any) -> iam.PolicyStatement:
    given = {"principals": [iam.AnyPrincipal()], "actions": ["ecr:*"], **options}
    return iam.PolicyStatement(effect=iam.Effect.DENY, **given)


def test_a_denial_of_every_change_is_a_warning(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Added").add_to_resource_policy(denial())
    HardenedRepository(stack, "Given", policy_statements=[denial(principals=[iam.AccountRootPrincipal()])])
    HardenedRepository(stack, "Settings", settings=HARDENED.but(policy_statements=[denial()]))
    condition = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/cdk-*"}}
    HardenedRepository(stack, "Excepted").add_to_resource_policy(denial(conditions=condition))
    HardenedRepository(stack, "Deletions").add_to_resource_policy(denial(actions=["ecr:BatchDeleteImage"]))

    text = assertions.Match.string_like_regexp("denies ecr:SetRepositoryPolicy to every principal.*add a condition")
    found = assertions.Annotations.from_stack(stack)
    for name in ("Added", "Given", "Settings"):
        found.has_warning(f"/Containers/{name}", text)
    for name in ("Excepted", "Deletions"):
        found.has_no_warning(f"/Containers/{name}", text)


# --- statements that the CDK merges ---------------------------------------------------------------------------------


def test_accounts_that_get_the_same_are_in_one_statement(stack: cdk.Stack) -> None:
    access = [Access.account_pull(ACCOUNT), Access.account_push(ACCOUNT), Access.account_pull("777788889999")]
    pull, push = statements(HardenedRepository(stack, "Api", access=access))

    assert pull["Principal"] == {"AWS": [account_root(ACCOUNT), account_root("777788889999")]}
    assert push["Principal"] == {"AWS": account_root(ACCOUNT)}


def test_a_policy_that_fits_after_its_statements_are_merged_is_accepted(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api")
    for number in range(120):
        repository.grant_pull(iam.AccountPrincipal(f"{number:012}"))

    (written,) = statements(repository)
    assert len(written["Principal"]["AWS"]) == 120


def test_a_grant_above_the_limit_is_rejected_and_the_others_remain(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api")

    def grant_everybody() -> None:
        for number in range(400):
            repository.grant_pull(iam.AccountPrincipal(f"{number:012}"))

    with pytest.raises(InvalidRepository, match=r"the repository policy has \d+ characters; ECR allows 10240"):
        grant_everybody()

    (written,) = statements(repository)
    assert 200 < len(written["Principal"]["AWS"]) < 400


def test_the_tokens_of_many_grants_are_resolved_together(stack: cdk.Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of calls to JavaScript does not grow with the statements that are read again."""
    sizes: list[int] = []

    def counted(stack: cdk.Stack, values: Sequence[Any]) -> Sequence[Any]:
        sizes.append(len(values))
        return resolve(stack, values)

    monkeypatch.setattr("ecr_constructs._cdk.policy_statements.resolve", counted)
    repository = HardenedRepository(stack, "Api")
    for number in range(250):
        repository.grant_pull(iam.AccountPrincipal(f"{number:012}"))

    assert len(sizes) < 100
    assert sum(sizes) <= 2 * 250


def test_grants_of_different_actions_are_rejected_by_the_call_that_exceeds_the_limit(
    app: cdk.App, stack: cdk.Stack
) -> None:
    """The ARN of an account is longer than the token that the CDK writes for it."""
    repository = HardenedRepository(stack, "Api")
    actions = sorted({*PULL, *PUSH, "ecr:DescribeImages", "ecr:ListImages"})

    def grant_all() -> None:
        for number, three in enumerate(combinations(actions, 3)):
            repository.grant(iam.AccountPrincipal(f"{number:012}"), *three)

    with pytest.raises(InvalidRepository, match=r"the repository policy has \d+ characters; ECR allows 10240"):
        grant_all()
    app.synth()


@pytest.mark.parametrize("name", ["grant_pull", "grant_push", "grant_pull_push", "grant_read"])
def test_a_grant_to_an_account_is_read_when_the_app_synthesizes(
    stack: cdk.Stack, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The only possible problem of a grant to an account is its account ID, so its statement is not read again."""
    repository = HardenedRepository(stack, "Api")
    with monkeypatch.context() as patched:
        patched.setattr(iam.PolicyStatement, "to_json", _not_read)
        for number in range(20):
            getattr(repository, name)(iam.AccountPrincipal(f"{number:012}"))

    (written,) = statements(repository)
    assert len(written["Principal"]["AWS"]) == 20


def _not_read(_: iam.PolicyStatement) -> None:
    raise AssertionError("the statement is read")


def test_statements_are_read_before_at_and_after_the_validation_of_each_synthesis(
    app: cdk.App, stack: cdk.Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Each reading of hundreds of grants takes time.

    The CDK resolves the policy three times in a synthesis. The third reading is for the comparison of the templates
    with the settings, so a statement that changes after the validation is reported.
    """
    repository = HardenedRepository(stack, "Api", encryption=Encryption.aes256())
    grant = repository.grant_pull(iam.AccountPrincipal(ACCOUNT))
    readings: list[iam.PolicyDocument] = []
    to_json = iam.PolicyDocument.to_json

    def counted(document: iam.PolicyDocument) -> Any:
        readings.append(document)
        return to_json(document)

    monkeypatch.setattr(iam.PolicyDocument, "to_json", counted)
    app.synth()
    assert len(readings) == 3

    assert grant.resource_statement is not None
    grant.resource_statement.add_aws_account_principal("777788889999")
    template = app.synth(force=True).get_stack_by_name(stack.stack_name).template

    assert len(readings) == 6
    assert "777788889999" in json.dumps(template)


def test_a_grant_to_an_account_that_becomes_public_stops_every_synthesis(app: cdk.App, stack: cdk.Stack) -> None:
    grant = HardenedRepository(stack, "Api").grant_pull(iam.AccountPrincipal(ACCOUNT))
    assert grant.resource_statement is not None
    grant.resource_statement.add_any_principal()

    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"\[Containers/Api\] the statement is public"):
            app.synth()


def test_statements_that_are_read_later_are_measured_with_the_others(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", policy_statements=[sized(9_950)])
    repository.grant_pull(iam.AccountPrincipal(ACCOUNT))

    with pytest.raises(InvalidRepository, match="ECR allows 10240"):
        repository.grant_read(iam.AccountPrincipal(ACCOUNT))
    (_, pull) = statements(repository)
    assert pull["Action"] == sorted(PULL)


def test_a_condition_that_is_known_only_at_deployment_is_accepted(stack: cdk.Stack) -> None:
    """The CDK renders a condition key that is a token with a custom resource."""
    condition = cdk.CfnJson(stack, "Condition", value={f"{cdk.Aws.REGION}:key": "value"})
    given = iam.PolicyStatement(
        actions=["ecr:BatchGetImage"],
        principals=[iam.AccountPrincipal("111122223333")],
        conditions={"StringEquals": condition},
    )

    (written,) = statements(HardenedRepository(stack, "Api", policy_statements=[given]))
    assert "StringEquals" in written["Condition"]


def test_a_grant_to_a_function_that_is_imported_without_a_role_is_rejected(stack: cdk.Stack) -> None:
    arn = "arn:aws:lambda:eu-west-1:111122223333:function:f"
    function = lambda_.Function.from_function_arn(stack, "Function", arn)
    repository = HardenedRepository(stack, "Api")

    with pytest.raises(InvalidRepository, match="imported without a role") as refused:
        repository.grant_pull(function)
    assert refused.value.path == "Containers/Api"


@pytest.mark.parametrize(("region", "is_rejected"), [("eu-west-1", True), ("cn-north-1", False)])
def test_a_principal_of_another_partition_is_rejected_if_the_region_is_known(
    stack_in: Callable[[str], cdk.Stack], region: str, *, is_rejected: bool
) -> None:
    repository = HardenedRepository(stack_in(region), "Api")
    given = statement(principals=[iam.ArnPrincipal(f"arn:aws-cn:iam::{ACCOUNT}:root")])

    if is_rejected:
        with pytest.raises(InvalidRepository, match="principal: 'arn:aws-cn:iam::444455556666:root' is of partition"):
            repository.add_to_resource_policy(given)
    else:
        repository.add_to_resource_policy(given)
    assert len(statements(repository)) == (0 if is_rejected else 1)
