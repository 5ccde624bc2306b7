"""
A live account: everything of the command that talks to AWS.

boto3 is imported when an account is asked, never before. `docs/live.md` lists every call, and what it needs.
"""

from ecr_constructs.cli.aws.account import Account, FetchOptions, FetchResult, connect
from ecr_constructs.cli.aws.errors import AccountUnavailable
from ecr_constructs.cli.aws.progress import Progress

__all__ = ["Account", "AccountUnavailable", "FetchOptions", "FetchResult", "Progress", "connect"]
