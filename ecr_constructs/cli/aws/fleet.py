"""The accounts of an organization or of a list, each in several Regions, under one limit on the number of calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

from ecr_constructs.cli.aws.account import Account
from ecr_constructs.cli.aws.errors import AccountUnavailable, CredentialsExpired, raise_as_unavailable
from ecr_constructs.cli.aws.readings import ReadingFolder
from ecr_constructs.cli.aws.session import DeferredSession, Session, open_session
from ecr_constructs.cli.progress import Progress
from ecr_constructs.cli.sources.accounts import is_active
from ecr_constructs.cli.sources.records import Place
from ecr_constructs.errors import EcrConstructsError

__all__ = ["Fleet", "FleetOptions", "FleetResults", "connect_fleet", "organization_accounts"]

# Each account in a Region has up to 16 threads and the clients of seven services. The throttle limits their calls.
_PLACES_AT_A_TIME = 8
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
_ACCOUNTS_A_PAGE = 20

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetOptions:
    """
    The accounts and Regions, and the credentials with which they are read.

    Attributes:
        profile: A profile of the AWS configuration. Default: that of the environment.
        region: The Region of the first calls. Default: that of the environment or the profile.
        role: The ARN of a role that is assumed first. Default: none.
        accounts: The account IDs. Default: the account of the credentials.
        is_organization: Whether the accounts are the active ones of the organization.
        regions: The Regions. Default: the Region.
        role_name: The name of the role that is assumed in each account. None for the account of the credentials.

    """

    profile: str | None = None
    region: str | None = None
    role: str | None = None
    accounts: Sequence[str] = ()
    is_organization: bool = False
    regions: Sequence[str] = ()
    role_name: str | None = None


@dataclass(frozen=True, slots=True)
class FleetResults(Generic[Result]):
    """
    The results of work on each account and Region.

    Attributes:
        results: The result by account and Region, of those that can be read.
        failures: The error by account and Region, of those that cannot be read.

    """

    results: dict[Place, Result] = field(default_factory=dict)
    failures: dict[Place, EcrConstructsError] = field(default_factory=dict)


class Fleet:
    """
    Accounts in Regions; `connect_fleet` returns them.

    Args:
        session: The credentials with which roles are assumed.
        accounts: The account IDs.
        regions: The Regions.
        role_name: The name of the role in each account, with its path if it has one.
        folder: The folder with the answers.

    Attributes:
        places: The accounts and Regions, in their order.

    """

    def __init__(
        self,
        session: Session,
        *,
        accounts: Sequence[str],
        regions: Sequence[str],
        role_name: str | None,
        folder: ReadingFolder,
    ) -> None:
        self._session = session
        self._role_name = role_name
        self._folder = folder
        self._sessions = {session.account_id: session}
        self._locks = {account_id: Lock() for account_id in accounts}
        self.places = tuple(
            Place(account_id=account_id, region=region) for account_id in accounts for region in regions
        )

    @property
    def folder(self) -> ReadingFolder:
        """The folder with the answers."""
        return self._folder

    def account(self, place: Place) -> Account:
        """
        Return an account in a Region. Its role is assumed with the first call.

        Args:
            place: The account and the Region.

        """
        session = DeferredSession(place.account_id, place.region, lambda: self._open(place))
        return Account(session, self._folder.of(place))

    def each(
        self, description: str, accounts: Iterable[Account], work: Callable[[Account], Result], progress: Progress
    ) -> FleetResults[Result]:
        """
        Run the same work for each account and Region, several at a time.

        An account that cannot be read does not stop the others. If credentials have expired, they are renewed once: the
        role is assumed again, and the work continues with the answers that are kept.

        Args:
            description: The work, for the display of progress.
            accounts: The accounts.
            work: The function that is called for one, in a thread.
            progress: The display of progress.

        Raises:
            CredentialsExpired: If the credentials with which roles are assumed have expired.

        """
        given = list(accounts)
        found: dict[Place, Result] = {}
        failed: dict[Place, EcrConstructsError] = {}
        progress.describe(description)
        progress.begin(len(given))
        with ThreadPoolExecutor(_PLACES_AT_A_TIME, thread_name_prefix="ecr-constructs-place") as executor:
            futures = {executor.submit(self._renewing, work, each): each.place for each in given}
            try:
                for future in as_completed(futures):
                    try:
                        found[futures[future]] = future.result()
                    except CredentialsExpired:
                        raise
                    except AccountUnavailable as error:
                        failed[futures[future]] = error
                    progress.advance()
            except BaseException:
                self._session.throttle.stop()
                executor.shutdown(wait=False, cancel_futures=True)
                raise
        ordered = [each.place for each in given]
        return FleetResults(
            {place: found[place] for place in ordered if place in found},
            {place: failed[place] for place in ordered if place in failed},
        )

    def _renewing(self, work: Callable[[Account], Result], account: Account) -> Result:
        try:
            return work(account)
        except CredentialsExpired:
            with self._locks[account.account_id]:
                if account.account_id != self._session.account_id:
                    self._sessions.pop(account.account_id, None)
            account.renew()
            return work(account)

    def _open(self, place: Place) -> Session:
        """Return the session of an account in a Region, after its role is assumed."""
        with raise_as_unavailable():
            with self._locks[place.account_id]:
                session = self._sessions.get(place.account_id)
                if session is None:
                    session = self._sessions[place.account_id] = self._session.assume(self._role(place.account_id))
            return session.in_region(place.region)

    def _role(self, account_id: str) -> str:
        partition = self._session.caller.split(":")[1]
        return f"arn:{partition}:iam::{account_id}:role/{self._role_name}"


def connect_fleet(options: FleetOptions, folder: ReadingFolder) -> Fleet:
    """
    Return the accounts and Regions of options, after a call that checks the credentials.

    Args:
        options: The accounts and Regions.
        folder: The folder with the answers.

    Raises:
        AccountUnavailable: If AWS rejects the credentials, or if the accounts of the organization cannot be listed.

    """
    first = options.region or (options.regions[0] if options.regions else None)
    session = open_session(profile=options.profile, region=first, role=options.role)
    accounts = tuple(options.accounts)
    if options.is_organization:
        accounts = organization_accounts(session)
    return Fleet(
        session,
        accounts=accounts or (session.account_id,),
        regions=tuple(options.regions) or (session.region,),
        role_name=options.role_name,
        folder=folder,
    )


def organization_accounts(session: Session) -> tuple[str, ...]:
    """
    Return the IDs of the active accounts of the organization, sorted.

    AWS on the call: "You can only call this operation from the management account or a member account that is a
    delegated administrator."
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html

    Args:
        session: Credentials of the management account or of a delegated administrator.

    Raises:
        AccountUnavailable: If the accounts cannot be listed, or if none is active.

    """
    with raise_as_unavailable():
        pages = session.service("organizations").pages(
            "ListAccounts",
            {"MaxResults": _ACCOUNTS_A_PAGE},
            token="NextToken",  # noqa: S106  (the name of a member)
        )
        found = sorted(each["Id"] for page in pages for each in page["Accounts"] if is_active(each))
    if not found:
        raise AccountUnavailable(["the organization has no active account"], path="--organization")
    return tuple(found)
