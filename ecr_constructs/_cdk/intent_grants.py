"""Grants by intent, for all constructs with such grants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.errors import EcrConstructsError, InvalidRegistry, expect
from ecr_constructs.model.iam.permissions import ADMINISTER, ENHANCED_FINDINGS, LOGIN, READ_METADATA, SCAN, SIGN

__all__ = ["IntentGrants", "SigningGrant", "grant_on_repository"]

_CANNOT_SIGN = (
    "grant_sign adds signer:SignPayload to the policy of the grantee, and {} has none; grant it to a role, or for "
    "another account use Access.account_sign(...) and an AWS::Signer::ProfilePermission"
)
_CANNOT_READ_FINDINGS = (
    "grant_scan(enhanced=True) adds actions of Amazon Inspector to the policy of the grantee, and {} has none; grant "
    "it to a role, or for another account use Access.account_scan(...)"
)


class IntentGrants:
    """The grants of a repository, and of the repositories that ECR creates."""

    # The type of error that the construct raises.
    _refusal: type[EcrConstructsError] = InvalidRegistry

    def grant_read_metadata(self, grantee: iam.IGrantable) -> iam.Grant:
        """
        Grant the permissions to read the properties of the repositories and of their images.

        They do not include the contents of images and their referrers, or the findings of scans.

        Args:
            grantee: A role or user.

        Returns:
            The grant for the repositories.

        Raises:
            EcrConstructsError: If the permissions cannot be added to the grantee.
            TypeError: If it is not a grantee.

        """
        return self._grant_actions(grantee, READ_METADATA, login=False)

    def grant_scan(self, grantee: iam.IGrantable, *, enhanced: bool = False) -> iam.Grant:
        """
        Grant the permissions to start basic scans and to read the findings of scans.

        With enhanced scanning, ECR reads the findings from Amazon Inspector with the permissions of the caller, and
        manual scans are not available:
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html

        A scanner that reads the contents of images needs `grant_pull`, too.

        Args:
            grantee: A role or user.
            enhanced: Whether to add `inspector2:ListCoverage` and `inspector2:ListFindings` to the policy of the
                grantee. They have no resource, so they include the findings of all resources of the account. Default:
                no.

        Returns:
            The grant for the repositories. The permission for Amazon Inspector is a separate grant.

        Raises:
            EcrConstructsError: If the permissions cannot be added to the grantee.
            TypeError: If arguments are of the wrong kind.

        """
        from ecr_constructs._cdk.principals import require_grantee

        construct = cast("Construct", self)
        require_grantee(construct, grantee)
        expect("enhanced", enhanced, bool, "", path=construct.node.path)
        if enhanced:
            self._add_to_grantee(grantee, ENHANCED_FINDINGS, "*", _CANNOT_READ_FINDINGS)
        return self._grant_actions(grantee, SCAN, login=False)

    def grant_administer(self, grantee: iam.IGrantable) -> iam.Grant:
        """
        Grant the permissions to change the settings and policies of the repositories.

        They include the permissions of `grant_read_metadata` and `grant_scan`, and the deletion and archiving of
        images, but not the deletion of repositories. A grantee can change the repository policy, and so give itself
        every other permission on the repositories.

        Args:
            grantee: A role or user.

        Returns:
            The grant for the repositories.

        Raises:
            EcrConstructsError: If the permissions cannot be added to the grantee.
            TypeError: If it is not a grantee.

        """
        return self._grant_actions(grantee, ADMINISTER, login=False)

    def _grant_actions(self, grantee: iam.IGrantable, actions: Sequence[str], *, login: bool) -> iam.Grant:
        """Grant actions on the repositories, and the permission to log in."""
        raise NotImplementedError

    def _add_to_grantee(self, grantee: iam.IGrantable, actions: Sequence[str], resource: str, problem: str) -> None:
        """Add actions of another service to the policy of a grantee. A repository policy cannot have them."""
        from ecr_constructs._cdk.roles import warn_if_not_added

        construct = cast("Construct", self)
        grant = iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[resource])
        if not grant.success:
            kind = type(grantee.grant_principal).__name__
            raise self._refusal([problem.format(kind)], path=construct.node.path)
        warn_if_not_added(construct, grantee.grant_principal, [grant], grant.principal_statements)


def grant_on_repository(
    repository: ecr.RepositoryBase, grantee: iam.IGrantable, actions: Sequence[str], *, login: bool
) -> iam.Grant:
    """
    Grant actions on a repository, and the permission to log in.

    Args:
        repository: The repository.
        grantee: A role or user, or a principal of another account.
        actions: The actions.
        login: Whether the permission to log in is granted.

    """
    from ecr_constructs._cdk.principals import require_grantee

    require_grantee(repository, grantee)
    grant = repository.grant(grantee, *actions)
    if login:
        iam.Grant.add_to_principal(grantee=grantee, actions=list(LOGIN), resource_arns=["*"])
    return grant


class SigningGrant(IntentGrants):
    """The grants of repositories that accept pushes."""

    def grant_sign(self, grantee: iam.IGrantable, *, signing_profile_arn: str) -> iam.Grant:
        """
        Grant the permissions to push images that ECR signs, to read their signing status, and to log in.

        ECR signs an image with the identity that pushes it, if the signing configuration of the registry has a rule for
        the repository: https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html

        Args:
            grantee: A role or user. `signer:SignPayload` is added to its policy.
            signing_profile_arn: The ARN of the signing profile of AWS Signer, in the Region of the repositories.

        Returns:
            The grant for the repositories. The permissions to log in and to sign are separate grants.

        Raises:
            EcrConstructsError: If the permissions cannot be added to the grantee, or the ARN is malformed or of another
                Region.
            TypeError: If arguments are of the wrong kind.

        """
        from ecr_constructs._cdk.principals import require_grantee
        from ecr_constructs.model.signing_profile import signing_profile_problems

        construct = cast("Construct", self)
        require_grantee(construct, grantee)
        expect("signing_profile_arn", signing_profile_arn, str, "", path=construct.node.path)
        region = self.env.region if isinstance(self, ecr.RepositoryBase) else cdk.Stack.of(construct).region
        if problems := list(signing_profile_problems(signing_profile_arn, region, registry=region)):
            raise self._refusal(problems, path=construct.node.path)
        self._add_to_grantee(grantee, ["signer:SignPayload"], signing_profile_arn, _CANNOT_SIGN)
        return self._grant_actions(grantee, SIGN, login=True)
