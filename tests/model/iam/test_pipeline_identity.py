"""Identities of pipelines: the subjects that providers document, and inputs that would trust more than one project."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from copy import copy
from typing import Any

import pytest

from ecr_constructs.errors import InvalidName
from ecr_constructs.model import PipelineIdentity
from ecr_constructs.model.iam.pipeline_identity import PipelineProvider

ORGANIZATION = "aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb"
PROJECT = "cccccccc-4444-5555-6666-dddddddddddd"
USER = "eeeeeeee-7777-8888-9999-ffffffffffff"
ORIGIN = "github.com/octo-org/api"

github, gitlab, bitbucket, circleci, buildkite = (
    PipelineIdentity.github,
    PipelineIdentity.gitlab,
    PipelineIdentity.bitbucket,
    PipelineIdentity.circleci,
    PipelineIdentity.buildkite,
)


def trusts(identity: PipelineIdentity, subject: str) -> bool:
    """Return whether IAM's StringEquals or StringLike accepts a subject."""
    conditions = identity.trust_conditions()
    ((pattern,),) = (
        [value for key, value in operator.items() if key == f"{identity.issuer}:sub"]
        for operator in conditions.values()
        if f"{identity.issuer}:sub" in operator
    )
    if "StringLike" not in conditions:
        return pattern == subject
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), subject, re.DOTALL) is not None


# The subjects are the examples in the documentation of each provider.
@pytest.mark.parametrize(
    ("identity", "accepted", "rejected"),
    [
        (
            github("octo-org/octo-repo", branch="demo-branch"),
            ["repo:octo-org/octo-repo:ref:refs/heads/demo-branch"],
            [
                "repo:octo-org/octo-repo:ref:refs/heads/demo-branch-2",
                "repo:octo-org/octo-repo:ref:refs/tags/demo-branch",
                "repo:octo-org/octo-repo:pull_request",
                "repo:octo-org/octo-repo:environment:demo-branch",
                "repo:octo-org2/octo-repo:ref:refs/heads/demo-branch",
            ],
        ),
        (
            github("octocat-123456/my-repo-456789", branch="main"),
            ["repo:octocat-123456/my-repo-456789:ref:refs/heads/main"],
            ["repo:octocat/my-repo:ref:refs/heads/main"],
        ),
        (
            github("octo-org/octo-repo", tag="v*"),
            ["repo:octo-org/octo-repo:ref:refs/tags/v1.0"],
            ["repo:octo-org/octo-repo:ref:refs/heads/v1.0"],
        ),
        (
            github("octo-org/octo-repo", environment="Production"),
            ["repo:octo-org/octo-repo:environment:Production"],
            ["repo:octo-org/octo-repo:environment:production", "repo:octo-org/octo-repo:ref:refs/heads/Production"],
        ),
        (
            gitlab("mygroup/sub/myproject", branch="main"),
            ["project_path:mygroup/sub/myproject:ref_type:branch:ref:main"],
            [
                "project_path:mygroup/sub/myproject:ref_type:tag:ref:main",
                "project_path:mygroup/sub/myproject-fork:ref_type:branch:ref:main",
            ],
        ),
        (
            bitbucket("team", workspace_id=ORGANIZATION, repository_id=PROJECT),
            [f"{{{PROJECT}}}:{{{USER}}}", f"{{{PROJECT}}}:{{{ORGANIZATION}}}:{{{USER}}}"],
            [f"{{{USER}}}:{{{PROJECT}}}"],
        ),
        (
            bitbucket("team", workspace_id=ORGANIZATION, repository_id=f"{{{PROJECT}}}", environment_id=USER),
            [f"{{{PROJECT}}}:{{{USER}}}:{{{ORGANIZATION}}}"],
            [f"{{{PROJECT}}}:{{{ORGANIZATION}}}:{{{USER}}}", f"{{{PROJECT}}}:{{{ORGANIZATION}}}"],
        ),
        (
            circleci(ORGANIZATION, project_id=PROJECT),
            [f"org/{ORGANIZATION}/project/{PROJECT}/user/{USER}"],
            [f"org/{ORGANIZATION}/project/{USER}/user/{PROJECT}"],
        ),
        (
            circleci(ORGANIZATION, project_id=PROJECT, vcs_origin=ORIGIN, branch="main"),
            [f"org/{ORGANIZATION}/project/{PROJECT}/user/{USER}/vcs-origin/{ORIGIN}/vcs-ref/refs/heads/main"],
            [
                f"org/{ORGANIZATION}/project/{PROJECT}/user/{USER}/vcs-origin/{ORIGIN}/vcs-ref/refs/heads/main2",
                f"org/{ORGANIZATION}/project/{PROJECT}/user/{USER}",
                # The name of a branch that contains the end of the subject of another branch.
                (
                    f"org/{ORGANIZATION}/project/{PROJECT}/user/{USER}/vcs-origin/{ORIGIN}/vcs-ref/refs/heads/x"
                    f"/vcs-origin/{ORIGIN}/vcs-ref/refs/heads/main"
                ),
            ],
        ),
        (
            buildkite("acme-inc", pipeline="super-app", branch="main"),
            ["organization:acme-inc:pipeline:super-app:ref:refs/heads/main:commit:9f3182061f1e2cca:step:build"],
            [
                "organization:acme-inc:pipeline:super-app:ref:refs/heads/main-2:commit:9f3182061f1e2cca:step:build",
                "organization:acme-inc:pipeline:super-app:ref:refs/tags/main:commit:9f3182061f1e2cca:step:build",
            ],
        ),
    ],
    ids=lambda value: value.subject if isinstance(value, PipelineIdentity) else "",
)
def test_an_identity_trusts_the_documented_subject_and_no_other(
    identity: PipelineIdentity, accepted: list[str], rejected: list[str]
) -> None:
    assert all(trusts(identity, subject) for subject in accepted)
    assert not any(trusts(identity, subject) for subject in rejected)


