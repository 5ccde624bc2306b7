"""
The calls to an AWS account. The page 'Preview live accounts' of the documentation lists their permissions.

boto3 is imported with the first call.
"""

from ecr_constructs.cli.aws.account import Account, FetchOptions, FetchResult, connect
from ecr_constructs.cli.aws.account_inventory import read_account_inventory
from ecr_constructs.cli.aws.deployed_state import check_account
from ecr_constructs.cli.aws.errors import AccountUnavailable, CredentialsExpired
from ecr_constructs.cli.aws.fleet import Fleet, FleetOptions, connect_fleet
from ecr_constructs.cli.aws.readings import ReadingFolder

__all__ = [
    "Account",
    "AccountUnavailable",
    "CredentialsExpired",
    "FetchOptions",
    "FetchResult",
    "Fleet",
    "FleetOptions",
    "ReadingFolder",
    "check_account",
    "connect",
    "connect_fleet",
    "read_account_inventory",
]
