"""
The responses of accounts, stored in a folder. An interrupted command can continue, and images are not held in memory.

Each answer is a file, which is complete or absent: it is written under another name and then renamed. A file that
cannot be read, that is older than a day, or that another version wrote, counts as absent.
"""

from __future__ import annotations

import gzip
import json
import time
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.formatting import format_instant
from ecr_constructs.cli.sources.records import Place

__all__ = ["MAXIMUM_AGE", "FolderReadings", "MemoryReadings", "ReadingFolder", "Readings", "folder_problem"]

# In seconds. An older listing lacks recent pushes and pulls, and outcomes would be wrong.
MAXIMUM_AGE = 24 * 60 * 60
_VERSION = 2
_MARK = "ecr-constructs.json"


class Readings(ABC):
    """The answers of one account in a Region, each with a kind and the name that it is about."""

    def obtain(self, kind: str, name: str, read: Callable[[], Any]) -> Any:  # noqa: ANN401  (any JSON value)
        """
        Return a stored answer, or read it and store it.

        Args:
            kind: The kind, such as `images`.
            name: The repository or the service.
            read: The function that reads it, if it is not kept. It returns a JSON value that is not null.

        """
        if (kept := self.find(kind, name)) is not None:
            return kept
        value = read()
        self.keep(kind, name, value)
        return value

    @abstractmethod
    def find(self, kind: str, name: str) -> Any | None:  # noqa: ANN401  (any JSON value)
        """Return an answer, or None if it is not kept."""

    @abstractmethod
    def keep(self, kind: str, name: str, value: object) -> None:
        """Keep an answer, a JSON value that is not null."""


class MemoryReadings(Readings):
    """Answers that are stored in memory."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], object] = {}

    def find(self, kind: str, name: str) -> Any | None:  # noqa: ANN401  (any JSON value)
        """Return an answer, or None if it is not kept."""
        return self._answers.get((kind, name))

    def keep(self, kind: str, name: str, value: object) -> None:
        """Keep an answer."""
        self._answers[kind, name] = value


class ReadingFolder:
    """
    A folder with the answers of accounts. Several threads can use it.

    Args:
        path: The folder. It is created if it does not exist, readable for its owner only.

    Attributes:
        path: The folder.
        oldest: The time of the oldest answer of an earlier command that was used, in seconds since 1970, or None.

    Raises:
        CommandError: If the folder has other files.

    """

    def __init__(self, path: Path) -> None:
        if problem := folder_problem(path):
            raise CommandError([problem], path=str(path))
        path.mkdir(mode=0o700, exist_ok=True)
        (path / _MARK).write_text(json.dumps({"version": _VERSION}) + "\n", encoding="utf-8")
        self.path = path
        self.oldest: float | None = None
        self._started = time.time()
        self._lock = Lock()

    def of(self, place: Place) -> Readings:
        """
        Return the answers of an account in a Region.

        Args:
            place: The account and the Region.

        """
        return FolderReadings(self, self.path / place.account_id / place.region)

    @property
    def note(self) -> str | None:
        """The note on the answers of an earlier command that were used, or None."""
        if self.oldest is None:
            return None
        moment = datetime.fromtimestamp(self.oldest, timezone.utc)
        return (
            f"answers of an earlier command are used, the oldest of {format_instant(moment)}; "
            f"remove {self.path} to read everything again"
        )

    def is_usable(self, read_at: float) -> bool:
        """
        Return whether an answer is recent enough, and remember the oldest one of an earlier command.

        Args:
            read_at: The time of the answer, in seconds since 1970.

        """
        if read_at >= self._started:  # by this command
            return True
        with self._lock:
            if is_recent := self._started - read_at <= MAXIMUM_AGE:
                self.oldest = min(read_at, self.oldest or read_at)
        return is_recent


class FolderReadings(Readings):
    """
    Answers that are stored in a folder.

    Args:
        folder: The folder of all accounts.
        path: The folder of the account and Region.

    """

    def __init__(self, folder: ReadingFolder, path: Path) -> None:
        self._folder = folder
        self._path = path

    def find(self, kind: str, name: str) -> Any | None:  # noqa: ANN401  (any JSON value)
        """Return an answer, or None if it is not kept."""
        try:
            document = json.loads(gzip.decompress(self._file(kind, name).read_bytes()))
            is_ours = document["version"] == _VERSION and document["name"] == name
            return document["value"] if is_ours and self._folder.is_usable(document["read_at"]) else None
        except (FileNotFoundError, EOFError, gzip.BadGzipFile, zlib.error, ValueError, KeyError, TypeError):
            return None

    def keep(self, kind: str, name: str, value: object) -> None:
        """Keep an answer."""
        document = {"version": _VERSION, "name": name, "read_at": time.time(), "value": value}
        file = self._file(kind, name)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = file.with_name(f"{uuid4().hex}.part")
        try:
            unfinished.write_bytes(gzip.compress(json.dumps(document, separators=(",", ":")).encode(), compresslevel=1))
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)

    def _file(self, kind: str, name: str) -> Path:
        # A name can have 256 characters and slashes. A file name can have 255 bytes.
        return self._path / kind / f"{sha256(name.encode()).hexdigest()}.json.gz"


def folder_problem(path: Path) -> str | None:
    """
    Return the reason why answers cannot be kept in a folder, or None.

    Args:
        path: The folder, which need not exist.

    """
    if path.exists() and not path.is_dir():
        return "this is a file; name a folder"
    if not path.absolute().parent.is_dir():
        return "the folder in which it is does not exist; create it first"
    if path.is_dir() and not (path / _MARK).is_file() and any(path.iterdir()):
        return "it has files that this command did not write; name an empty folder"
    return None
