"""The command, for `python -m ecr_constructs`."""

from ecr_constructs.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
