"""Names of repositories: the grammar of ECR, also where the CDK rejects more."""

from __future__ import annotations

from collections.abc import Callable

import aws_cdk as cdk
import pytest

from ecr_constructs import ADOPTED, HardenedRepository, InvalidRepository
from tests.templates import logical_id, properties, template


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "a" * 256,
        "prod/payments-api",
        "a--b",
        "a__b",
        "a---b/c__d",
        "0/1.2_3-4",
    ],
    ids=lambda name: name[:12],
)
def test_a_valid_name_is_unchanged_in_the_template(stack: cdk.Stack, name: str) -> None:
    assert properties(HardenedRepository(stack, "Api", repository_name=name))["RepositoryName"] == name


def test_a_name_past_the_limit_is_rejected_with_the_value_and_the_limit(stack: cdk.Stack) -> None:
    cases: list[tuple[str, str]] = [
        ("a", "repository name 'a' has 1 character; ECR allows 2 to 256"),
        ("a" * 257, "has 257 characters; ECR allows 2 to 256"),
        ("", "repository name is empty; use lower-case letters and digits"),
        ("Prod/Api", "repository name 'Prod/Api' has 'P' at position 0; use lower-case .*, as in 'prod/api'"),
        ("a___b", "repository name 'a___b' is not well formed"),
        ("/ab", "repository name '/ab' is not well formed"),
        ("ab/", "repository name 'ab/' is not well formed"),
        ("ab\n", r"repository name 'ab\\n' has '\\n' at position 2"),
        ("a:b", "repository name 'a:b' has ':' at position 1"),
    ]
    for name, sentence in cases:
        with pytest.raises(InvalidRepository, match=sentence) as refused:
            HardenedRepository(stack, "Api", repository_name=name)

        assert refused.value.path == "Containers/Api"


def test_a_token_is_handed_on(stack: cdk.Stack) -> None:
    name = cdk.CfnParameter(stack, "Name").value_as_string

    assert properties(HardenedRepository(stack, "Api", repository_name=name))["RepositoryName"] == {"Ref": "Name"}


def test_a_text_with_a_token_in_it_is_handed_on(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", repository_name=f"prod/{cdk.Aws.REGION}")

    assert properties(repository)["RepositoryName"] == {"Fn::Join": ["", ["prod/", {"Ref": "AWS::Region"}]]}


def test_a_text_that_resembles_a_token_is_rejected(stack: cdk.Stack) -> None:
    with pytest.raises(InvalidRepository, match="repository name"):
        HardenedRepository(stack, "Api", repository_name="${Token[}")


def test_a_name_that_is_no_string_is_a_type_error(stack: cdk.Stack) -> None:
    with pytest.raises(TypeError, match="repository_name must be a string such as 'prod/api', got 42"):
        HardenedRepository(stack, "Api", repository_name=42)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a-b", "a--b", "a__b"])
def test_another_stack_can_refer_to_it(app: cdk.App, stack: cdk.Stack, name: str) -> None:
    repository = HardenedRepository(stack, "Api", repository_name=name, settings=ADOPTED)
    consumer = consumer_of(repository, cdk.Stack(app, "Consumer"))

    assert "Fn::" in str(template(consumer)["Resources"]["Handle"]["Metadata"]["image"])
    assert properties(repository)["RepositoryName"] == name


def test_another_region_can_refer_to_it_by_name(stack_in: Callable[[str], cdk.Stack]) -> None:
    repository = HardenedRepository(stack_in("eu-west-1"), "Api", repository_name="a-b", settings=ADOPTED)
    consumer = consumer_of(repository, stack_in("eu-central-1"))

    image = template(consumer)["Resources"]["Handle"]["Metadata"]["image"]
    assert "arn:aws:ecr:eu-west-1:111122223333:repository/a-b" in str(image)
    assert "/a-b:v1" in str(image)


@pytest.mark.parametrize("name", ["a--b", "a__b"])
def test_another_region_cannot_refer_to_a_name_that_the_cdk_rejects(
    stack_in: Callable[[str], cdk.Stack], name: str
) -> None:
    """The name is a token, so the CDK has no name for the other template, and raises an error."""
    repository = HardenedRepository(stack_in("eu-west-1"), "Api", repository_name=name, settings=ADOPTED)
    consumer = consumer_of(repository, stack_in("eu-central-1"))

    with pytest.raises(RuntimeError, match="in a cross-environment fashion"):
        template(consumer)


def test_its_uri_in_its_own_stack_is_made_of_the_reference(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", repository_name="a--b", settings=ADOPTED)
    consumer_of(repository, stack)

    assert {"Ref": logical_id(repository)} in flat(template(stack)["Resources"]["Handle"]["Metadata"]["image"])


def consumer_of(repository: HardenedRepository, stack: cdk.Stack) -> cdk.Stack:
    """Add an output with an image of the repository to a stack."""
    handle = cdk.CfnWaitConditionHandle(stack, "Handle")
    handle.add_metadata("image", repository.image("v1"))
    return stack


def flat(value: object) -> list[object]:
    """Yield every list, mapping and scalar inside a value."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value, *(found for each in inner for found in flat(each))]
