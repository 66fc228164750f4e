"""The command line: thin words over the same functions the processes use."""

from mktdash.cli.main import main

__all__ = ["main"]
