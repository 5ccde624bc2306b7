"""
A program that deletes the processes and the folder of a run, however the run ends.

Its argument is the name of the folder, which it creates. Then it prints `ready` and reads process groups, one a line:
`+123` has begun, `-123` has ended. At the end of its input, because the run has ended, was interrupted or was killed,
it kills the groups that have not ended, and deletes the folder.
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
    print("ready", flush=True)  # noqa: T201  (the parent process reads it)
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line.startswith("+") else groups.discard)(int(line[1:]))
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    # A process that ends can still write a file.
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.01)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