def test_the_trust_conditions_require_the_audience_of_the_provider() -> None:
    identity = buildkite("acme-inc", pipeline="super-app", branch="main")

    assert identity.trust_conditions()["StringEquals"] == {"agent.buildkite.com:aud": "sts.amazonaws.com"}


@pytest.mark.parametrize(
    ("identity", "url", "audience"),
    [
        (github("a/b", branch="main"), "https://token.actions.githubusercontent.com", "sts.amazonaws.com"),
        (gitlab("a/b", branch="main"), "https://gitlab.com", "https://gitlab.com"),
        (
            gitlab("a/b", branch="main", host="git.example.com", audience="aws"),
            "https://git.example.com",
            "aws",
        ),
        (
            bitbucket("team", workspace_id=ORGANIZATION, repository_id=PROJECT),
            "https://api.bitbucket.org/2.0/workspaces/team/pipelines-config/identity/oidc",
            f"ari:cloud:bitbucket::workspace/{ORGANIZATION}",
        ),
        (
            circleci(ORGANIZATION, project_id=PROJECT),
            f"https://oidc.circleci.com/org/{ORGANIZATION}",
            ORGANIZATION,
        ),
        (buildkite("a", pipeline="b", tag="v1"), "https://agent.buildkite.com", "sts.amazonaws.com"),
    ],
)
def test_each_provider_has_its_documented_url_and_audience(identity: PipelineIdentity, url: str, audience: str) -> None:
    assert (identity.url, identity.audience) == (url, audience)


