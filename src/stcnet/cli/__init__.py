"""The command line: each module parses, calls and prints for one group of commands."""

from stcnet.cli.app import main

__all__ = ["main"]
