"""
The calls to an AWS account, which docs/live.md lists with their permissions.

boto3 is imported with the first call.
"""

from ecr_constructs.cli.aws.account import Account, FetchOptions, FetchResult, connect
from ecr_constructs.cli.aws.account_inventory import read_account_inventory
from ecr_constructs.cli.aws.deployed_state import check_account
from ecr_constructs.cli.aws.errors import AccountUnavailable

__all__ = [
    "Account",
    "AccountUnavailable",
    "FetchOptions",
    "FetchResult",
    "check_account",
    "connect",
    "read_account_inventory",
]
