"""
A program that clears away what a run leaves, however the run ends.

It makes the folder that it is given the name of, and says so. Then it is told of process groups, one a line: `+123`
began, `-123` is over. When nobody is left who could tell it more, because the run has ended, was interrupted or was
killed, it kills the groups that began and are not over, and removes the folder.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path


def main(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    print("ready", flush=True)  # noqa: T201  (this is how it tells the one who started it)
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line.startswith("+") else groups.discard)(int(line[1:]))
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    # A process that is dying may still write a file.
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.01)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