@pytest.mark.parametrize(
    "make",
    [
        lambda: github("*", branch="main"),
        lambda: github("octo-org/*", branch="main"),
        lambda: github("*/api", branch="main"),
        lambda: github("octo-org/api:ref:refs/heads/main", branch="main"),
        lambda: github("octo-org/api", branch="*"),
        lambda: github("octo-org/api", branch="**"),
        lambda: github("octo-org/api", branch="ma*n"),
        lambda: github("octo-org/api", branch="mai?"),
        lambda: github("octo-org/api", branch="${aws:username}"),
        lambda: github("octo-org/api", branch="main:environment:production"),
        lambda: github("octo-org/api", branch="main\n"),
        lambda: github("octo-org/api", branch=""),
        lambda: github("octo-org/api", environment="*"),
        lambda: github("octo-org/api", environment="prod*"),
        lambda: github("octo-org/api", environment=" "),
        lambda: github("octo-org/api"),
        lambda: github("octo-org/api", branch="main", environment="production"),
        lambda: gitlab("group", branch="main"),
        lambda: gitlab("group/*", branch="main"),
        lambda: gitlab("group/api", branch="main", host="*.example.com"),
        lambda: gitlab("group/api", branch="main", audience="*"),
        lambda: bitbucket("*", workspace_id=ORGANIZATION, repository_id=PROJECT),
        lambda: bitbucket("team", workspace_id="*", repository_id=PROJECT),
        lambda: bitbucket("team", workspace_id=ORGANIZATION, repository_id="*"),
        lambda: bitbucket("team", workspace_id=ORGANIZATION, repository_id=PROJECT, environment_id="*"),
        lambda: circleci(ORGANIZATION, project_id="*"),
        lambda: circleci(ORGANIZATION, project_id=PROJECT, branch="main"),
        lambda: circleci(ORGANIZATION, project_id=PROJECT, vcs_origin=ORIGIN),
        lambda: buildkite("acme", pipeline="*", branch="main"),
        lambda: buildkite("acme", pipeline="release"),
        lambda: github("octo-org/api", branch="${Token[TOKEN.12]}"),
        lambda: PipelineIdentity(provider="github", issuer="i", audience="a", subject="*"),
        lambda: PipelineIdentity(provider="github", issuer="i", audience="a", subject="repo:octo-org/*:ref:x"),
        lambda: PipelineIdentity(provider="travis", issuer="i", audience="a", subject="s"),  # type: ignore[arg-type]
    ],
)
def test_an_identity_that_is_not_bound_to_one_project_is_rejected(make: Callable[[], object]) -> None:
    with pytest.raises(InvalidName) as rejected:
        make()

    assert all(";" in problem for problem in rejected.value.problems)


@pytest.mark.parametrize(
    ("provider", "subject"),
    [
        ("github", "repo:octo-org/api:*"),
        ("github", "repo:octo-org/api:ref:*"),
        ("github", "repo:octo-org/api:ref:refs/heads/*"),
        ("github", "repo:octo-org/api:ref:refs/*/*"),
        ("github", "repo:octo-org/api:environment:*"),
        ("gitlab", "project_path:group/api:*"),
        ("gitlab", "project_path:group/api:ref_type:branch:ref:*"),
        ("gitlab", "project_path:group/api:ref_type:*:ref:*"),
        ("buildkite", "organization:acme:pipeline:api:*"),
        ("buildkite", "organization:acme:pipeline:api:ref:refs/heads/*:commit:*:step:*"),
    ],
)
def test_a_subject_with_a_bare_wildcard_for_the_branch_is_rejected(provider: PipelineProvider, subject: str) -> None:
    with pytest.raises(InvalidName, match="matches every branch of the project"):
        PipelineIdentity(provider=provider, issuer="i", audience="a", subject=subject)

    bound = subject.replace("*", "release-*")
    assert PipelineIdentity(provider=provider, issuer="i", audience="a", subject=bound).subject == bound


def test_all_problems_of_an_identity_are_raised_at_once() -> None:
    with pytest.raises(InvalidName) as rejected:
        github("*/api", branch="*", tag="x y")

    assert [problem.partition(":")[0] for problem in rejected.value.problems] == [
        "repository",
        "branch",
        "tag",
        (
            "exactly one of branch=, tag=, environment= is required, got branch= and tag=; a role for all refs would "
            "trust every branch"
        ),
    ]


@pytest.mark.parametrize("value", [1, ["main"], b"main"])
def test_arguments_that_are_not_strings_are_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match="branch must be a string"):
        github("octo-org/api", branch=value)


def test_an_identity_can_be_copied_and_pickled() -> None:
    identity = github("octo-org/api", branch="main")

    assert copy(identity) == pickle.loads(pickle.dumps(identity)) == identity
