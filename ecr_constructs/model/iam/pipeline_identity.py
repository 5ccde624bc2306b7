"""
The identity of a CI/CD pipeline, as the subject of the OpenID Connect tokens of its provider.

The subjects of each provider are documented by the provider:

- GitHub: https://docs.github.com/en/actions/reference/security/oidc
- GitLab: https://docs.gitlab.com/ci/cloud_services/aws/
- Bitbucket: https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/
- CircleCI: https://circleci.com/docs/openid-connect-tokens/
- Buildkite: https://buildkite.com/docs/pipelines/security/oidc/aws
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ecr_constructs.errors import InvalidName, Problems, abbreviate
from ecr_constructs.model.validation import is_token

__all__ = ["PipelineIdentity", "PipelineProvider"]

PipelineProvider = Literal["github", "gitlab", "bitbucket", "circleci", "buildkite"]


class _Form(NamedTuple):
    """The form of an argument: its regular expression, and the fix for other values."""

    pattern: str
    fix: str


_SLUG = r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*"
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# In a condition value, `*`, `?` and `${` are not literal. Git allows neither `*` nor `?` in a ref, so a `*` at the end
# is a pattern: https://git-scm.com/docs/git-check-ref-format
_REF = r"[^\s*?:~^\\\[\x00-\x20\x7f${}]+\*?"
_FORMS: Mapping[str, _Form] = {
    "repository": _Form(
        r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+", "use the owner and the name without wildcards, such as 'octo-org/api'"
    ),
    "project": _Form(r"[\w.-]+(?:/[\w.-]+)+", "use the path of the project without wildcards, such as 'my-group/api'"),
    "branch": _Form(_REF, "use a branch such as 'main', or the beginning of a name and '*', such as 'release/*'"),
    "tag": _Form(_REF, "use a Git tag such as 'v1.0', or the beginning of a name and '*', such as 'v*'"),
    "environment": _Form(
        r"[^\s*?:$\x00-\x1f\x7f](?:[^*?:$\x00-\x1f\x7f]*[^\s*?:$\x00-\x1f\x7f])?",
        "use the name of a deployment environment without wildcards and ':', such as 'production'",
    ),
    "host": _Form(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", "use the host name of the instance, such as 'gitlab.com'"),
    "audience": _Form(r"[\w.:/@-]+", "use the value of aud in the token, such as 'https://gitlab.com'"),
    "workspace": _Form(_SLUG, "use the ID of the workspace, such as 'my-team'"),
    "organization": _Form(_SLUG, "use the slug of the organization, such as 'acme'"),
    "pipeline": _Form(_SLUG, "use the slug of the pipeline, such as 'release'"),
    "vcs_origin": _Form(
        r"[\w.-]+(?:/[\w.-]+)+", "use the origin in the token without wildcards, such as 'github.com/octo-org/api'"
    ),
}
_OPTIONAL = frozenset({"audience", "branch", "environment", "environment_id", "tag", "vcs_origin"})
_UUID_FIX = "use a UUID such as '11111111-2222-3333-4444-555555555555'"
# A UUID in the middle of a subject. A `*` would also match a text in the name of the branch after it.
_ANY_UUID = "?" * 36
# The part of a subject that limits it to one project.
_PROJECTS: Mapping[PipelineProvider, str] = {
    "github": r"repo:[^/:*?]+/[^/:*?]+:",
    "gitlab": r"project_path:[^:*?]+:",
    "bitbucket": rf"\{{{_UUID}\}}:",
    "circleci": rf"org/{_UUID}/project/{_UUID}/",
    "buildkite": r"organization:[^:*?]+:pipeline:[^:*?]+:",
}
# The rest of a subject that matches every branch, Git tag or environment. Subjects of Bitbucket and CircleCI can have
# none.
_ANY_REF = r"(?:refs/)?(?:(?:heads|tags|[*?]+)/)?[*?]+"
_ANY_CONTEXTS: Mapping[str, str] = {
    "github": rf"(?:\w+:)?{_ANY_REF}",
    "gitlab": r"(?:ref_type:[^:]+:)?(?:ref:|ref_type:)?[*?]+",
    "buildkite": rf"(?:ref:)?{_ANY_REF}(?::.*)?",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineIdentity:
    """
    The identity of a CI/CD pipeline that AWS trusts: its provider, and the subject of its tokens.

    Use the method of the provider. Each method limits the identity to one project. If the subject of the provider has a
    branch, a Git tag or a deployment environment, the identity is also limited to it.

    Attributes:
        provider: The provider.
        issuer: The issuer of the tokens without `https://`, as it is in the ARN of an IAM OIDC provider.
        audience: The audience of the tokens, which the IAM OIDC provider must allow.
        subject: The subject of the tokens. `*` matches any characters, `?` matches one.

    Raises:
        InvalidName: If the provider is unknown, or the subject does not name one project of the provider, or has a
            wildcard in place of the branch, the Git tag or the environment.
        TypeError: If an attribute is not a string.

    """

    provider: PipelineProvider
    issuer: str
    audience: str
    subject: str

    def __post_init__(self) -> None:
        """
        Raise an error with all problems.

        A subject that begins with a wildcard would trust every project of the provider.
        """
        problems = Problems()
        for name in ("provider", "issuer", "audience", "subject"):
            problems.expect(name, getattr(self, name), str, "")
        if not problems and self.provider not in _PROJECTS:
            problems.add(f"provider {abbreviate(self.provider)} is unknown; use one of {', '.join(_PROJECTS)}")
        if not problems:
            problems.extend(_subject_problems(self.provider, self.subject))
        problems.raise_if_any(InvalidName)

    @classmethod
    def github(
        cls, repository: str, *, branch: str | None = None, tag: str | None = None, environment: str | None = None
    ) -> PipelineIdentity:
        """
        Return the identity of the workflows of a GitHub repository, for a branch, a Git tag or an environment.

        The subject of a job with an environment has the name of the environment instead of the branch. Protect the
        environment with a deployment branch rule.

        Args:
            repository: The repository as it is in the subject of its tokens. For repositories that were created,
                renamed or transferred after June 18, 2026, the owner and the name have IDs:
                `octo-org-123456/api-456789`.
            branch: The branch. A `*` at the end matches any characters. Default: another argument is given.
            tag: The Git tag. A `*` at the end matches any characters. Default: another argument is given.
            environment: The deployment environment. Default: another argument is given.

        Raises:
            InvalidName: With all problems: a repository with wildcards, not exactly one of `branch`, `tag` and
                `environment`, a name that is not well formed.
            TypeError: If arguments are not strings.

        >>> PipelineIdentity.github("octo-org/api", environment="production").subject
        'repo:octo-org/api:environment:production'

        """
        problems = _argument_problems(repository=repository, branch=branch, tag=tag, environment=environment)
        _require_one(problems, branch=branch, tag=tag, environment=environment)
        problems.raise_if_any(InvalidName)
        context = f"environment:{environment}" if environment else f"ref:{_git_ref(branch, tag)}"
        return cls(
            provider="github",
            issuer="token.actions.githubusercontent.com",
            audience="sts.amazonaws.com",
            subject=f"repo:{repository}:{context}",
        )

    @classmethod
    def gitlab(
        cls,
        project: str,
        *,
        branch: str | None = None,
        tag: str | None = None,
        host: str = "gitlab.com",
        audience: str | None = None,
    ) -> PipelineIdentity:
        """
        Return the identity of the jobs of a GitLab project, for a branch or a Git tag.

        Args:
            project: The path of the project with its groups, such as `my-group/api`.
            branch: The branch. A `*` at the end matches any characters. Default: `tag` is given.
            tag: The Git tag. A `*` at the end matches any characters. Default: `branch` is given.
            host: The host of the GitLab instance. Default: `gitlab.com`.
            audience: The `aud` of the ID token in the job. Default: `https://` and the host.

        Raises:
            InvalidName: With all problems: a project with wildcards, not exactly one of `branch` and `tag`, a name that
                is not well formed.
            TypeError: If arguments are not strings.

        >>> PipelineIdentity.gitlab("my-group/api", tag="v*").subject
        'project_path:my-group/api:ref_type:tag:ref:v*'

        """
        problems = _argument_problems(project=project, branch=branch, tag=tag, host=host, audience=audience)
        _require_one(problems, branch=branch, tag=tag)
        problems.raise_if_any(InvalidName)
        kind = "branch" if branch else "tag"
        return cls(
            provider="gitlab",
            issuer=host,
            audience=audience or f"https://{host}",
            subject=f"project_path:{project}:ref_type:{kind}:ref:{branch or tag}",
        )

    @classmethod
    def bitbucket(
        cls, workspace: str, *, workspace_id: str, repository_id: str, environment_id: str | None = None
    ) -> PipelineIdentity:
        """
        Return the identity of the steps of a Bitbucket repository, for all steps or those of an environment.

        The subject has no branch. Restrict the branches of the deployment environment in Bitbucket.

        Args:
            workspace: The ID of the workspace, as it is in URLs.
            workspace_id: The UUID of the workspace.
            repository_id: The UUID of the repository.
            environment_id: The UUID of the deployment environment. Default: all steps, with and without an environment.

        Raises:
            InvalidName: With all problems: an ID that is not well formed.
            TypeError: If arguments are not strings.

        """
        ids = {"workspace_id": workspace_id, "repository_id": repository_id, "environment_id": environment_id}
        problems = _argument_problems(workspace=workspace, **ids)
        problems.raise_if_any(InvalidName)
        parts = [f"{{{each.strip('{}')}}}" for each in (repository_id, environment_id) if each]
        return cls(
            provider="bitbucket",
            issuer=f"api.bitbucket.org/2.0/workspaces/{workspace}/pipelines-config/identity/oidc",
            audience=f"ari:cloud:bitbucket::workspace/{workspace_id.strip('{}')}",
            subject=":".join([*parts, "*"]),
        )

    @classmethod
    def circleci(
        cls, organization_id: str, *, project_id: str, vcs_origin: str | None = None, branch: str | None = None
    ) -> PipelineIdentity:
        """
        Return the identity of the jobs of a CircleCI project, for all branches or one.

        Args:
            organization_id: The UUID of the organization.
            project_id: The UUID of the project.
            vcs_origin: The origin of the source, which the subject of `CIRCLE_OIDC_TOKEN_V2` has. It is required with
                `branch`. Default: the subject of either token is matched.
            branch: The branch. A `*` at the end matches any characters. Default: all branches.

        Raises:
            InvalidName: With all problems: an ID that is not well formed, one of `vcs_origin` and `branch` without the
                other.
            TypeError: If arguments are not strings.

        """
        problems = _argument_problems(
            organization_id=organization_id, project_id=project_id, vcs_origin=vcs_origin, branch=branch
        )
        if (vcs_origin is None) != (branch is None):
            problems.add("vcs_origin and branch: one is given without the other; use both, or neither for all branches")
        problems.raise_if_any(InvalidName)
        source = f"{_ANY_UUID}/vcs-origin/{vcs_origin}/vcs-ref/refs/heads/{branch}" if branch else "*"
        return cls(
            provider="circleci",
            issuer=f"oidc.circleci.com/org/{organization_id}",
            audience=organization_id,
            subject=f"org/{organization_id}/project/{project_id}/user/{source}",
        )

    @classmethod
    def buildkite(
        cls, organization: str, *, pipeline: str, branch: str | None = None, tag: str | None = None
    ) -> PipelineIdentity:
        """
        Return the identity of the jobs of a Buildkite pipeline, for a branch or a Git tag.

        Args:
            organization: The slug of the organization.
            pipeline: The slug of the pipeline.
            branch: The branch. A `*` at the end matches any characters. Default: `tag` is given.
            tag: The Git tag. A `*` at the end matches any characters. Default: `branch` is given.

        Raises:
            InvalidName: With all problems: a slug that is not well formed, not exactly one of `branch` and `tag`.
            TypeError: If arguments are not strings.

        >>> PipelineIdentity.buildkite("acme", pipeline="release", branch="main").subject
        'organization:acme:pipeline:release:ref:refs/heads/main:commit:*:step:*'

        """
        problems = _argument_problems(organization=organization, pipeline=pipeline, branch=branch, tag=tag)
        _require_one(problems, branch=branch, tag=tag)
        problems.raise_if_any(InvalidName)
        return cls(
            provider="buildkite",
            issuer="agent.buildkite.com",
            audience="sts.amazonaws.com",
            subject=f"organization:{organization}:pipeline:{pipeline}:ref:{_git_ref(branch, tag)}:commit:*:step:*",
        )

    @property
    def url(self) -> str:
        """Return the URL of the issuer, for an IAM OIDC provider."""
        return f"https://{self.issuer}"

    def trust_conditions(self) -> dict[str, dict[str, str]]:
        """Return the conditions of the trust policy of a role."""
        audience, subject = f"{self.issuer}:aud", f"{self.issuer}:sub"
        if "*" not in self.subject and "?" not in self.subject:
            return {"StringEquals": {audience: self.audience, subject: self.subject}}
        return {"StringEquals": {audience: self.audience}, "StringLike": {subject: self.subject}}


def _subject_problems(provider: PipelineProvider, subject: str) -> Iterator[str]:
    """Yield the problem of a subject that matches more than one project, or every branch of a project."""
    fix = f"use PipelineIdentity.{provider}(...)"
    project = re.match(_PROJECTS[provider], subject)
    if project is None:
        yield f"subject {abbreviate(subject)} does not name one project of {provider}; {fix}"
    elif provider in _ANY_CONTEXTS and re.fullmatch(_ANY_CONTEXTS[provider], subject[project.end() :]):
        yield f"subject {abbreviate(subject)} matches every branch of the project; {fix}"


def _git_ref(branch: str | None, tag: str | None) -> str:
    return f"refs/heads/{branch}" if branch else f"refs/tags/{tag}"


def _argument_problems(**arguments: str | None) -> Problems:
    """Return the problems of the arguments that are given."""
    problems = Problems()
    for name, value in arguments.items():
        if not problems.expect(name, value, str, "", optional=name in _OPTIONAL) or value is None:
            continue
        form = _FORMS.get(name) or _Form(rf"{_UUID}|\{{{_UUID}\}}", _UUID_FIX)
        if is_token(value):
            problems.add(f"{name}: the value is known only at deployment; use a literal string")
        elif not re.fullmatch(form.pattern, value):
            problems.add(f"{name}: {abbreviate(value)} is not well formed; {form.fix}")
    return problems


def _require_one(problems: Problems, **arguments: str | None) -> None:
    """Add a problem unless exactly one argument is given."""
    given = [name for name, value in arguments.items() if value is not None]
    if len(given) != 1:
        names = ", ".join(f"{name}=" for name in arguments)
        found = " and ".join(f"{name}=" for name in given) or "none"
        problems.add(f"exactly one of {names} is required, got {found}; a role for all refs would trust every branch")
