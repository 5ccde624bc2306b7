"""An account in a region, asked for its repositories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ecr_constructs.cli.inventory import Repository
from ecr_constructs.cli.live.progress import Progress
from ecr_constructs.model.lifecycle import LifecyclePolicy

__all__ = ["Account", "Gathered", "connect"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """
    What an account said of its repositories.

    Attributes:
        repositories: Those whose images are known, in the order in which they were asked for.
        problems: What could not be read, and what to do about it; what was asked for is not complete.
        notes: What was not there to be read and need not be, such as Amazon Inspector.

    """

    repositories: tuple[Repository, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Account:
    """An account in a region; `connect` gives it."""

    def repository_names(self) -> tuple[str, ...]:
        """
        List the names of all repositories.

        Raises:
            AccountUnavailable: if they cannot be listed.

        """
        raise NotImplementedError

    def repositories(
        self,
        wanted: Mapping[str, LifecyclePolicy | None],
        *,
        ask_aws: bool,
        current: bool,
        in_use: bool,
        read_indexes: bool,
        progress: Progress,
    ) -> Gathered:
        """
        Read repositories, many at a time.

        What goes wrong with one of them is a problem of the answer and leaves the others alone.

        Args:
            wanted: The names, each with the policy that AWS is to preview, if there is one.
            ask_aws: Whether AWS previews the policies; `Repository.aws_preview` is what it says.
            current: Whether the policies they have today are read. `Repository.deployed` is then a policy without rules
                for a repository that has none, and nothing only if it could not be read.
            in_use: Whether it is found out who runs the images.
            read_indexes: Whether indexes are read for the images they name. That counts as a pull.
            progress: Who is told how far it is.

        Raises:
            AccountUnavailable: if nothing more can be read, such as with credentials that expired.

        """
        raise NotImplementedError


def connect(*, profile: str | None, region: str | None, role: str | None) -> Account:
    """
    Open an account in a region.

    Args:
        profile: A profile of the AWS configuration. Default: what the environment says.
        region: The region. Default: that of the environment or the profile.
        role: The ARN of a role to assume. Default: none.

    Raises:
        AccountUnavailable: if there are no credentials or no region, or if AWS does not take them.

    """
    raise NotImplementedError
