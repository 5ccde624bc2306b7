"""Repositories that another app owns, and repositories without a name in another environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from ecr_constructs import (
    HardenedRepository,
    ImportedRepository,
    InvalidRepository,
    PipelineIdentity,
    Promotion,
    Publisher,
)

IRELAND = cdk.Environment(account="111122223333", region="eu-west-1")
ARN = "arn:aws:ecr:us-east-1:444455556666:repository/prod/api"
NOT_WRITTEN = "ecr-constructs:importedPolicyIsNotWritten"


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Service", env=IRELAND)


def has_no_warning(stack: cdk.Stack) -> bool:
    return list(assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value())) == []


def statement(repository: ImportedRepository) -> dict[str, Any]:
    (found,) = repository.statements_to_apply
    return dict(found)


def test_a_repository_is_imported_by_name_arn_or_attributes(stack: cdk.Stack) -> None:
    by_name = HardenedRepository.from_repository_name(stack, "Name", "prod/api")
    by_arn = HardenedRepository.from_repository_arn(stack, "Arn", ARN)
    token = cdk.Fn.import_value("RepositoryArn")
    by_both = HardenedRepository.from_repository_attributes(stack, "Both", repository_arn=token, repository_name="api")

    uris = [stack.resolve(each.repository_uri_for_tag("v1")) for each in (by_name, by_arn)]
    assert [each["Fn::Join"][1][0] for each in uris] == [
        "111122223333.dkr.ecr.eu-west-1.",
        "444455556666.dkr.ecr.us-east-1.",
    ]
    assert by_arn.env.account == "444455556666"
    assert stack.resolve(by_both.repository_arn) == {"Fn::ImportValue": "RepositoryArn"}


def test_a_grant_to_a_role_is_in_the_policy_of_the_role(stack: cdk.Stack) -> None:
    repository = HardenedRepository.from_repository_name(stack, "Api", "prod/api")
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("api", image=ecs.ContainerImage.from_ecr_repository(repository, "v1"))

    assert repository.statements_to_apply == ()
    assert has_no_warning(stack)
    assertions.Template.from_stack(stack).resource_count_is("AWS::IAM::Policy", 1)


@pytest.mark.parametrize(
    "grantee", [iam.AccountPrincipal("999988887777"), iam.ServicePrincipal("codebuild.amazonaws.com")]
)
def test_a_grant_that_nothing_writes_is_returned_and_reported(stack: cdk.Stack, grantee: iam.IGrantable) -> None:
    repository = HardenedRepository.from_repository_arn(stack, "Api", ARN)

    repository.grant_pull(grantee)

    assert statement(repository)["Action"] == [
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchGetImage",
    ]
    sentence = f'this statement is not written.*"Effect": "Allow".*{NOT_WRITTEN}'
    text = assertions.Match.string_like_regexp(sentence)
    assertions.Annotations.from_stack(stack).has_warning("/Service/Api", text)


def test_the_warning_can_be_acknowledged(stack: cdk.Stack) -> None:
    repository = HardenedRepository.from_repository_arn(stack, "Api", ARN)
    cdk.Annotations.of(stack).acknowledge_warning(NOT_WRITTEN, "the other app has it")

    repository.grant_pull(iam.AccountPrincipal("999988887777"))

    assert has_no_warning(stack)


def test_a_function_of_the_same_account_needs_no_statement_of_the_app(stack: cdk.Stack) -> None:
    repository = HardenedRepository.from_repository_name(stack, "Api", "prod/api")
    lambda_.DockerImageFunction(
        stack, "Function", code=lambda_.DockerImageCode.from_ecr(repository, tag_or_digest="v1")
    )

    assert statement(repository)["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert has_no_warning(stack)


def test_a_lifecycle_rule_is_an_error_with_the_fix(stack: cdk.Stack) -> None:
    repository = HardenedRepository.from_repository_name(stack, "Api", "prod/api")

    with pytest.raises(InvalidRepository, match=r"Service/Api: the app does not own .*; add the rule in"):
        repository.add_lifecycle_rule(max_image_count=3)  # type: ignore[arg-type]  # no argument is accepted


def test_arguments_that_are_not_of_a_repository_are_rejected(stack: cdk.Stack) -> None:
    with pytest.raises(InvalidRepository, match="Service/A: 'arn:aws:s3:::bucket' is not the ARN of a repository"):
        HardenedRepository.from_repository_arn(stack, "A", "arn:aws:s3:::bucket")
    with pytest.raises(InvalidRepository, match="from_repository_attributes"):
        HardenedRepository.from_repository_arn(stack, "A", cdk.Fn.import_value("Arn"))
    with pytest.raises(InvalidRepository, match="repository name 'Prod' has 'P'"):
        HardenedRepository.from_repository_name(stack, "A", "Prod")
    with pytest.raises(InvalidRepository) as raised:
        HardenedRepository.from_repository_attributes(cdk.App(), "A", repository_arn="x", repository_name="Prod")
    assert len(raised.value.problems) == 3
    with pytest.raises(TypeError, match="repository_name"):
        HardenedRepository.from_repository_name(stack, "A", None)  # type: ignore[arg-type]
    assert stack.node.children == []


# --- repositories without a name --------------------------------------------------------------------------------------

UNNAMED = "the repository is used in another account or Region, and has no repository_name="
HOME = "it is in 111122223333/eu-west-1, and "
REMEDY = "give it a repository_name=, which replaces a repository that is deployed without one, or use HardenedRep"


def output_of(value: Callable[[HardenedRepository], str]) -> Callable[[cdk.Stack, HardenedRepository], object]:
    return lambda stack, repository: cdk.CfnOutput(stack, "Use", value=value(repository))


def function_in(stack: cdk.Stack, repository: HardenedRepository) -> None:
    code = lambda_.DockerImageCode.from_ecr(repository, tag_or_digest="v1")
    lambda_.DockerImageFunction(stack, "Use", code=code)


def statement_in(stack: cdk.Stack, repository: HardenedRepository) -> None:
    statement = iam.PolicyStatement(actions=["ecr:BatchGetImage"], resources=[repository.repository_arn])
    iam.ManagedPolicy(stack, "Use", statements=[statement])


def replica_of(stack: cdk.Stack, repository: HardenedRepository) -> None:
    imported = HardenedRepository.from_repository_attributes(
        stack, "Api", repository_arn=repository.repository_arn, repository_name=repository.repository_name
    )
    cdk.CfnOutput(stack, "Use", value=imported.repository_uri)


USES: dict[str, Callable[[cdk.Stack, HardenedRepository], object]] = {
    "repository_name": output_of(lambda each: each.repository_name),
    "repository_arn": output_of(lambda each: each.repository_arn),
    "repository_uri": output_of(lambda each: each.repository_uri),
    "repository_uri_for_tag": output_of(lambda each: each.repository_uri_for_tag("v1")),
    "repository_uri_for_digest": output_of(lambda each: each.repository_uri_for_digest("sha256:" + "0" * 64)),
    "repository_uri_for_tag_or_digest": output_of(lambda each: each.repository_uri_for_tag_or_digest("v1")),
    "image": output_of(lambda each: each.image("v1")),
    "function": function_in,
    "statement": statement_in,
    "imported by its attributes": replica_of,
}
PLACES = {"Region": ("111122223333", "us-east-1"), "account": ("444455556666", "eu-west-1")}


def apart(account: str, region: str, **options: Any) -> tuple[cdk.App, HardenedRepository, cdk.Stack]:
    app = cdk.App()
    repository = HardenedRepository(cdk.Stack(app, "Containers", env=IRELAND), "Api")
    return app, repository, cdk.Stack(app, "Away", env=cdk.Environment(account=account, region=region), **options)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("use", USES)
def test_the_use_of_a_repository_without_a_name_elsewhere_names_both_environments(use: str, place: str) -> None:
    app, repository, away = apart(*PLACES[place])
    USES[use](away, repository)

    with pytest.raises(RuntimeError) as refused:
        app.synth()
    text = str(refused.value)
    assert text.rpartition("\n")[2].startswith(f"  [Containers/Api] {UNNAMED}")
    assert f"{HOME}Away/Use is in {'/'.join(PLACES[place])}; {REMEDY}" in text
    assert ("or set cross_region_references=True for the other stack" in text) is (place == "Region")
    assert "Resolution error" not in text


@pytest.mark.parametrize("grant", ["grant_pull", "grant_push", "grant_pull_push", "grant_read", "grant_read_metadata"])
@pytest.mark.parametrize("place", PLACES)
def test_a_grant_to_a_role_elsewhere_needs_a_name(place: str, grant: str) -> None:
    _, repository, away = apart(*PLACES[place])
    role = iam.Role(away, "Role", role_name="puller", assumed_by=iam.AccountRootPrincipal())

    with pytest.raises(InvalidRepository, match=f"^Containers/Api: {UNNAMED}.*{HOME}Away/Role is in "):
        getattr(repository, grant)(role)


def test_publishers_and_promotions_elsewhere_need_a_name() -> None:
    _, repository, away = apart("111122223333", "us-east-1")
    role = iam.Role(away, "Role", assumed_by=iam.AccountRootPrincipal())
    named = HardenedRepository(away, "Named", repository_name="prod/api")
    github = PipelineIdentity.github("octo-org/api", environment="production")

    for construct in (
        lambda: Promotion(away, "Use", source=repository, target=named, promoters=[role]),
        lambda: Promotion(away, "Use", source=named, target=repository, promoters=[role]),
        lambda: Publisher(away, "Use", identity=github, repositories=[repository]),
    ):
        with pytest.raises(InvalidRepository, match=f"^Away/Use: [a-z]+: {UNNAMED}.*Away is in 111122223333/us-east-1"):
            construct()
        assert away.node.try_find_child("Use") is None


def test_references_between_regions_need_no_name() -> None:
    app, repository, away = apart("111122223333", "us-east-1", cross_region_references=True)
    repository.grant_pull(iam.Role(away, "Role", assumed_by=iam.AccountRootPrincipal()))
    function_in(away, repository)

    app.synth()


def test_a_stack_without_an_environment_needs_one() -> None:
    app = cdk.App()
    repository = HardenedRepository(cdk.Stack(app, "Containers"), "Api")
    cdk.CfnOutput(cdk.Stack(app, "Away", env=IRELAND), "Use", value=repository.repository_uri)

    with pytest.raises(RuntimeError, match="the stack of the repository also needs env="):
        app.synth()


def test_more_than_three_users_are_counted() -> None:
    app, repository, away = apart("444455556666", "eu-west-1")
    for number in range(5):
        cdk.CfnOutput(away, f"Use{number}", value=repository.repository_uri)

    with pytest.raises(RuntimeError, match="Away/Use2 is in 444455556666/eu-west-1 and 2 more use it"):
        app.synth()


def test_a_template_is_never_written_without_the_name() -> None:
    app, repository, away = apart("444455556666", "eu-west-1")
    cdk.CfnOutput(away, "Use", value=repository.repository_uri)

    with pytest.raises(RuntimeError, match=f"Containers/Api: {UNNAMED}"):
        app.synth(skip_validation=True)


def test_a_repository_of_another_stage_needs_a_name() -> None:
    app = cdk.App()
    repository = HardenedRepository(cdk.Stack(cdk.Stage(app, "One"), "Containers", env=IRELAND), "Api")
    away = cdk.Stack(cdk.Stage(app, "Two"), "Away", env=cdk.Environment(account="444455556666", region="eu-west-1"))
    cdk.CfnOutput(away, "Use", value=repository.repository_uri)

    with pytest.raises(RuntimeError, match=f"One/Containers/Api: {UNNAMED}.*Two/Away"):
        app.synth()


@pytest.mark.parametrize(
    "image_of",
    [
        lambda repository: ecs.ContainerImage.from_ecr_repository(repository, "v1"),
        lambda each: each.image("v1").for_ecs(),
    ],
    ids=["of the CDK", "of the library"],
)
def test_a_container_of_another_account_needs_a_name_where_its_image_is_used(
    image_of: Callable[[HardenedRepository], ecs.ContainerImage],
) -> None:
    _, repository, away = apart("444455556666", "eu-west-1")
    task = ecs.FargateTaskDefinition(away, "Task")

    with pytest.raises(RuntimeError, match=f"^Containers/Api: {UNNAMED}.*is in 444455556666"):
        task.add_container("Api", image=image_of(repository))


def test_a_repository_without_a_name_has_none_in_the_template() -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Containers", env=IRELAND)
    repository = HardenedRepository(stack, "Api")
    other = cdk.Stack(app, "Other", env=IRELAND)
    cdk.CfnOutput(other, "Uri", value=repository.repository_uri)

    (found,) = assertions.Template.from_stack(stack).find_resources("AWS::ECR::Repository").values()

    assert "RepositoryName" not in found["Properties"]


# --- the statement for AWS Lambda -------------------------------------------------------------------------------------


def function_of(stack: cdk.Stack, repository: HardenedRepository) -> None:
    code = lambda_.DockerImageCode.from_ecr(repository, tag_or_digest="v1")
    lambda_.DockerImageFunction(stack, "Function", code=code)


def sources(stack: cdk.Stack) -> list[Any]:
    (found,) = assertions.Template.from_stack(stack).find_resources("AWS::ECR::Repository").values()
    statements = found["Properties"]["RepositoryPolicyText"]["Statement"]
    return [
        value
        for each in statements
        for value in each.get("Condition", {}).get("ArnLike", {}).get("aws:SourceArn", ["none"])
    ]


def test_the_statement_of_the_cdk_for_lambda_is_limited_to_the_functions_of_the_app() -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Containers", env=IRELAND)
    repository = HardenedRepository(stack, "Api", repository_name="prod/function")
    function_of(stack, repository)
    function_of(cdk.Stack(app, "B", env=cdk.Environment(account="444455556666", region="eu-west-1")), repository)
    cdk.Stack(app, "C", env=cdk.Environment(account="999988887777", region="eu-west-1"))

    assert [each["Fn::Join"][1][-1] for each in sources(stack)] == [
        ":111122223333:function:*",
        ":444455556666:function:*",
    ]


def test_a_stack_without_an_environment_limits_lambda_to_its_own_account() -> None:
    stack = cdk.Stack(cdk.App(), "Containers")
    function_of(stack, HardenedRepository(stack, "Api"))

    (source,) = sources(stack)
    assert source["Fn::Join"][1][-2:] == [{"Ref": "AWS::AccountId"}, ":function:*"]
    assert assertions.Annotations.from_stack(stack).find_info("*", assertions.Match.any_value()) == []


def test_another_statement_for_lambda_is_not_changed() -> None:
    stack = cdk.Stack(cdk.App(), "Containers")
    HardenedRepository(stack, "Api").add_to_resource_policy(
        iam.PolicyStatement(principals=[iam.ServicePrincipal("lambda.amazonaws.com")], actions=["ecr:BatchGetImage"])
    )

    assert sources(stack) == ["none"]
