from __future__ import annotations

import pickle
import re
import socket

import pytest
from botocore.exceptions import UnauthorizedSSOTokenError  # type: ignore[import-untyped]  # it ships no types

from ecr_constructs.cli.aws import Account, AccountUnavailable, connect
from ecr_constructs.cli.aws.errors import CallFailed, failure_messages
from ecr_constructs.errors import EcrConstructsError
from tests.cli.aws.cloud import ACCOUNT, Cloud, image
from tests.cli.aws.record import Gather

CALLER = f"arn:aws:sts::{ACCOUNT}:user/moto"


def unavailable(*, profile: str | None = None, region: str | None = None, role: str | None = None) -> str:
    """Return the one line of the error that `connect` raises."""
    with pytest.raises(AccountUnavailable) as error:
        connect(profile=profile, region=region, role=role)
    assert isinstance(error.value, EcrConstructsError)
    [problem] = error.value.problems
    assert "\n" not in problem
    return problem


# --- no account -------------------------------------------------------------------------------------------------------


def test_without_a_region_there_is_no_account(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")

    assert unavailable() == "no Region; give --region, or set AWS_REGION"
    assert cloud.calls == []


@pytest.mark.usefixtures("environment")
def test_without_credentials_there_is_no_account() -> None:
    assert (
        unavailable(region="eu-central-1")
        == "unable to locate credentials; give --profile, or set the credentials in the environment"
    )


@pytest.mark.usefixtures("environment")
def test_an_unknown_profile_is_an_error_that_names_it() -> None:
    assert unavailable(profile="nobody", region="eu-central-1").startswith(
        "the config profile (nobody) could not be found; "
    )


@pytest.mark.usefixtures("cloud")
def test_a_malformed_region_is_an_error() -> None:
    assert "'not a Region' doesn't match a supported format; check the network" in unavailable(region="not a Region")


def test_the_region_is_that_of_the_option_then_that_of_the_environment(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")

    assert connect(profile=None, region="eu-west-3", role=None).region == "eu-west-3"
    assert connect(profile=None, region=None, role=None).region == "eu-west-1"
    monkeypatch.delenv("AWS_REGION")
    assert connect(profile=None, region=None, role=None).region == "eu-west-2"
    assert cloud.called("GetCallerIdentity") == 3


def test_an_account_has_its_id(account: Account) -> None:
    assert account.account_id == ACCOUNT


def test_an_expired_sign_in_is_an_error_before_the_first_call(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def lapsed(_: object) -> None:
        raise UnauthorizedSSOTokenError

    monkeypatch.setattr("botocore.credentials.EnvProvider.load", lapsed)

    assert unavailable().endswith("; sign in again, then repeat the command")
    assert cloud.calls == []


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException"])
def test_expired_credentials_are_an_error_before_the_first_call(cloud: Cloud, code: str) -> None:
    cloud.fail("GetCallerIdentity", code, "The security token included in the request is expired")

    assert unavailable() == "the credentials have expired; renew them, then repeat the command"


def test_the_error_for_unknown_credentials_names_regions_that_are_not_enabled(cloud: Cloud) -> None:
    cloud.fail("GetCallerIdentity", "InvalidClientTokenId", "The security token included in the request is invalid.")

    assert unavailable() == (
        "AWS rejects the credentials in eu-central-1: The security token included in the request is invalid"
        " (InvalidClientTokenId); check --profile and the keys, and that the account has the Region enabled"
    )


@pytest.mark.usefixtures("cloud")
def test_an_unreachable_endpoint_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free.getsockname()[1]}")

        assert re.fullmatch(
            r'could not connect to the endpoint URL: "http://127\.0\.0\.1:\d+/"; check the network, the proxy, and'
            r" whether eu-central-1 is a Region that has the service",
            unavailable(),
        )


# --- roles ------------------------------------------------------------------------------------------------------------


def test_a_role_of_another_account_is_assumed(cloud: Cloud) -> None:
    account = connect(profile=None, region=None, role="arn:aws:iam::210987654321:role/reader")

    assert account.account_id == "210987654321"
    assert [operation for operation, _ in cloud.calls] == ["GetCallerIdentity", "AssumeRole", "GetCallerIdentity"]


def test_a_role_that_cannot_be_assumed_is_an_error_that_names_the_caller(cloud: Cloud) -> None:
    cloud.fail("AssumeRole", "AccessDenied", f"User: {CALLER} is not authorized to perform: sts:AssumeRole")

    assert unavailable(role="arn:aws:iam::210987654321:role/reader") == (
        "role 'arn:aws:iam::210987654321:role/reader' cannot be assumed: sts:AssumeRole is not allowed; check the ARN,"
        f" and that the trust policy of the role allows {CALLER} to assume it"
    )


@pytest.mark.usefixtures("cloud")
def test_a_role_that_is_not_an_arn_is_an_error() -> None:
    assert unavailable(role="reader").startswith("role 'reader' cannot be assumed: ")


# --- errors of calls --------------------------------------------------------------------------------------------------


def test_credentials_that_expire_during_the_run_end_it_at_once(cloud: Cloud, gather: Gather) -> None:
    for number in range(300):
        cloud.add(f"team/service-{number}", image(1))
    cloud.fail("DescribeImages", "ExpiredTokenException", "expired", repository="team/service-20")

    with pytest.raises(
        AccountUnavailable, match=r"^the credentials have expired; renew them, then repeat the command$"
    ):
        gather(dict.fromkeys(cloud.repositories))
    assert cloud.called("DescribeImages") < 200


def test_a_denied_list_of_repositories_ends_the_run(cloud: Cloud, account: Account) -> None:
    cloud.deny("DescribeRepositories")

    with pytest.raises(AccountUnavailable) as error:
        account.immutability()

    assert error.value.problems == (
        "ecr:DescribeRepositories is not allowed: no identity-based policy allows it; allow it for " + CALLER,
    )


def test_the_others_are_read_if_one_repository_is_denied(cloud: Cloud, gather: Gather) -> None:
    for name in ("prod/api", "prod/secret", "prod/web"):
        cloud.add(name, image(1))
    cloud.deny("DescribeImages", repository="prod/secret")

    gathered = gather(dict.fromkeys(cloud.repositories))

    assert [repository.name for repository in gathered.repositories] == ["prod/api", "prod/web"]
    assert gathered.problems == (
        f"prod/secret: ecr:DescribeImages is not allowed: no identity-based policy allows it; allow it for {CALLER}",
    )


def test_the_same_problem_of_many_repositories_is_one_line(cloud: Cloud, gather: Gather) -> None:
    for number in range(40):
        cloud.add(f"team/service-{number:02}", image(1))
    cloud.fail("DescribeImages", "AccessDeniedException", "with an explicit deny in a service control policy")

    gathered = gather(dict.fromkeys(cloud.repositories))

    assert gathered.repositories == ()
    [problem] = gathered.problems
    assert re.fullmatch(
        r"(team/service-\d\d, ){2}team/service-\d\d and 37 more: ecr:DescribeImages is not allowed: the service"
        rf" control policy denies it; allow it for {CALLER}",
        problem,
    )


def test_throttled_calls_are_repeated(cloud: Cloud, gather: Gather) -> None:
    for number, code in enumerate(["ThrottlingException", "TooManyRequestsException"] * 2):
        name = f"team/service-{number}"
        cloud.add(name, *(image(one) for one in range(1_001)))
        cloud.fail("DescribeImages", code, "Rate exceeded", repository=name, times=3)

    gathered = gather(dict.fromkeys(cloud.repositories))

    assert [len(repository.images) for repository in gathered.repositories] == [1_001] * 4
    assert gathered.problems == ()
    assert cloud.called("DescribeImages") == 4 * (2 + 3)


def test_throttling_after_all_retries_is_a_problem_of_the_repository(cloud: Cloud, gather: Gather) -> None:
    cloud.add("prod/api", image(1))
    cloud.add("prod/web", image(1))
    cloud.fail("DescribeImages", "ThrottlingException", "Rate exceeded", repository="prod/api")

    gathered = gather(dict.fromkeys(cloud.repositories))

    assert [repository.name for repository in gathered.repositories] == ["prod/web"]
    assert gathered.problems == (
        "prod/api: AWS throttles ecr:DescribeImages, even after retries; repeat the command later",
    )
    assert cloud.calls.count(("DescribeImages", "prod/api")) == 8


@pytest.mark.parametrize(
    ("operation", "before"),
    [("DescribeImages", 0), ("DescribeImages", 2), ("GetLifecyclePolicy", 0), ("BatchGetImage", 0)],
)
def test_a_repository_that_is_deleted_during_the_run_is_left_out(
    cloud: Cloud, gather: Gather, operation: str, before: int
) -> None:
    cloud.add("prod/api", *(image(number) for number in range(2_100))).add_index(9_000, 1, tag="v1")
    cloud.add("prod/web", image(1))
    calls = iter(range(100))

    def delete(called: str, repository: str | None) -> None:
        if (called, repository) == (operation, "prod/api") and next(calls) == before:
            del cloud.repositories["prod/api"]

    cloud.before = delete

    gathered = gather({"prod/api": None, "prod/web": None}, current=True, read_indexes=True)

    assert [repository.name for repository in gathered.repositories] == ["prod/web"]
    [problem] = gathered.problems
    assert problem == (
        "prod/api: ECR has no such repository in eu-central-1; it was deleted in the meantime, or it is"
        " in another account or Region"
    )


def test_a_name_that_ecr_cannot_have_is_a_problem_of_its_repository(cloud: Cloud, gather: Gather) -> None:
    cloud.add("prod/api", image(1))

    gathered = gather({"a": None, "prod/api": None})

    assert [repository.name for repository in gathered.repositories] == ["prod/api"]
    [problem] = gathered.problems
    assert problem.startswith("a: ecr:DescribeImages failed: parameter validation failed: Invalid length")


def test_any_message_of_aws_is_one_line_with_its_code(cloud: Cloud, gather: Gather) -> None:
    cloud.add("prod/api", image(1))
    cloud.fail("DescribeImages", "ServerException", "These errors are usually caused\n  by a server-side issue.")

    [problem] = gather("prod/api").problems
    assert problem == (
        "prod/api: ecr:DescribeImages failed: These errors are usually caused by a server-side issue (ServerException);"
        " repeat the command"
    )


def test_an_unreachable_ecs_is_a_problem_and_an_unreachable_inspector_a_note(
    cloud: Cloud, gather: Gather, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipeline in an isolated network may have an endpoint for ECR only."""
    cloud.add("prod/api", image(1))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_ECS", closed)
        monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", closed)

        gathered = gather("prod/api", in_use=True)

    assert len(gathered.repositories) == 1
    [problem], [note] = gathered.problems, gathered.notes
    assert problem.startswith("Amazon ECS: could not connect to the endpoint URL")
    assert note.startswith("Amazon Inspector does not report images in use: could not connect to the endpoint URL")


def test_a_subject_is_named_once_for_a_problem_that_it_has_twice() -> None:
    gone = CallFailed("it is gone", "look elsewhere")

    assert failure_messages([("prod/api", gone), ("prod/web", gone), ("prod/api", gone)]) == (
        "prod/api, prod/web: it is gone; look elsewhere",
    )


def test_the_error_for_an_unavailable_account_can_be_pickled() -> None:
    error = AccountUnavailable(["the credentials have expired; renew them"])

    assert pickle.loads(pickle.dumps(error)).problems == error.problems
